package shlex

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		err  error
	}{
		{"", nil, nil},
		{" \n\t", nil, nil},
		{"/bin/cat", []string{"/bin/cat"}, nil},
		{"\n/bin/echo on\n next", []string{"/bin/echo", "on", "next"}, nil},
		{`a "b c" 'd "e"' f\ g`, []string{"a", "b c", `d "e"`, "f g"}, nil},
		{`a ''`, []string{"a", ""}, nil},
		{`x"y"'z'`, []string{"xyz"}, nil},
		{`"a\"b\\c\n"`, []string{`a"b\c\n`}, nil},
		{`'a\'`, []string{`a\`}, nil},
		{`a;b|c&d<e>f #g $h`, []string{"a;b|c&d<e>f", "#g", "$h"}, nil},
		{"a\\\nb", []string{"a\nb"}, nil},
		{`"unterminated`, nil, ErrQuotation},
		{`it's`, nil, ErrQuotation},
		{`a\`, nil, ErrEscape},
		{`"a\`, nil, ErrEscape},
	} {
		got, err := Split(c.in)
		if err != c.err {
			t.Errorf("Split(%q): error %v, want %v", c.in, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Split(%q): %s", c.in, diff)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		err  error
	}{
		{`A=1,B="x y"`, []string{"A", "=", "1", ",", "B", "=", "x y"}, nil},
		{`A=a@b`, []string{"A", "=", "a", "@", "b"}, nil},
		{"A=a#b\nB=c", []string{"A", "=", "a", "B", "=", "c"}, nil},
		{`A=`, []string{"A", "="}, nil},
		{`A=""`, []string{"A", "=", ""}, nil},
		{`A=é日本`, []string{"A", "=", "é", "日", "本"}, nil},
		{`A=a×b`, []string{"A", "=", "a", "×", "b"}, nil},
		{`A=a\,b`, []string{"A", "=", "a,b"}, nil},
		{`#`, nil, nil},
		{`A="1`, nil, ErrQuotation},
	} {
		got, err := Tokens(c.in)
		if err != c.err {
			t.Errorf("Tokens(%q): error %v, want %v", c.in, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Tokens(%q): %s", c.in, diff)
		}
	}
}

// Of the printable ASCII characters, letters, digits and these are part of a word; a quote opens one and # begins a comment.
func TestTokensWordCharacters(t *testing.T) {
	const word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+-():"
	for r := '!'; r <= '~'; r++ {
		if strings.ContainsRune("\"'#\\", r) {
			continue
		}
		want := []string{"a", string(r), "b"}
		if strings.ContainsRune(word, r) {
			want = []string{"a" + string(r) + "b"}
		}
		if got, err := Tokens("a" + string(r) + "b"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%c: %q, %v, want %q", r, got, err, want)
		}
	}
}

// Any word in single quotes is returned unchanged.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"", `a "b`, `\`, `a\"b`, "日本 #x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		Tokens(s)
		Split(s)
		word := strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "'", "")
		got, err := Split("x '" + word + "'")
		if err != nil || len(got) != 2 || got[1] != word {
			t.Errorf("Split of quoted %q = %q, %v", word, got, err)
		}
	})
}

// quoted quotes any word for both functions.
func quoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}

// The words and tokens of a text, quoted, are split into the same words again.
func FuzzQuoted(f *testing.F) {
	for _, seed := range []string{"", `A="x y",B='c'`, `cmd 'a b' "c\"d" e\ f`, `a"b"'c'\d`, "x#y\nz", `""`,
		`"\\"`, "é=日本", `'\'`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, split := range map[string]func(string) ([]string, error){"Split": Split, "Tokens": Tokens} {
			words, err := split(strings.ToValidUTF8(text, "?"))
			if err != nil {
				continue
			}
			var all []string
			for _, word := range words {
				all = append(all, quoted(word))
			}
			again, err := split(strings.Join(all, " "))
			if diff := cmp.Diff(words, again); err != nil || diff != "" {
				t.Errorf("%s(%q): %v %s", name, text, err, diff)
			}
		}
	})
}
