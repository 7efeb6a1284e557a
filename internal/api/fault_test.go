package api

import (
	"errors"
	"fmt"
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

func TestNewFault(t *testing.T) {
	for _, c := range []struct {
		code         int
		detail, want string
	}{
		{BadName, "web", "BAD_NAME: web"},
		{BadName, "", "BAD_NAME: "}, // a refused name is shown, an empty one too
		{BadSignal, "", "BAD_SIGNAL: "},
		{Failed, "", "FAILED"},
		{NotInWhitelist, "log", "UNKNOWN: log"},
		{7, "x", "UNKNOWN: x"},
	} {
		if got := *NewFault(c.code, c.detail); got != (Fault{c.code, c.want}) {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestFaultOf(t *testing.T) {
	f := NewFault(Failed, "x")
	if got := FaultOf(fmt.Errorf("wrapped: %w", f)); got != f || f.Error() != "fault 30: FAILED: x" {
		t.Errorf("%v", got)
	}
	for _, err := range []error{nil, errors.New("x")} {
		if got := FaultOf(err); got != nil {
			t.Errorf("%v: %v", err, got)
		}
	}
}
