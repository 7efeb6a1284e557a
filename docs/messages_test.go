package docs_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the pages and parts of pages that are made from the source")

// makers are the functions that take a message, and its kind.
var makers = map[string]string{
	"errors.New": "error", "fmt.Errorf": "error", "failf": "error", "refuse": "error", "fail": "error", "memberError": "error",
	"owner": "error", "parseMode": "error", "number": "error", "usageError": "error", "errorf": "error",
	"Critf": "CRIT", "Errorf": "ERRO", "Warnf": "WARN", "Infof": "INFO", "Debugf": "DEBG", "warn": "WARN", "tell": "log",
	"log": "log", "deliver": "log", "dated": "WARN", "fmt.Sprintf": "text", "said": "page", "println": "output", "misused": "output",
	"known": "output", "each": "output", "reloadConfig": "output", "confirm": "output", "fmt.Fprintln": "output", "logf": "log",
}

// messagesPage lists all messages.
const messagesPage = "reports/messages.md"

// TestMessages compares the list of all messages with the source. `go test ./docs -run TestMessages -update` writes it.
func TestMessages(t *testing.T) {
	byPackage := map[string][]string{}
	for _, tree := range []string{"../supervisord", "../supervisorctl", "../internal", "../scripts"} {
		err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			pkg := strings.TrimPrefix(filepath.Dir(path), "../")
			if developersOnly.MatchString(pkg) {
				return nil
			}
			byPackage[pkg] = append(byPackage[pkg], messages(t, path)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	b.WriteString("# Messages\n\n" +
		"Messages of supervisord, supervisorctl and the bundled programs, by package. `%` and … are filled in. The list is generated\n" +
		"from the source (`make docs`), so that a new message is read beside the others. Messages of the original keep its text.\n")
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		if list := slices.Compact(slices.Sorted(slices.Values(byPackage[pkg]))); len(list) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n```text\n%s\n```\n", pkg, strings.Join(list, "\n"))
		}
	}
	if *update {
		if err := os.WriteFile(messagesPage, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(read(t, messagesPage), b.String()); diff != "" {
		t.Errorf("%s is not what the source says; `make docs` writes it (-is +should be):\n%s", messagesPage, diff)
	}
}

// developersOnly matches packages whose messages no user sees.
var developersOnly = regexp.MustCompile(`^scripts/(bench|demo|package|coverage)`)

// messages returns the messages of a file, as "KIND  text".
func messages(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		kind := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			kind = makers[f.Name]
		case *ast.SelectorExpr:
			kind = makers[f.Sel.Name]
			if of, ok := f.X.(*ast.Ident); ok && makers[of.Name+"."+f.Sel.Name] != "" {
				kind = makers[of.Name+"."+f.Sel.Name]
			}
		}
		for _, arg := range call.Args {
			if text := literal(arg); kind != "" && words.MatchString(text) {
				found = append(found, fmt.Sprintf("%-6s %s", kind, strings.ReplaceAll(text, "\n", `\n`)))
				break
			}
		}
		return true
	})
	return found
}

// words matches messages, but not formats and keys.
var words = regexp.MustCompile(`[A-Za-z]{2}[^ ]* .*[A-Za-z]{2}|[A-Za-z]{2}.* [a-z%…]`)

// literal returns the text of a string, or of several joined with +, with … for parts that are not constant.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ := strconv.Unquote(e.Value)
			return text
		}
	case *ast.BinaryExpr:
		left, right := literal(e.X), literal(e.Y)
		if left == "" && right == "" {
			return ""
		}
		return cmp.Or(left, "…") + cmp.Or(right, "…")
	}
	return ""
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
