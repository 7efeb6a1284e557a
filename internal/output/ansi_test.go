package output

import "testing"

// strip passes the pieces of a stream through one Strip.
func strip(pieces ...string) string {
	var got string
	s := Strip{Next: end{&got, new(int)}}
	for _, p := range pieces {
		s.Write([]byte(p))
	}
	s.Flush()
	return got
}

func TestStripANSI(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain\n", "plain\n"},
		{"\x1b[31mred \x1b[0m \x1b[2Jx \x1b[?25l \x1b[38;5;196mq \x1b]0;t\x07 z", "red  x  q \x1b]0;t\x07 z"},
		{"a\x1b[3;4Hb\x1b[1fc\x1b[Ad\x1b[Be\x1b[Cf\x1b[Dg\x1b[6Rh\x1b[si\x1b[uj\x1b[Kk\x1b[4hl\x1b[13pm", "abcdefghijklm"},
		{"\x1b[5n 123 other finals end at the next such letter: h", "er finals end at the next such letter: h"},
		{"\x1b[12;", ""},
		{"\x1b", "\x1b"},
		{"\x1b\x1b[mx", "\x1bx"},
		{"\x1bc reset\x1b", "\x1bc reset\x1b"},
		{"\x1b[1m\x1b[2m\x1b[", ""},
		{"\x1b[\x1b[mx", "x"},
	} {
		if got := strip(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// TestStripWholeText shows the one difference to a stream: an ESC at the end is removed as well.
func TestStripWholeText(t *testing.T) {
	if got := string(StripANSI([]byte("a\x1b[1mb\x1b]c\x1b"))); got != "ab\x1b]c" {
		t.Errorf("got %q", got)
	}
}

func TestPlainTextIsNotCopied(t *testing.T) {
	in := []byte("nothing to strip")
	if got := StripANSI(in); &got[0] != &in[0] {
		t.Error("copied")
	}
}
