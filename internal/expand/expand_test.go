package expand

import (
	"strings"
	"testing"
)

var scope = Scope{
	Vars: []Variable{
		{Name: "x", Text: "abc"}, {Name: "process_num", Number: 7, IsNumber: true}, {Name: "n", Number: 255, IsNumber: true},
		{Name: "neg", Number: -5, IsNumber: true}, {Name: "zero", IsNumber: true}, {Name: "mil", Number: 1000000, IsNumber: true},
		{Name: "most", Number: 1114111, IsNumber: true}, {Name: "toobig", Number: 1114112, IsNumber: true},
		{Name: "a(b)c", Text: "par"}, {Name: "empty"}, {Name: "two", Text: "ab"}, {Name: "q", Text: "it's"},
		{Name: "ctl", Text: "a\nb\x7f"}, {Name: "e", Text: "é"}, {Name: "ff", Text: "\u00ff"}, {Name: "u100", Text: "\u0100"},
		{Name: "j", Text: "日"}, {Name: "uffff", Text: "\uffff"}, {Name: "u10000", Text: "\U00010000"}, {Name: "big", Text: "\U0001f600"},
	},
	Hidden: []Variable{{Name: "h", Text: "hidden"}},
	Env:    map[string]string{"lc": "lower", "A": "daemon"},
	Own:    map[string]string{"A": "own", "B": "only"},
}

// TestExpand compares results with those of Python's % operator.
func TestExpand(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "",
		"plain":             "plain",
		"100%%":             "100%",
		"%(x)s-%(x)s":       "abc-abc",
		"%(process_num)02d": "07",
		"%(process_num)d":   "7",
		"%(process_num)s":   "7",
		"%(x)10s.":          "       abc.",
		"%(x)-5s.":          "abc  .",
		"%(x).2s":           "ab",
		"%(h)s":             "hidden",
		"%(x)ls":            "abc",
		"%(x)a":             "'abc'",
		"%(e)a":             "'\\xe9'",
		"%(j)a":             "'\\u65e5'",
		"%(big)a":           "'\\U0001f600'",
		"%(q)a":             "\"it's\"",
		"%(ctl)a":           "'a\\nb\\x7f'",
		"%(ff)a":            "'\\xff'",
		"%(u100)a":          "'\\u0100'",
		"%(uffff)a":         "'\\uffff'",
		"%(u10000)a":        "'\\U00010000'",
		"%(e)r":             "'é'",
		"%(ctl)r":           "'a\\nb\\x7f'",
		"%(q)r":             "\"it's\"",
		"%(process_num)a":   "7",
		"%(process_num)r":   "7",
		"%(neg)s":           "-5",
		"%(e)5s.":           "    é.",
		"%(e)-5s.":          "é    .",
		"%(j).1s":           "日",
		"%(x).0s":           "",
		"%(x).3s":           "abc",
		"%(x).4s":           "abc",
		"%(x).s":            "",
		"%(x)3s":            "abc",
		"%(x)4s":            " abc",
		"%(x)2s":            "abc",
		"%(empty)s.":        ".",
		"%(empty)3s.":       "   .",
		"%(n)o":             "377",
		"%(n)#o":            "0o377",
		"%(n)#x":            "0xff",
		"%(n)#X":            "0XFF",
		"%(n)X":             "FF",
		"%(neg)x":           "-5",
		"%(neg)#x":          "-0x5",
		"%(neg)X":           "-5",
		"%(neg)o":           "-5",
		"%(neg)#o":          "-0o5",
		"%(n)10x.":          "        ff.",
		"%(n)-10x.":         "ff        .",
		"%(n)010x.":         "00000000ff.",
		"%(n)#010x.":        "0x000000ff.",
		"%(n)#-10x.":        "0xff      .",
		"%(n).5x":           "000ff",
		"%(n)#.5x":          "0x000ff",
		"%(n)+x":            "+ff",
		"%(n) x":            " ff",
		"%(neg)010d":        "-000000005",
		"%(neg)+d":          "-5",
		"%(neg) d":          "-5",
		"%(n)+010d":         "+000000255",
		"%(n) 010d":         " 000000255",
		"%(n)-010d.":        "255       .",
		"%(n).2d":           "255",
		"%(n).3d":           "255",
		"%(n).4d":           "0255",
		"%(n)8.4d.":         "    0255.",
		"%(n)08.4d.":        "00000255.",
		"%(n)-8.4d.":        "0255    .",
		"%(zero)d":          "0",
		"%(zero)x":          "0",
		"%(zero)#x":         "0x0",
		"%(zero)#o":         "0o0",
		"%(zero).0d":        "0",
		"%(n)5d.":           "  255.",
		"%(n)3d.":           "255.",
		"%(n)2d.":           "255.",
		"%(n)4d.":           " 255.",
		"%(n)f":             "255.000000",
		"%(n).0f":           "255",
		"%(n).1f":           "255.0",
		"%(n)10.1f.":        "     255.0.",
		"%(n)-10.1f.":       "255.0     .",
		"%(n)010.1f.":       "00000255.0.",
		"%(neg)f":           "-5.000000",
		"%(neg)010.2f":      "-000005.00",
		"%(n)F":             "255.000000",
		"%(n)e":             "2.550000e+02",
		"%(n)E":             "2.550000E+02",
		"%(n).0e":           "3e+02",
		"%(n).2E":           "2.55E+02",
		"%(n)g":             "255",
		"%(n)G":             "255",
		"%(n).0g":           "3e+02",
		"%(n).1g":           "3e+02",
		"%(n).2g":           "2.6e+02",
		"%(n).3g":           "255",
		"%(mil)g":           "1e+06",
		"%(mil).7g":         "1000000",
		"%(n)+f":            "+255.000000",
		"%(n) f":            " 255.000000",
		"%(neg)g":           "-5",
		"%(zero)g":          "0",
		"%(zero)e":          "0.000000e+00",
		"%(n).1G":           "3E+02",
		"%(n)c":             "ÿ",
		"%(zero)c":          "\x00",
		"%(most)c":          "\U0010ffff",
		"%(n)5c.":           "    ÿ.",
		"%(n)-5c.":          "ÿ    .",
		"%(n)05c.":          "    ÿ.",
		"%(e)05c.":          "    é.",
		"%(e)c":             "é",
		"%(j)3c.":           "  日.",
		"%(e)-3c.":          "é  .",
		"%(n)lc":            "ÿ",
		"%(n)hd":            "255",
		"%(n)Ld":            "255",
		"%(n)ld":            "255",
		"%(x)hs":            "abc",
		"%(n)i":             "255",
		"%(n)u":             "255",
		"%(n)5i.":           "  255.",
		"%(n)5u.":           "  255.",
		"%(x)-+ 0#5s.":      "abc  .",
		"%(x)05s.":          "  abc.",
		"%(n)-05d.":         "255  .",
		"%(n)#d":            "255",
		"%(n)#f":            "255.000000",
		"%(a(b)c)5s.":       "  par.",
		"%%":                "%",
		"a%%b%%":            "a%b%",
		"%(n)s%(x)s%%":      "255abc%",
	} {
		got, err := scope.Expand(in, "where")
		if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	got, err := scope.Expand("%(ENV_lc)s %(ENV_A)s %(ENV_B)s %(ENV_lc)7s", "where")
	if want := "lower own only   lower"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// TestErrors compares messages with those of Python's % operator.
func TestErrors(t *testing.T) {
	for in, want := range map[string]string{
		"%(x)s %s":   "not enough arguments for format string",
		"%":          "incomplete format",
		"%(x":        "incomplete format key",
		"%(x)":       "incomplete format",
		"%(x)5":      "incomplete format",
		"%(x).":      "incomplete format",
		"%(x).5":     "incomplete format",
		"%(x)l":      "incomplete format",
		"%(x)q":      "unsupported format character 'q' (0x71) at index 4",
		"%USER%":     "unsupported format character 'U' (0x55) at index 1",
		"%(x)%":      "unsupported format character '%' (0x25) at index 4",
		"%5%":        "unsupported format character '%' (0x25) at index 2",
		"%(x)s%5%":   "not enough arguments for format string",
		"%(x)é":      "unsupported format character '?' (0xe9) at index 4",
		"%(x)\x1e":   "unsupported format character '?' (0x1e) at index 4",
		"%(x)\x1f":   "unsupported format character '\x1f' (0x1f) at index 4",
		"%(x) ":      "incomplete format",
		"%(x)~":      "unsupported format character '~' (0x7e) at index 4",
		"%(x)\x7f":   "unsupported format character '?' (0x7f) at index 4",
		"%(x)d":      "%d format: a real number is required, not str",
		"%(x)i":      "%i format: a real number is required, not str",
		"%(x)u":      "%u format: a real number is required, not str",
		"%(x)x":      "%x format: an integer is required, not str",
		"%(x)X":      "%X format: an integer is required, not str",
		"%(x)o":      "%o format: an integer is required, not str",
		"%(x)f":      "must be real number, not str",
		"%(x)e":      "must be real number, not str",
		"%(x)E":      "must be real number, not str",
		"%(x)F":      "must be real number, not str",
		"%(x)g":      "must be real number, not str",
		"%(x)G":      "must be real number, not str",
		"%d":         "%d format: a real number is required, not dict",
		"%x":         "%x format: an integer is required, not dict",
		"%f":         "must be real number, not dict",
		"%(x)*s":     "* wants int",
		"%(n)*d":     "not enough arguments for format string",
		"%*d":        "* wants int",
		"%(x).*s":    "* wants int",
		"%(n).*d":    "not enough arguments for format string",
		"%(x)c":      "%c requires int or char",
		"%(empty)c":  "%c requires int or char",
		"%(two)c":    "%c requires int or char",
		"%c":         "%c requires int or char",
		"%(neg)c":    "%c arg not in range(0x110000)",
		"%(toobig)c": "%c arg not in range(0x110000)",
		"%(n)hhd":    "unsupported format character 'h' (0x68) at index 5",
		"%(n)lld":    "unsupported format character 'l' (0x6c) at index 5",
		"%(a(b)":     "incomplete format key",
		"%s":         "%s format: a name is required", "%r": "%r format: a name is required", "%5a": "%a format: a name is required",
		"%(x)65537s": "width too big", "%(x).65537s": "precision too big", "%(n)99999999999999999999d": "width too big",
	} {
		_, err := scope.Expand(in, "where")
		if want := "Format string " + quoted(in) + " for 'where' is badly formatted: " + want; err == nil || err.Error() != want {
			t.Errorf("%q\n got: %v\nwant: %s", in, err, want)
		}
	}
	for _, in := range []string{"%(x)65536s", "%(n).65536d"} {
		if got, err := scope.Expand(in, "where"); err != nil || len(got) != 65536 {
			t.Errorf("%s: %d bytes, %v", in, len(got), err)
		}
	}
	const available = "ENV_A, ENV_B, ENV_lc, a(b)c, big, ctl, e, empty, ff, j, mil, most, n, neg, process_num, q, toobig, two, u100, " +
		"u10000, uffff, x, zero"
	for in, name := range map[string]string{"%(nope)s": "nope", "%(ENV_LC)s": "ENV_LC", "%()s": "", "%(x)s%(X)s": "X", "%(env_lc)s": "env_lc",
		"%(h)": "h", "%(h)5s": "h", "%(h)d": "h", "%(h)ls": "h"} {
		_, err := scope.Expand(in, "where")
		want := "Format string '" + in + "' for 'where' contains names ('" + name + "') which cannot be expanded. Available names: " + available
		if err == nil || err.Error() != want {
			t.Errorf("%q\n got: %v\nwant: %s", in, err, want)
		}
	}
}

func quoted(s string) string {
	return "'" + strings.NewReplacer("\x1e", `\x1e`, "\x1f", `\x1f`, "\x7f", `\x7f`).Replace(s) + "'"
}

// FuzzExpand checks that no format causes a panic, and that a text with doubled percent signs is not changed.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"%(x)s", "%(process_num)02d", "%", "%(", "%(x)#0- +9.9lq", "%%", "%(n)*d", "%(ENV_A:-x)s", "%(VAR_b:?(y))s",
		"%(process_num*3)d", "%(ENV_A-b:-c)s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scope.Expand(text, "where")
		extended().Expand(text, "where")
		text = strings.ToValidUTF8(text, "?")
		got, err := scope.Expand(strings.ReplaceAll(text, "%", "%%"), "where")
		if err != nil || got != text {
			t.Errorf("doubled %q gives %q, %v", text, got, err)
		}
	})
}
