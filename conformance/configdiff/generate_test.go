package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSameSeedSameConfiguration checks that a seed and a number always give the same configuration, and other numbers others.
func TestSameSeedSameConfiguration(t *testing.T) {
	first := map[string]int{}
	for number := range uint64(50) {
		a, b := newGenerator(7, number, "/d"), newGenerator(7, number, "/d")
		textA, textB := a.main(), b.main()
		if diff := cmp.Diff(textA, textB) + cmp.Diff(a.files, b.files); diff != "" {
			t.Fatalf("number %d: %s", number, diff)
		}
		first[textA]++
	}
	if len(first) < 45 {
		t.Errorf("50 numbers give only %d configurations", len(first))
	}
}

// TestRules checks that a rule normalizes the difference that it is for, and no other.
func TestRules(t *testing.T) {
	message := func(text string) outcome { return outcome{Status: 2, Message: "Error: " + text} }
	sized := func(size float64) outcome {
		return outcome{Values: &values{Groups: []group{{Processes: []keys{{"stdout_logfile_maxbytes": size}}}}}}
	}
	warned := func() outcome {
		o := sized(0)
		o.Values.Warnings = []string{"For [program:x], AUTO logging used for stdout_logfile without rollover"}
		return o
	}
	for _, c := range []struct {
		name           string
		original, ours outcome
		want           []string // the rules, nil: still different
	}{
		{"tuple", message(`('Bad socket format %s', 'a\nb') in [fcgi-program:f] socket`),
			message("Bad socket format a\nb in [fcgi-program:f] socket"), []string{"DIFF-15"}},
		{"member", message("[program:a] names unknown program or fcgi-program z"),
			message("[group:g] names unknown program or fcgi-program z"), []string{"DIFF-16"}},
		{"other member", message("[program:a] names unknown program or fcgi-program z"),
			message("[group:g] names unknown program or fcgi-program y"), nil},
		{"reason", message("x.y:z cannot be resolved within [rpcinterface:a]"),
			message("x.y:z cannot be resolved within [rpcinterface:a]: No module named 'x'"), []string{"N-5"}},
		{"signal", outcome{}, message("value '0' is not a valid signal number"), []string{"DIFF-12"}},
		{"real signal", outcome{}, message("value '9' is not a valid signal number"), nil},
		{"size", sized(-1), sized(0), []string{"DIFF-98"}},
		{"size with warning", sized(-1), warned(), []string{"DIFF-98"}},
		{"warning alone", sized(0), warned(), nil},
	} {
		used := applyRules(&c.original, &c.ours)
		equal := cmp.Equal(c.original, c.ours, cmpopts.EquateEmpty())
		if equal != (c.want != nil) || equal && !cmp.Equal(used, c.want) {
			t.Errorf("%s: equal %t by rules %q, want %q", c.name, equal, used, c.want)
		}
	}
}

func TestInterpreter(t *testing.T) {
	if _, err := interpreter("generate_test.go"); err == nil || !strings.Contains(err.Error(), "interpreter") {
		t.Errorf("a Go file names an interpreter: %v", err)
	}
}
