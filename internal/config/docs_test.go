package config

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/ini"
)

var (
	docHeading = regexp.MustCompile("^### `\\[(.*)\\]`$")
	docKey     = regexp.MustCompile("^\\| `([a-z_.]+)` \\| ([^|]+) \\| ([^|]+) \\| ")
	docAll     = regexp.MustCompile("has all keys of `\\[program:x\\]`")
)

// documented is every key that the users' reference has in a table, by the kind of its section.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{}
	section := ""
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.HasPrefix(line, "#") {
			section = ""
		}
		if m := docHeading.FindStringSubmatch(line); m != nil {
			section = strings.Replace(m[1], ":x", ":", 1)
		}
		if m := docKey.FindStringSubmatch(line); m != nil && section != "" {
			keys[section] = append(keys[section], m[1])
		}
		if docAll.MatchString(line) {
			keys[section] = append(keys[section], keys["program:"]...)
		}
	}
	return keys
}

// The reference has exactly the keys that the reading of a configuration asks for, in the sections in which it does.
func TestDocumentedKeys(t *testing.T) {
	got := documented(t)
	want := map[string][]string{}
	for kind, keys := range knownKeys() {
		want[kind] = slices.Sorted(maps.Keys(keys))
		slices.Sort(got[kind])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-asked for +documented)\n%s", diff)
	}
}

// disabled is a line of the sample that has a key or a section, but is a comment.
var disabled = regexp.MustCompile(`(?m)^;([a-z_.]+=|\[)`)

// Every key of the sample, the disabled ones too, is one that somebody asks for.
func TestSampleKeysAreKnown(t *testing.T) {
	doc := ini.New()
	if err := doc.Parse(&ini.File{}, disabled.ReplaceAllString(Sample(), "$1")); err != nil {
		t.Fatal(err)
	}
	if len(doc.Sections) < 8 {
		t.Errorf("only %d sections in the sample", len(doc.Sections))
	}
	for _, s := range doc.Sections {
		for key := range s.Values {
			if k := kind(s.Name); k == "" || !knownKeys()[k][key] {
				t.Errorf("the sample has %s in [%s], which nobody asks for", key, s.Name)
			}
		}
	}
}
