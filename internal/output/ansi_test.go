package output

import "testing"

// strip passes the pieces of a stream through one StripANSI.
func strip(pieces ...[]byte) string {
	var s StripANSI
	var got []byte
	for _, p := range pieces {
		got = append(got, s.Strip(p)...)
	}
	return string(append(got, s.Flush()...))
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
		if got := strip([]byte(c.in)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestPlainTextIsNotCopied(t *testing.T) {
	var s StripANSI
	in := []byte("nothing to strip")
	if got := s.Strip(in); &got[0] != &in[0] {
		t.Error("copied")
	}
}

func TestFlushForgets(t *testing.T) {
	var s StripANSI
	s.Strip([]byte("\x1b[31"))
	if got := s.Flush(); len(got) != 0 {
		t.Errorf("flushed %q", got)
	}
	if got := s.Strip([]byte("mine")); string(got) != "mine" {
		t.Errorf("the next stream lost something: %q", got)
	}
}

func FuzzStripANSI(f *testing.F) {
	for _, s := range []string{"a\x1b[31mb", "\x1b", "\x1b[", "\x1b\x1b[m", "\x1b]0;t\x07", "\x1b[5n other"} {
		f.Add([]byte(s), uint(1), uint(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, i, j uint) {
		n := uint(len(data)) + 1
		i, j = min(i%n, j%n), max(i%n, j%n)
		whole := strip(data)
		if got := strip(data[:i], data[i:j], data[j:]); got != whole {
			t.Errorf("%q cut at %d and %d: got %q, whole %q", data, i, j, got, whole)
		}
		singles := make([][]byte, len(data))
		for k := range data {
			singles[k] = data[k : k+1]
		}
		if got := strip(singles...); got != whole {
			t.Errorf("%q byte by byte: got %q, whole %q", data, got, whole)
		}
	})
}
