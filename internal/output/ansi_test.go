package output

import (
	"strings"
	"testing"
)

// strip passes the pieces of a stream through one Strip, which may be handed over after each.
func strip(upgrades bool, pieces ...string) string {
	var got string
	stages := Stages{Strip: true, Targets: []Stage{end{&got, new(int)}}}
	s := stages.Chain()
	for _, p := range pieces {
		if s.Write([]byte(p)); upgrades {
			s = stages.Import(handed(Export(s)))
		}
	}
	s.Flush()
	return got
}

// TestStripANSI shows what is removed. covers: REP-G16, L12-b
func TestStripANSI(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain\n", "plain\n"},
		{"\x1b[31mred \x1b[0m \x1b[2Jx \x1b[?25l \x1b[38;5;196mq \x1b]0;t\x07 z", "red  x  q  z"},
		{"a\x1b[3;4Hb\x1b[1fc\x1b[Ad\x1b[Be\x1b[Cf\x1b[Dg\x1b[6Rh\x1b[si\x1b[uj\x1b[Kk\x1b[4hl\x1b[13pm", "abcdefghijklm"},
		{"\x1b[5n 12 \x1b[1Gcolumn\x1b[2 q \x1b[3~", " 12 column "},
		{"\x1b[1;\nnot a sequence\x1b[3é", "\nnot a sequenceé"},
		{"\x1b(Bplain\x1b)0\x1b*0\x1b+0 \x1b(%5x \x1b(\ny", "plain x \ny"},
		{"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b]0;a\x1b[1mb", "link b"},
		{"\x1b]2;no end\nnext \x1b]2;", "\nnext "},
		{"\x1b]P0ffffff\x1b]R \x1b]", "\x1b]P0ffffff\x1b]R \x1b]"},
		{"\x1b]\x1b]1;\x07x\x1b]0\x1b", "\x1b]x"},
		{"\x1b[12;", ""},
		{"\x1b", "\x1b"},
		{"\x1b\x1b[mx", "\x1bx"},
		{"\x1bc reset\x1b", "\x1bc reset\x1b"},
		{"\x1b[1m\x1b[2m\x1b[", ""},
		{"\x1b[\x1b[mx", "x"},
	} {
		for _, pieces := range [][]string{{c.in}, strings.Split(c.in, ""), {c.in[:len(c.in)/2], c.in[len(c.in)/2:]}} {
			for _, upgrades := range []bool{false, true} {
				if got := strip(upgrades, pieces...); got != c.want {
					t.Errorf("%q: got %q, want %q, handed over: %v", pieces, got, c.want, upgrades)
				}
			}
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
