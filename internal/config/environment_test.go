package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		if _, err := parseEnvironment(in); err == nil || err.Error() != pairs+" in value '"+in+"'" {
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

// FuzzEnvironment checks that no text causes a panic, and that a value in double quotes, escaped, is read back.
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
