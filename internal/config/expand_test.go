package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var sampleNames = names{
	vars: []variable{
		{name: "x", text: "abc"}, {name: "process_num", number: 7, isNumber: true},
		{name: "n", number: 255, isNumber: true}, {name: "neg", number: -5, isNumber: true}, {name: "a(b)c", text: "par"},
	},
	hidden: []variable{{name: "h", text: "hidden"}},
	env:    map[string]string{"lc": "lower", "A": "daemon"},
	own:    map[string]string{"A": "own"},
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
		got, err := sampleNames.expand(in, "where")
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
		_, err := sampleNames.expand(in, "where")
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
		sampleNames.expand(text, "where")
		text = strings.ToValidUTF8(text, "?")
		got, err := sampleNames.expand(strings.ReplaceAll(text, "%", "%%"), "where")
		if err != nil || got != text {
			t.Errorf("doubled %q gives %q, %v", text, got, err)
		}
	})
}

func TestEnvironment(t *testing.T) {
	for in, want := range map[string]map[string]string{
		``:                {},
		`A=1`:             {"A": "1"},
		`A="1"`:           {"A": "1"},
		`A='1'`:           {"A": "1"},
		`A="1,2",B=3`:     {"A": "1,2", "B": "3"},
		`A=x,`:            {"A": "x"},
		`A=x,B=y`:         {"A": "x", "B": "y"},
		` A = x , B = y `: {"A": "x", "B": "y"},
		"A=x,\n B=y":      {"A": "x", "B": "y"},
		`A=x;B=y`:         {"A": "x", "B": "y"},
		`A=a b`:           {"A": "a"},
		`A=""`:            {"A": ""},
		`A==x`:            {"A": "="},
		`A=/usr/bin:/bin`: {"A": "/usr/bin:/bin"},
		`A=a-b.c+d(e):f`:  {"A": "a-b.c+d(e):f"},
		`A=1.5e3`:         {"A": "1.5e3"},
		`A=é`:             {"A": "é"},
		`A=$HOME`:         {"A": "$"},
		`A="$HOME"`:       {"A": "$HOME"},
		`A=a#b`:           {"A": "a"},
		`A="a#b"`:         {"A": "a#b"},
		`A=日本`:            {"A": "日"},
		`A=x,A=y`:         {"A": "y"},
		`A="a\"b"`:        {"A": `a"b`},
		`A="a\\b"`:        {"A": `a\b`},
		`A="\n"`:          {"A": `\n`},
		`"A"=b`:           {"A": "b"},
		`A="x"y`:          {"A": "xy"},
		`A="a""b"`:        {"A": "ab"},
		`A=x"y"`:          {"A": "xy"},
		`A=a\,b`:          {"A": "a,b"},
		`A=a\ b`:          {"A": "a b"},
	} {
		got, err := parseEnvironment(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	for _, in := range []string{`A=`, `A`, `=1`, `A=1,B`, `A=1,,B=2`, `A=1 B=2`, `A=a@b`, `A=a;b`, `A=b=c`, `A={x}`,
		`A=http://x/y?z`} {
		if _, err := parseEnvironment(in); err == nil || err.Error() != pairs+"'"+in+"'" {
			t.Errorf("%s: %v", in, err)
		}
	}
	for in, want := range map[string]string{
		`A="unterminated`: "No closing quotation", `A='a\'b'`: "No closing quotation", `A=a\`: "No escaped character",
	} {
		if _, err := parseEnvironment(in); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// FuzzEnvironment: no setting panics, and a value in double quotes, escaped, comes back as it was.
func FuzzEnvironment(f *testing.F) {
	for _, seed := range []string{"A=1", `"`, `\`, "a=b,c=d", "#", "日"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parseEnvironment(text)
		text = strings.ToValidUTF8(text, "?")
		escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
		got, err := parseEnvironment(`A="` + escaped + `",B=2`)
		if err != nil || got["A"] != text || got["B"] != "2" {
			t.Errorf("%q reads as %q, %v", text, got, err)
		}
	})
}
