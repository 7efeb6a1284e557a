package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFaults holds the table of fault codes against their constants: each constant has a row, and no row another code.
func TestFaults(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if code, ok := spec.Values[0].(*ast.BasicLit); ok {
				want = append(want, code.Value)
			}
		}
		return true
	})
	names := map[string]bool{}
	for _, f := range Faults {
		got = append(got, strconv.Itoa(f.Code))
		if f.Name == "" || f.Help == "" || names[f.Name] {
			t.Errorf("%+v: an empty text, or a name that another code has", f)
		}
		names[f.Name] = true
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("codes (-constants +table):\n%s", d)
	}
}

func TestFaultText(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		want  string
	}{
		{Fault{Code: BadName, Detail: "web"}, "BAD_NAME: web"},
		{Fault{Code: BadName}, "BAD_NAME: "}, // a refused name is shown, an empty one too
		{Fault{Code: BadSignal}, "BAD_SIGNAL: "},
		{Fault{Code: Failed}, "FAILED"},
		{Fault{Code: NotInWhitelist, Detail: "log"}, "UNKNOWN: log"},
		{Fault{Code: 7, Detail: "x"}, "UNKNOWN: x"},
	} {
		if got := c.fault.Error(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.fault, got, c.want)
		}
	}
}
