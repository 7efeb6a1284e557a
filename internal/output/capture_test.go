package output

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parts collects what a Capture finds.
type parts struct {
	plain, captured string
	events          []string
}

func (p *parts) Plain(data []byte)    { p.plain += string(data) }
func (p *parts) Captured(data []byte) { p.captured += string(data) }
func (p *parts) Complete(data []byte) { p.events = append(p.events, string(data)) }

func capture(limit int, pieces ...string) parts {
	c := Capture{Max: limit}
	var got parts
	for _, piece := range pieces {
		c.Write([]byte(piece), &got)
	}
	c.Flush(&got)
	return got
}

func TestCapture(t *testing.T) {
	for _, c := range []struct {
		in   string
		want parts
	}{
		{"", parts{}},
		{"plain\n", parts{plain: "plain\n"}},
		{"a" + begin + "x" + end + "b", parts{"ab", "x", []string{"x"}}},
		{begin + end, parts{events: []string{""}}},
		{begin + "p" + end + begin + "q" + end, parts{"", "pq", []string{"p", "q"}}},
		{begin + "0123456789" + end, parts{"", "0123456789", []string{"23456789"}}},
		{end + "a" + begin + begin + end, parts{end + "a", begin, []string{begin[len(begin)-8:]}}},
		{"a" + begin + "never ended", parts{plain: "a", captured: "never ended"}},
		{"a<!--XSUPER", parts{plain: "a<!--XSUPER"}},
		{begin + "x<!--XSUPER", parts{captured: "x<!--XSUPER"}},
		{"<<!--XSUPERVISOR:<!--XSUPERVISOR:BEGIN-->y" + end, parts{"<<!--XSUPERVISOR:", "y", []string{"y"}}},
	} {
		got := capture(8, c.in)
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(parts{})); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, d)
		}
	}
}

// TestCaptureMemory shows that little more than the limit is kept of what is captured.
func TestCaptureMemory(t *testing.T) {
	c := Capture{Max: 100}
	var got parts
	c.Write([]byte(begin), &got)
	for range 10_000 {
		c.Write([]byte("0123456789"), &got)
	}
	if n := cap(c.captured); n > 1000 {
		t.Errorf("%d bytes are kept", n)
	}
	c.Write([]byte(end), &got)
	if want := strings.Repeat("0123456789", 10); len(got.events) != 1 || got.events[0] != want {
		t.Errorf("got %q", got.events)
	}
}

// TestCaptureDiscard shows that a clear empties the buffer and capturing goes on.
func TestCaptureDiscard(t *testing.T) {
	c := Capture{Max: 100}
	var got parts
	c.Write([]byte(begin+"old"), &got)
	c.Discard()
	c.Write([]byte("new"+end), &got)
	if len(got.events) != 1 || got.events[0] != "new" {
		t.Errorf("got %q", got.events)
	}
}

func FuzzCapture(f *testing.F) {
	for _, s := range []string{"a" + begin + "b" + end + "c", begin + end, "<!--XSUPERVISOR:", begin + "x<!--XSUPER"} {
		f.Add(s, uint(1), uint(20))
	}
	f.Fuzz(func(t *testing.T, data string, i, j uint) {
		n := uint(len(data)) + 1
		i, j = min(i%n, j%n), max(i%n, j%n)
		whole := capture(5, data)
		for _, cut := range [][]string{{data[:i], data[i:j], data[j:]}, strings.Split(data, "")} {
			if d := cmp.Diff(whole, capture(5, cut...), cmp.AllowUnexported(parts{})); d != "" {
				t.Errorf("%q cut as %q (-whole +cut):\n%s", data, cut, d)
			}
		}
	})
}

func BenchmarkCapture(b *testing.B) {
	chunk := []byte(strings.Repeat("an ordinary line of output, <b>nothing</b> to capture\n", 1000))
	c := Capture{Max: 1024}
	var got discard
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		c.Write(chunk, &got)
	}
}

type discard struct{}

func (*discard) Plain([]byte)    {}
func (*discard) Captured([]byte) {}
func (*discard) Complete([]byte) {}
