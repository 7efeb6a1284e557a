package docs_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
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

// makers are the functions to whom a message to somebody is given, and what kind of message that is.
var makers = map[string]string{
	"errors.New": "error", "fmt.Errorf": "error", "failf": "error", "refuse": "error", "fail": "error", "memberError": "error",
	"owner": "error", "parseMode": "error", "number": "error", "usageError": "error", "trouble": "error",
	"Critf": "CRIT", "Errorf": "ERRO", "Warnf": "WARN", "Infof": "INFO", "Debugf": "DEBG", "warn": "WARN", "tell": "log",
	"log": "log", "deliver": "log", "dated": "log", "fmt.Sprintf": "text", "said": "page", "println": "output", "misused": "output",
	"known": "output", "each": "output", "reloadConfig": "output", "confirm": "output", "fmt.Fprintln": "output", "logf": "log",
}

// messagesPage lists all messages.
const messagesPage = "reports/messages.md"

// TestMessages compares the list of all messages with the source. `go test ./docs -run TestMessages -update` writes it.
func TestMessages(t *testing.T) {
	byRoom := map[string][]string{}
	for _, tree := range []string{"../supervisord", "../supervisorctl", "../internal", "../scripts"} {
		err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			room := strings.TrimPrefix(filepath.Dir(path), "../")
			if developersOnly.MatchString(room) {
				return nil
			}
			byRoom[room] = append(byRoom[room], messages(t, path)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	b.WriteString("# Messages\n\n" +
		"What supervisord, supervisorctl and the other programs can say when something is wrong or happens, by the package that\n" +
		"says it. `%` and … mark what is filled in. A test makes this list from the source (`make docs`), so that whoever adds a\n" +
		"message reads it beside the others. Texts of the original are its own, word for word.\n")
	rooms := make([]string, 0, len(byRoom))
	for room, list := range byRoom {
		if len(list) > 0 {
			rooms = append(rooms, room)
		}
	}
	slices.Sort(rooms)
	for _, room := range rooms {
		list := byRoom[room]
		slices.Sort(list)
		fmt.Fprintf(&b, "\n## %s\n\n```text\n%s\n```\n", room, strings.Join(slices.Compact(list), "\n"))
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

// developersOnly are rooms whose messages no user sees.
var developersOnly = regexp.MustCompile(`^scripts/(bench|demo|package|coverage)`)

// messages are the messages of a file, as "KIND  text".
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

// words is what tells a message from a format or a key.
var words = regexp.MustCompile(`[A-Za-z]{2}[^ ]* .*[A-Za-z]{2}|[A-Za-z]{2}.* [a-z%…]`)

// literal is the text of a string, or of several with + between them, where … stands for what is not known before.
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
