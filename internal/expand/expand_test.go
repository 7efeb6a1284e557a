package expand

import (
	"strings"
	"testing"
)

var scope = Scope{
	Vars: []Variable{
		{Name: "x", Text: "abc"}, {Name: "process_num", Number: 7, IsNumber: true},
		{Name: "n", Number: 255, IsNumber: true}, {Name: "neg", Number: -5, IsNumber: true}, {Name: "a(b)c", Text: "par"},
	},
	Hidden: []Variable{{Name: "h", Text: "hidden"}},
	Env:    map[string]string{"lc": "lower", "A": "daemon"},
	Own:    map[string]string{"A": "own"},
}

func TestExpand(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"plain":                      "plain",
		"100%%":                      "100%",
		"%(x)s-%(x)s":                "abc-abc",
		"%(process_num)02d":          "07",
		"%(process_num)d":            "7",
		"%(process_num)s":            "7",
		"%(x)10s|":                   "       abc|",
		"%(x)-5s|":                   "abc  |",
		"%(x).2s":                    "ab",
		"%(x)05s":                    "  abc",
		"%(n)x %(n)X %(n)o %(n)#x":   "ff FF 377 0xff",
		"%(n)i %(n)u %(n)+d":         "255 255 +255",
		"%(process_num)05d":          "00007",
		"%(process_num)-5d|":         "7    |",
		"%(neg)05d % d":              "",
		"%(neg)05d %(process_num)3d": "-0005   7",
		"%(process_num) d":           " 7",
		"%(process_num).3d":          "007",
		"%(process_num).2f":          "7.00",
		"%(process_num)g":            "7",
		"%(n)c":                      "ÿ",
		"%(x)r":                      "'abc'",
		"%(ENV_lc)s %(ENV_A)s":       "lower own",
		"%(h)s":                      "hidden",
		"%(a(b)c)s":                  "par",
		"%(x)ls":                     "abc",
	} {
		got, err := scope.Expand(in, "where")
		if want == "" && in != "" {
			if err == nil {
				t.Errorf("%q expands to %q, want an error", in, got)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	const unknown = "which cannot be expanded. Available names: ENV_A, ENV_lc, a(b)c, n, neg, process_num, x"
	for in, want := range map[string]string{
		"%(x)s %s":    "is badly formatted: not enough arguments for format string",
		"%":           "is badly formatted: incomplete format",
		"%(x":         "is badly formatted: incomplete format key",
		"%(x)":        "is badly formatted: incomplete format",
		"%(x)5":       "is badly formatted: incomplete format",
		"%(x)q":       "is badly formatted: unsupported format character 'q' (0x71) at index 4",
		"%USER%":      "is badly formatted: unsupported format character 'U' (0x55) at index 1",
		"%(x)%":       "is badly formatted: unsupported format character '%' (0x25) at index 4",
		"%5%":         "is badly formatted: unsupported format character '%' (0x25) at index 2",
		"%(x)s%5%":    "is badly formatted: not enough arguments for format string",
		"%(x)é":       "is badly formatted: unsupported format character '?' (0xe9) at index 4",
		"%(x)d":       "is badly formatted: %d format: a real number is required, not str",
		"%(x)x":       "is badly formatted: %x format: an integer is required, not str",
		"%(x)f":       "is badly formatted: must be real number, not str",
		"%d":          "is badly formatted: %d format: a real number is required, not dict",
		"%(x)*s":      "is badly formatted: * wants int",
		"%(x)c":       "is badly formatted: %c requires int or char",
		"%(nope)s":    "contains names ('nope') " + unknown,
		"%(ENV_LC)s":  "contains names ('ENV_LC') " + unknown,
		"%()s":        "contains names ('') " + unknown,
		"%(x).70000s": "is badly formatted: precision too big",
	} {
		_, err := scope.Expand(in, "where")
		if want := "Format string '" + in + "' for 'where' " + want; err == nil || err.Error() != want {
			t.Errorf("%q\n got: %v\nwant: %s", in, err, want)
		}
	}
}

// FuzzExpand: no format panics, and a text whose percent signs are doubled stays as it is.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"%(x)s", "%(process_num)02d", "%", "%(", "%(x)#0- +9.9lq", "%%", "%(n)*d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scope.Expand(text, "where")
		text = strings.ToValidUTF8(text, "?")
		got, err := scope.Expand(strings.ReplaceAll(text, "%", "%%"), "where")
		if err != nil || got != text {
			t.Errorf("doubled %q gives %q, %v", text, got, err)
		}
	})
}
