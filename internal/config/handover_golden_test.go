package config

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/handover"
)

var writeState = flag.Bool("write-state", false, "write the state of a format in testdata/handover that is not there yet")

// TestHandoverGolden reads the states of all formats. Each is that of the configuration beside it, and what this version reads of the
// configuration must be what it reads of the state.
// covers: L12-j
func TestHandoverGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/handover/*.conf")
	if err != nil || len(files) < handover.Format {
		t.Fatalf("%d files for %d formats (%v)", len(files), handover.Format, err)
	}
	dir, err := filepath.Abs("testdata/handover")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(dir, filepath.Base(file))
			o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", path, "--exit-on", "fatal"})
			if err != nil {
				t.Fatal(err)
			}
			want, err := load(o, append([]string{"LATIN=\xe9"}, testEnviron...), stubHost)
			if err != nil {
				t.Fatal(err)
			}
			node := want.reader.node
			want.reader.node = "host"
			golden := strings.TrimSuffix(file, ".conf") + ".json"
			text, err := os.ReadFile(golden)
			if os.IsNotExist(err) && *writeState {
				text = writeGolden(t, want, golden, dir)
			} else if err != nil {
				t.Fatal(err)
			}
			document := `{"format":` + strings.TrimSuffix(filepath.Base(file), ".conf") + `,"min":1,"rooms":{"config":` +
				strings.ReplaceAll(string(text), "<HERE>", dir) + `}}`
			r, err := handover.Read([]byte(document), "5.1.0", true)
			if err != nil {
				t.Fatal(err)
			}
			var s State
			r.Get("config", &s)
			active, _, readings := Import(r, s)
			if err := r.Complete(); err != nil {
				t.Fatal(err)
			}
			want.Sources = Sources{} // they were those of another reading
			if diff := cmp.Diff(whole{want.Groups, []*Config{want}}, whole{active, readings}, exactly); diff != "" {
				t.Errorf("-file +state (host %s):\n%s", strconv.Quote(node), diff)
			}
		})
	}
}

// writeGolden writes the state of a configuration, with a line for each thing.
func writeGolden(t *testing.T, c *Config, path, dir string) []byte {
	text, err := handover.Marshal(Export(handover.NewWriter("5.1.0"), c.Groups, nil, c))
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for i, part := range strings.SplitAfter(strings.ReplaceAll(string(text), dir, "<HERE>"), "},{") {
		if i > 0 {
			shown.WriteString("\n")
		}
		shown.WriteString(part)
	}
	if !json.Valid([]byte(shown.String())) {
		t.Fatal("not JSON any more")
	}
	if err := os.WriteFile(path, []byte(shown.String()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return []byte(shown.String())
}

// TestHandoverOfWrongNumbers changes each number in a state alone: an error at most.
func TestHandoverOfWrongNumbers(t *testing.T) {
	text, err := os.ReadFile("testdata/handover/1.json")
	if err != nil {
		t.Fatal(err)
	}
	places := regexp.MustCompile(`[0-9]+`).FindAllIndex(text, -1)
	failed := 0
	for _, at := range places {
		wrong := string(text[:at[0]]) + "77" + string(text[at[1]:])
		r, err := handover.Read([]byte(`{"format":1,"rooms":{"config":`+wrong+`}}`), "5.1.0", true)
		if err != nil {
			continue
		}
		var s State
		r.Get("config", &s)
		if Import(r, s); r.Err() != nil {
			failed++
		}
	}
	if failed < 20 {
		t.Errorf("only %d of %d changes are errors", failed, len(places))
	}
}
