package conformance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Where Debian's packages of the original put its manual and its modules.
const (
	manual  = "/usr/share/doc/supervisor/html"
	modules = "/usr/lib/python3/dist-packages/supervisor"
)

// TestSources checks that what a script names as its source can be looked up. What the original has is checked where the
// original is installed.
func TestSources(t *testing.T) {
	scripts, err := ReadScripts(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		for _, source := range s.Sources {
			if err := find(source); err != nil {
				t.Errorf("%s: source %s: %v", s.Name, source, err)
			}
		}
	}
	for _, bad := range []string{"config.md 14", "docs/plugins.md", "docs/plugins.md#nothing", "docs/none.md#limits"} {
		if find(bad) == nil {
			t.Errorf("%s was found", bad)
		}
	}
}

var (
	pageSection   = regexp.MustCompile(`^docs/([\w/-]+\.md)#([\w-]+)$`)
	manualSection = regexp.MustCompile(`^(\w+\.html)#([\w-]+)$`)
	pythonName    = regexp.MustCompile(`^supervisor\.(\w+)\.(\w+)$`)
)

// find returns an error if a source is not where it says.
func find(source string) error {
	if m := pageSection.FindStringSubmatch(source); m != nil {
		text, err := os.ReadFile(filepath.Join("../docs", m[1]))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "#") && anchor(line) == m[2] {
				return nil
			}
		}
		return errors.New("there is no such heading")
	}
	if m := manualSection.FindStringSubmatch(source); m != nil {
		return contains(manual, m[1], `id="`+regexp.QuoteMeta(m[2])+`"`)
	}
	if m := pythonName.FindStringSubmatch(source); m != nil {
		return contains(modules, m[1]+".py", `(?m)^ *(def|class) `+m[2]+`\b`)
	}
	return errors.New("neither docs/PAGE.md#HEADING, nor PAGE.html#ANCHOR of the manual, nor supervisor.MODULE.NAME")
}

// TestGoSources checks that what comments in Go name as their source exists: one of the places above, or a key, method, command,
// option or section of our pages, a manual page such as prctl(2), or a function of Python's library.
func TestGoSources(t *testing.T) {
	known := words(t)
	number := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasPrefix(path, "../conformance") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range goSource.FindAllStringSubmatch(string(text), -1) {
			for source := range strings.SplitSeq(newLine.ReplaceAllString(m[1], " "), ", ") {
				number++
				if err := find(source); err != nil && !known[source] && !elsewhere.MatchString(source) {
					t.Errorf("%s: source %q: %v", path, source, err)
				}
			}
		}
		return nil
	})
	if err != nil || number < 100 {
		t.Fatalf("%d sources: %v", number, err)
	}
}

var (
	goSource  = regexp.MustCompile(`// (?:.* )?Source:\s+(?://\s+)?((?:[^.\n]|\n\s*//|\.[^\s])+)\.?`)
	newLine   = regexp.MustCompile(`\n\s*//\s*`)
	elsewhere = regexp.MustCompile(`^\w+\(\d\)$|^(shlex|str)\.\w+$`)
	code      = regexp.MustCompile("`([^`\n]+)`|(?m)^### (?:supervisor\\.)?([\\w.]+)\\(")
)

// words returns the code words of our pages: keys, sections, methods, commands and options.
func words(t *testing.T) map[string]bool {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	known := map[string]bool{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			if m[2] != "" {
				known[m[2]] = true
			}
			for word := range strings.FieldsFuncSeq(m[1], func(c rune) bool { return c == ' ' || c == ',' || c == '=' }) {
				known[strings.Trim(word, "[]")] = true
			}
		}
	}
	return known
}

// contains returns an error if the file has no match. Without the directory there is nothing to compare with.
func contains(dir, file, pattern string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err == nil && !regexp.MustCompile(pattern).Match(text) {
		err = errors.New("there is no such place")
	}
	return err
}

// anchor is the name by which a heading can be linked to: small letters, digits and hyphens for blanks.
func anchor(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z':
			return c
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "#"))))
}
