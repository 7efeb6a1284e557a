package conformance

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// Files holds the scripts and the ledgers, for a program that runs without this tree.
//
//go:embed ledger.tsv beyond.tsv scripts
var Files embed.FS

// Row is a line of a ledger.
type Row struct {
	ID    string
	Text  string
	Class string // behavior, library, packaging or superseded
}

// NeedsCover reports whether a script or test must demonstrate the row.
func (r Row) NeedsCover() bool { return r.Class == "behavior" || r.Class == "library" }

// Script is the content of the head comments of a script.
type Script struct {
	Name     string // AREA/NAME, as in the name of its test
	Behavior string // the first line, without "# "
	Commands int    // number of commands
	Covers   []string
	Sources  []string // places named by "# source:"
	Differs  []string // reasons named by "# differs:"
}

// The ledgers.
const (
	Changelog = "ledger.tsv" // facts of the original's changelog
	Beyond    = "beyond.tsv" // what the original does not have
)

// ReadLedger reads the ledger file of dir. A line must have three fields.
func ReadLedger(dir fs.FS, file string) ([]Row, error) {
	data, err := fs.ReadFile(dir, file)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("%s:%d: %d fields, want id, text, class", file, i+1, len(f))
		}
		rows = append(rows, Row{ID: f[0], Text: f[1], Class: f[2]})
	}
	return rows, nil
}

// ReadScripts reads the head of every script below scripts, sorted by name.
func ReadScripts(dir fs.FS) ([]Script, error) {
	files, err := fs.Glob(dir, "scripts/*/*.txtar")
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var scripts []Script
	for _, file := range files {
		data, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "scripts/"), ".txtar")
		scripts = append(scripts, parseHead(name, string(data)))
	}
	return scripts, nil
}

func parseHead(name, text string) Script {
	s := Script{Name: name}
	for i, line := range strings.Split(text, "\n") {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			if i == 0 || strings.HasPrefix(line, "-- ") {
				break
			}
			if strings.TrimSpace(line) != "" {
				s.Commands++
			}
			continue
		}
		comment = strings.TrimSpace(comment)
		if i == 0 {
			s.Behavior = comment
		}
		if rest, ok := strings.CutPrefix(comment, "covers:"); ok {
			s.Covers = append(s.Covers, strings.Fields(rest)...)
		}
		if rest, ok := strings.CutPrefix(comment, "source:"); ok {
			s.Sources = append(s.Sources, strings.TrimSpace(rest))
		}
		if rest, ok := strings.CutPrefix(comment, "differs:"); ok {
			s.Differs = append(s.Differs, strings.TrimSpace(rest))
		}
	}
	return s
}

var (
	goCover   = regexp.MustCompile(`(?m)^\s*// covers: (.*)$`)
	goDiffers = regexp.MustCompile(`(?m)^\s*// differs: (.*)$`)
)

// ReadGoCovers returns, for each id named in a "// covers:" comment of a Go test below root, the tests' files.
func ReadGoCovers(root string) (map[string][]string, error) {
	covers := map[string][]string{}
	err := goComments(root, goCover, func(text, file string) {
		for _, id := range strings.Fields(text) {
			covers[id] = append(covers[id], file)
		}
	})
	return covers, err
}

// ReadGoDiffers returns, for each reason named in a "// differs:" comment of a Go test below root, the tests' files.
func ReadGoDiffers(root string) (map[string][]string, error) {
	differs := map[string][]string{}
	err := goComments(root, goDiffers, func(text, file string) {
		reason := strings.TrimSpace(text)
		differs[reason] = append(differs[reason], file)
	})
	return differs, err
}

// goComments calls found with the first submatch of each match of comment in the Go tests below root, and the test's file.
func goComments(root string, comment *regexp.Regexp, found func(text, file string)) error {
	return filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		for _, m := range comment.FindAllStringSubmatch(string(data), -1) {
			found(m[1], file)
		}
		return nil
	})
}

// Difference is a row of docs/differences.md.
type Difference struct {
	IDs  []string
	Text string // the whole line
}

// ReadDifferences reads the rows of the tables of a page whose first column is "id".
func ReadDifferences(page string) ([]Difference, error) {
	data, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	var rows []Difference
	inTable := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		first, _, isRow := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		switch {
		case first == "id":
			inTable = true
		case !isRow:
			inTable = inTable && line != ""
		case inTable:
			rows = append(rows, Difference{IDs: strings.Split(first, ", "), Text: line})
		}
	}
	return rows, nil
}
