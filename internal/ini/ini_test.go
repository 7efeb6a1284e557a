package ini

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// parsed returns the values of all sections of the texts.
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

// TestValues checks the value of key k in [s].
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
		"k=1\n  ~more":                "1\n~more",
		"k=x;;y ;c":                   "x;;y",
		"k=x##y #c":                   "x##y",
		"k=x;#y #c":                   "x;#y",
		"~a=1\nk=2~ ;c":               "2~",
		"k=;q":                        ";q",
		"k=#q":                        "#q",
		"k=a;b #c ;d":                 "a;b",
		"k=a#b;c ;d":                  "a#b;c",
		"k=a;;b":                      "a;;b",
		"k= #":                        "",
		"k=a #;b":                     "a",
		"k=a;b;c;d #e#f":              "a;b;c;d",
		"k=é;x é ;y":                  "é;x é",
		"\u3000k=1\n\u3000\u3000a":    "1\na",
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

// TestPlaces checks the files and lines of values and sections.
func TestPlaces(t *testing.T) {
	doc := New()
	first, second := &File{Path: "a", Here: "/a"}, &File{Path: "b", Here: "/b"}
	if err := doc.Parse(first, "; c\n[s]\nk = v\n  more\n\nl=w\n[t]\n"); err != nil {
		t.Fatal(err)
	}
	if err := doc.Parse(second, "[DEFAULT]\nd=1\n[t]\n\nm=x\n[u]\n[s]\nl=y\n"); err != nil {
		t.Fatal(err)
	}
	want := []*Section{
		{Name: "s", First: first, Line: 2, Values: map[string]Value{"k": {Text: "v\nmore", From: first, Line: 3}, "l": {Text: "y", From: second, Line: 8}}},
		{Name: "t", First: first, Line: 7, Values: map[string]Value{"m": {Text: "x", From: second, Line: 5}}},
		{Name: "u", First: second, Line: 6, Values: map[string]Value{}},
	}
	if diff := cmp.Diff(want, doc.Sections); diff != "" {
		t.Error(diff)
	}
	for _, s := range want {
		if doc.ByName[s.Name] == nil || doc.ByName[s.Name].Name != s.Name {
			t.Errorf("ByName has %v for %s", doc.ByName[s.Name], s.Name)
		}
	}
	if diff := cmp.Diff(map[string]Value{"d": {Text: "1", From: second, Line: 2}}, doc.Defaults); diff != "" || len(doc.ByName) != 3 {
		t.Error(diff, doc.ByName)
	}
	for key, want := range map[string]string{"k": "v\nmore", "d": "1", "none": ""} {
		if v, ok := doc.Find(doc.Sections[0], key); v.Text != want || ok != (want != "") {
			t.Errorf("Find %s: %q, %t", key, v.Text, ok)
		}
	}
}

// TestLineEnds checks that lines are counted with any line end.
func TestLineEnds(t *testing.T) {
	for _, text := range []string{"\n[s]\nk=v\n", "\r[s]\rk=v\r", "\r\n[s]\r\nk=v\r\n", "\r\n[s]\rk=v", "\n[s]\r\nk=v"} {
		doc := New()
		if err := doc.Parse(&File{Path: "x"}, text); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if v := doc.ByName["s"].Values["k"]; v.Text != "v" || v.Line != 3 || doc.Sections[0].Line != 2 {
			t.Errorf("%q: %+v, section in line %d", text, v, doc.Sections[0].Line)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	const latin = "the file is not in UTF-8, perhaps in Latin-1, where this byte is ÿ: save it as UTF-8"
	for text, want := range map[string]Error{
		"x=1\n[a]\n": {File: "f", Line: 1, Syntax: true,
			Text: "File contains no section headers.\nfile: 'f', line: 1\n'...'"},
		"\n; c\n  it's": {File: "f", Line: 3, Syntax: true,
			Text: "File contains no section headers.\nfile: 'f', line: 3\n'...'"},
		"[a\n": {File: "f", Line: 1, Syntax: true, Text: "File contains no section headers.\nfile: 'f', line: 1\n'[a\\n'"},
		"[]\n": {File: "f", Line: 1, Syntax: true, Text: "File contains no section headers.\nfile: 'f', line: 1\n'[]\\n'"},
		"[a]\njunk ;c\n= x\n[b]\nk=v\nmore\n": {File: "f", Line: 2, Section: "a", Syntax: true,
			Text: "Source contains parsing errors: 'f'\n\t[line  2]: '...'\n\t[line  3]: '...'\n\t[line  6]: '...'"},
		"[a]\n: x": {File: "f", Line: 2, Section: "a", Syntax: true,
			Text: "Source contains parsing errors: 'f'\n\t[line  2]: '...'"},
		strings.Repeat("\n", 120) + "[a]\nx": {File: "f", Line: 122, Section: "a", Syntax: true,
			Text: "Source contains parsing errors: 'f'\n\t[line 122]: '...'"},
		"[DEFAULT]\njunk\n": {File: "f", Line: 2, Section: "DEFAULT", Syntax: true,
			Text: "Source contains parsing errors: 'f'\n\t[line  2]: '...'"},
		"[a]\nk=\xff": {File: "f", Line: 2, Text: "'utf-8' codec can't decode byte 0xff in position 6: invalid start byte", Hint: latin},
		"\n\n\xff\n":  {File: "f", Line: 3, Text: "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte", Hint: latin},
		"k\x00=\x00\n\x00": {File: "f", Line: 1, Syntax: true, Hint: "the file is in UTF-16: save it as UTF-8",
			Text: "File contains no section headers.\nfile: 'f', line: 1\n'...'"},
		"[\x00s\x00]\x00\n\x00k\x00\n": {File: "f", Line: 2, Section: "\x00s\x00", Syntax: true, Hint: "the file is in UTF-16: save it as UTF-8",
			Text: "Source contains parsing errors: 'f'\n\t[line  2]: '...'"},
	} {
		err := New().Parse(&File{Path: "f"}, text)
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, *got); diff != "" || err.Error() != want.Text {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// TestReadsOn checks that values around a syntax error are read, so that all errors of a file can be reported.
func TestReadsOn(t *testing.T) {
	for text, want := range map[string]string{
		"[s]\nk=1\njunk\n  more\n": "1\nmore", // junk does not end a value
		"[s]\nk=1\n= x\n  more\n":  "1",       // no key at all does
		"[s]\njunk\nk=1\n":         "1",
	} {
		doc := New()
		if err := doc.Parse(&File{Path: "f"}, text); err == nil {
			t.Errorf("%q: no error", text)
		}
		if got := doc.ByName["s"].Values["k"].Text; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPlace(t *testing.T) {
	long := strings.Repeat("é", 201)
	for want, e := range map[string]Error{
		"":                            {},
		"f":                           {File: "f"},
		"f:3":                         {File: "f", Line: 3},
		"f:3: [s]":                    {File: "f", Line: 3, Section: "s"},
		"f: [s]":                      {File: "f", Section: "s"},
		"[s]":                         {Section: "s"},
		"[s] k=":                      {Section: "s", Key: "k"},
		"f:1: [s] k":                  {File: "f", Line: 1, Section: "s", Key: "k", Missing: true, Value: "v"},
		"f:1: [s] k=a b c":            {File: "f", Line: 1, Section: "s", Key: "k", Value: " a\n\tb  c "},
		"[s] k=" + long[:400]:         {Section: "s", Key: "k", Value: long[:400]},
		"[s] k=" + long[:400] + "...": {Section: "s", Key: "k", Value: long},
	} {
		if got := e.Place(); got != want {
			t.Errorf("%+v: %q, want %q", e, got, want)
		}
	}
}

// TestBadUTF8 checks positions in messages, which count from the start of the 8192 bytes that the original decodes together.
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

// TestBadSequence compares badSequence with the rule of Python's decoder: the longest start of a character is invalid as a whole.
func TestBadSequence(t *testing.T) {
	continues := func(start string) bool { // whether a character begins with start
		for _, rest := range []string{"\x80", "\x90", "\xa0", "\x80\x80", "\x90\x80", "\xa0\x80", "\x80\x80\x80", "\x90\x80\x80"} {
			if r, size := utf8.DecodeRuneInString(start + rest); r != utf8.RuneError && size == len(start+rest) {
				return true
			}
		}
		return false
	}
	tried := 0
	check := func(s string) {
		if r, size := utf8.DecodeRuneInString(s); r != utf8.RuneError || size != 1 {
			return
		}
		tried++
		want, reason := 1, "invalid start byte"
		for n := 1; n <= len(s) && continues(s[:n]); n++ {
			want, reason = n, "invalid continuation byte"
		}
		if reason != "invalid start byte" && want == len(s) {
			reason = "unexpected end of data"
		}
		if n, got := badSequence(s); n != want || got != reason {
			t.Errorf("%q: %d, %s, want %d, %s", s, n, got, want, reason)
		}
	}
	for a := range 256 {
		check(string([]byte{byte(a)}))
		for b := range 256 {
			check(string([]byte{byte(a), byte(b)}))
			for _, c := range []byte{'x', 0x7f, 0x80, 0xbf, 0xc0} {
				check(string([]byte{byte(a), byte(b), c}))
				check(string([]byte{byte(a), byte(b), 0x80, c}))
			}
		}
	}
	if tried < 100000 {
		t.Errorf("only %d sequences", tried)
	}
}

// FuzzINI checks that no text causes a panic, and that a value that is written in a plain file is read back.
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

// printed returns a value as it is written in a file: continued lines are indented.
func printed(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if i > 0 && line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}

// FuzzINIPrintedBack checks that a document that is written section by section is read back. Texts with a comment sign are skipped,
// because it cannot be escaped.
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

// TestEncodings checks what is said about files in other encodings. covers: REP-G13
func TestEncodings(t *testing.T) {
	const utf8 = ": save it as UTF-8"
	for text, want := range map[string]string{
		"\xff\xfe[\x00s\x00]\x00":           "the file is in UTF-16" + utf8,
		"\xfe\xff\x00[\x00s\x00]":           "the file is in UTF-16" + utf8,
		"\x00[\x00\xff\x00]":                "the file is in UTF-16" + utf8,
		"\xff\xfe\x00\x00[\x00\x00\x00":     "the file is in UTF-32" + utf8,
		"\x00\x00\xfe\xff\x00\x00\x00[":     "the file is in UTF-32" + utf8,
		"; caf\xe9\n[s]\n":                  "the file is not in UTF-8, perhaps in Latin-1, where this byte is é" + utf8,
		"; \x93quoted\x94\n[s]\n":           "the file is not in UTF-8, perhaps in Windows-1252" + utf8,
		"\ufeff; caf\xe9 and a mark\n[s]\n": "the file is not in UTF-8, perhaps in Latin-1, where this byte is é" + utf8,
	} {
		doc := New()
		var e *Error
		if err := doc.Parse(&File{Path: "f"}, text); !errors.As(err, &e) || e.Hint != want || e.Line != 1 || !doc.Partial {
			t.Errorf("%q: %+v, partial %v", text, err, doc.Partial)
		}
	}
}

// TestByteOrderMark checks that a mark at the start of a file is skipped, and one elsewhere is text. covers: REP-G13
func TestByteOrderMark(t *testing.T) {
	for text, mark := range map[string]bool{"\ufeff[s]\nk=v\n": true, "[s]\nk=v\n": false} {
		doc, from := New(), &File{Path: "f"}
		if err := doc.Parse(from, text); err != nil || from.Mark != mark || doc.ByName["s"].Values["k"].Text != "v" {
			t.Errorf("%q: %v, %+v", text, err, from)
		}
	}
	if err := New().Parse(&File{Path: "f"}, "\ufeff\ufeff[s]\n"); err == nil {
		t.Error("two marks are no error")
	}
}

// TestRepeats checks which sections and keys are said to occur again. covers: REP-G6
func TestRepeats(t *testing.T) {
	a, b := &File{Path: "a"}, &File{Path: "b"}
	for _, c := range []struct {
		what  string
		texts []string
		want  []*Repeat
	}{
		{"nothing", []string{"[s]\nk=1\nl=1\n[t]\nk=2\n", "[u]\nk=3\n"}, nil},
		{"a key", []string{"[s]\nk=1\nK=2\n"}, []*Repeat{{Section: "s", Key: "k", Before: Place{a, 2}, Again: Place{a, 3}}}},
		{"the same value", []string{"[s]\nk=1\nk=1\n"}, nil},
		{"a section", []string{"[s]\nk=1\nl=1\n[s]\nl=2\nm=3\n"},
			[]*Repeat{{Section: "s", Before: Place{a, 1}, Again: Place{a, 4}, Keys: []string{"l"}}}},
		{"a section and a key in it", []string{"[s]\nk=1\n[s]\nl=2\nl=3\n"}, []*Repeat{
			{Section: "s", Before: Place{a, 1}, Again: Place{a, 3}},
			{Section: "s", Key: "l", Before: Place{a, 4}, Again: Place{a, 5}}}},
		{"in another file", []string{"[s]\nk=1\n", "\n[s]\nk=2\n"},
			[]*Repeat{{Section: "s", Before: Place{a, 1}, Again: Place{b, 2}, Keys: []string{"k"}}}},
		{"a default", []string{"[DEFAULT]\nk=1\n[s]\nk=2\n", "[DEFAULT]\nk=3\n"},
			[]*Repeat{{Section: "DEFAULT", Key: "k", Before: Place{a, 2}, Again: Place{b, 2}}}},
	} {
		doc := New()
		for i, text := range c.texts {
			if err := doc.Parse([]*File{a, b}[i], text); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(c.want, doc.Repeats); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.what, diff)
		}
	}
}

// TestCut checks of which values a comment was cut off inside quotes. covers: REP-G5
func TestCut(t *testing.T) {
	for value, want := range map[string]bool{
		"sh -c 'a ; b'":          true,
		"sh -c \"a #b\"":         true,
		"sh -c 'a ;b'\n  x":      true,
		"sh -c 'a\n  b ; c\n  '": true,
		"sh -c 'a\n; c\n  '":     false, // a comment line
		"sh -c 'a;b' ; c":        false,
		"sh -c \\'a ; b":         false,
		"sh -c \"it's\" ; b":     false,
		"sh -c 'a":               false,
		"a ; it's":               false,
	} {
		doc, from := New(), &File{Path: "f"}
		if err := doc.Parse(from, "[s]\nk="+value+"\nl=1 ; c\n"); err != nil {
			t.Fatal(err)
		}
		if doc.Cut[Place{from, 2}] != want || len(doc.Cut) > 1 {
			t.Errorf("%q: %v", value, doc.Cut)
		}
	}
}

// TestTextIsNotKept checks that names and values have memory of their own, so that a configuration does not keep the text of its files.
func TestTextIsNotKept(t *testing.T) {
	text := strings.Clone("[a]\nkey=value\n[b]\nkey=other\n more\n")
	doc := New()
	if err := doc.Parse(&File{}, text); err != nil {
		t.Fatal(err)
	}
	begin := uintptr(unsafe.Pointer(unsafe.StringData(text)))
	check := func(s string) {
		if at := uintptr(unsafe.Pointer(unsafe.StringData(s))); at >= begin && at < begin+uintptr(len(text)) {
			t.Errorf("%q is a part of the text", s)
		}
	}
	for _, s := range doc.Sections {
		check(s.Name)
		for key, v := range s.Values {
			check(key)
			check(v.Text)
		}
	}
	if len(doc.Sections) != 2 {
		t.Errorf("%d sections", len(doc.Sections))
	}
}
