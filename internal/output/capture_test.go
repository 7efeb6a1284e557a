package output

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parts is what a Capture finds.
type parts struct {
	plain, captured string
	events          []string
}

// to makes a Capture that records what it finds.
func (p *parts) to(limit int) *Capture {
	return &Capture{Max: limit, Plain: end{&p.plain, new(int)}, Captured: end{&p.captured, new(int)},
		Complete: func(data []byte) { p.events = append(p.events, string(data)) }}
}

func TestCapture(t *testing.T) {
	for _, c := range []struct {
		in   string
		want parts
	}{
		{"", parts{}},
		{"plain\n", parts{plain: "plain\n"}},
		{"a" + beginToken + "x" + endToken + "b", parts{"ab", "x", []string{"x"}}},
		{beginToken + endToken, parts{events: []string{""}}},
		{beginToken + "p" + endToken + beginToken + "q" + endToken, parts{"", "pq", []string{"p", "q"}}},
		{beginToken + "0123456789" + endToken, parts{"", "0123456789", []string{"23456789"}}},
		{endToken + "a" + beginToken + beginToken + endToken, parts{endToken + "a", beginToken, []string{beginToken[len(beginToken)-8:]}}},
		{"a" + beginToken + "never ended", parts{plain: "a", captured: "never ended"}},
		{"a<!--XSUPER", parts{plain: "a<!--XSUPER"}},
		{beginToken + "x<!--XSUPER", parts{captured: "x<!--XSUPER"}},
		{"<<!--XSUPERVISOR:<!--XSUPERVISOR:BEGIN-->y" + endToken, parts{"<<!--XSUPERVISOR:", "y", []string{"y"}}},
	} {
		var got parts
		stage := got.to(limit)
		stage.Write([]byte(c.in))
		stage.Flush()
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(parts{})); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, d)
		}
	}
}

// TestCaptureMemory shows that little more than the limit is kept of what is captured.
func TestCaptureMemory(t *testing.T) {
	var got parts
	c := got.to(100)
	c.Write([]byte(beginToken))
	for range 10_000 {
		c.Write([]byte("0123456789"))
	}
	if n := cap(c.captured); n > 1000 {
		t.Errorf("%d bytes are kept", n)
	}
	c.Write([]byte(endToken))
	if want := strings.Repeat("0123456789", 10); len(got.events) != 1 || got.events[0] != want {
		t.Errorf("got %q", got.events)
	}
}

// covers: L12-b
// TestCaptureDiscard shows that a clear empties the buffer and capturing goes on, also after a handover.
func TestCaptureDiscard(t *testing.T) {
	for _, upgrades := range []bool{false, true} {
		var got parts
		c := got.to(100)
		c.Write([]byte(beginToken + "old"))
		c.Discard()
		if upgrades {
			next := got.to(100)
			Stages{Capture: next}.Import(handed(Export(c)))
			c = next
		}
		c.Write([]byte("new" + endToken))
		if len(got.events) != 1 || got.events[0] != "new" {
			t.Errorf("got %q", got.events)
		}
	}
}

// covers: L12-b
// TestUntouchedState shows that a chain between two tokens, sequences and characters has no state.
func TestUntouchedState(t *testing.T) {
	var got parts
	c := Stages{Strip: true, Capture: got.to(100), Events: &Events{Wanted: func() bool { return false }}}.Chain()
	c.Write([]byte(beginToken + "x" + endToken + "\x1b[mplain\n"))
	if d := cmp.Diff(ChainState{}, handed(Export(c))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func BenchmarkCapture(b *testing.B) {
	chunk := []byte(strings.Repeat("an ordinary line of output, <b>nothing</b> to capture\n", 1000))
	c := Capture{Max: 1024, Plain: Tee{}}
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		c.Write(chunk)
	}
}
