package ini

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parsed gives all sections of a text as name.key=value lines in the order of sections.
func parsed(t *testing.T, texts ...string) map[string]map[string]string {
	t.Helper()
	doc := New()
	for _, text := range texts {
		if err := doc.Parse(&File{Path: "x.conf"}, text); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	all := map[string]map[string]string{}
	for _, s := range doc.Sections {
		all[s.Name] = map[string]string{}
		for key := range s.Values {
			v, _ := doc.Find(s, key)
			all[s.Name][key] = v.Text
		}
	}
	return all
}

// Every line of [s] here gives key k the value next to it.
func TestValues(t *testing.T) {
	for line, want := range map[string]string{
		"k=x ;c":                      "x",
		"k=x #c":                      "x",
		"k=x;y":                       "x;y",
		"k=x#y":                       "x#y",
		"k=x\t;c":                     "x",
		"k=bash -c 'foo ; bar'":       "bash -c 'foo",
		`k=echo 'a;b' "c # d"`:        `echo 'a;b' "c`,
		"k= ;q":                       "",
		"k=/bin/echo ;q":              "/bin/echo",
		"k=x;y;z ;q #r":               "x;y;z ;q",
		"k=x#y ;q #r":                 "x#y",
		"k=x;y ;z":                    "x;y",
		"K : x":                       "x",
		"k = = a":                     "= a",
		"k:a=b":                       "a=b",
		"k=one\n  two":                "one\ntwo",
		"k=one\n\n  two":              "one\n\ntwo",
		"k=one\n  two\n\n\n":          "one\ntwo",
		"k=one\n ; c\n  two":          "one\ntwo",
		"k=one\n# c\n  two":           "one\ntwo",
		"k=one\n  two ;c\n   three":   "one\ntwo\nthree",
		"k=\n /bin/echo next":         "\n/bin/echo next",
		"  a=1\n  k=2":                "2",
		"  k=1\n   a=2":               "1\na=2",
		"k=1\nk=2":                    "2",
		"k=1\r\na=2\r\n":              "1",
		"k=1\ra=2":                    "1",
		"k=a\x00b":                    "a\x00b",
		"k=\u00a0x\u00a0;c":           "x",
		"k=1\n[other]\nk=2\n[s] x":    "1",
		"k=1\n[other]\nk=2\n[s]\nk=3": "3",
	} {
		if got := parsed(t, "[s]\n"+line+"\n")["s"]["k"]; got != want {
			t.Errorf("%q: k = %q, want %q", line, got, want)
		}
	}
}

func TestSections(t *testing.T) {
	got := parsed(t, "[program:x] junk\n[program:y]z]\n[ program:x ]\n[a]\n[DEFAULT]\nd=1\n[a]\nk=v\n[p:x ;c\n",
		"[c]\n[a]\nk=w\n")
	want := map[string]map[string]string{
		"program:x": {}, "program:y]z": {}, " program:x ": {}, "a": {"k": "w", "[p": "x"}, "c": {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Positions of bad bytes count from where the original's last reading began, 8192 bytes at a time.
func TestBadUTF8(t *testing.T) {
	long := strings.Repeat("x", 20000)
	for text, want := range map[string]string{
		"ab\xe9":                   "byte 0xe9 in position 0: unexpected end of data",
		"ab\xe9\n":                 "byte 0xe9 in position 2: invalid continuation byte",
		long[:8190] + "\xe2\x82":   "bytes in position 0-1: unexpected end of data",
		long[:8190] + "\xe2\x82\n": "bytes in position 0-1: invalid continuation byte",
		long[:8191] + "\xe9\n":     "byte 0xe9 in position 0: invalid continuation byte",
		long[:8191] + "é\xff":      "byte 0xff in position 2: invalid start byte",
		long[:8191] + "\xff":       "byte 0xff in position 8191: invalid start byte",
		long[:8192] + "\xff":       "byte 0xff in position 0: invalid start byte",
		long[:16380] + "\xe9b":     "byte 0xe9 in position 8188: invalid continuation byte",
	} {
		err := New().Parse(&File{Path: "x.conf"}, text)
		if err == nil || err.Error() != "'utf-8' codec can't decode "+want {
			t.Errorf("%d bytes: %v, want %s", len(text), err, want)
		}
	}
}

// FuzzINI: no text makes the reader panic, and what it has read reads the same when it is written plainly.
func FuzzINI(f *testing.F) {
	for _, seed := range []string{"[a]\nb=c\n d ;e\n", "x", "[a]\n=\n", "[a]\n\xe2\x82", "[a];\rb:c#", "[DEFAULT]\nk=v"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc := New()
		if doc.Parse(&File{Path: "f"}, text) != nil {
			return
		}
		for _, s := range doc.Sections {
			for key, v := range s.Values {
				if strings.ContainsAny(s.Name+key+v.Text, ";#\n") || key[0] == '[' {
					continue
				}
				again := New()
				if err := again.Parse(&File{Path: "f"}, "["+s.Name+"]\n"+key+"="+v.Text); err != nil {
					t.Fatalf("%q = %q: %v", key, v.Text, err)
				}
				if got, ok := again.Find(again.ByName[s.Name], key); !ok || got.Text != v.Text {
					t.Errorf("%q = %q reads as %q", key, v.Text, got.Text)
				}
			}
		}
	})
}

// printed is a value as the reader takes it back: its lines one below the other, the later ones indented.
func printed(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if i > 0 && line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}

// FuzzINIPrintedBack: a document, printed section by section, reads the same, values of several lines included. Texts
// with a comment sign are left out, for the dialect has no escape for it.
func FuzzINIPrintedBack(f *testing.F) {
	for _, seed := range []string{"[a]\nb=c\n d\n\n e\n", "[x]\nk:v\n[y]\nk = = v\n[x]\nl=\n  m\n",
		"[DEFAULT]\na=1\n[s]\nb=%%\n",
		"[p:q]\r\nA = b\r\n\tc\r\n", "[a]\nb=\n\n c\n", "[a]b]\nk=[v]\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc := New()
		if strings.ContainsAny(text, ";#") || doc.Parse(&File{Path: "f"}, text) != nil {
			return
		}
		var all strings.Builder
		want := map[string]map[string]string{}
		for _, s := range doc.Sections {
			all.WriteString("[" + s.Name + "]\n")
			want[s.Name] = map[string]string{}
			for key, v := range s.Values {
				if key[0] == '[' { // would begin a header
					continue
				}
				want[s.Name][key] = v.Text
				all.WriteString(key + "=" + printed(v.Text) + "\n")
			}
		}
		again := New()
		if err := again.Parse(&File{Path: "g"}, all.String()); err != nil {
			t.Fatalf("%q, printed %q: %v", text, all.String(), err)
		}
		got := map[string]map[string]string{}
		for _, s := range again.Sections {
			got[s.Name] = map[string]string{}
			for key, v := range s.Values {
				got[s.Name][key] = v.Text
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q, printed %q: %s", text, all.String(), diff)
		}
	})
}
