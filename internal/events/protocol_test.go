package events

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestViolations shows the protocol violations, and that a listener that made one is sent nothing until its next child.
// covers: REP-G11
func TestViolations(t *testing.T) {
	const out = "WARN l0: has entered the UNKNOWN state and will no longer receive events, this usually indicates the " +
		"process violated the eventlistener protocol"
	const only = "; standard output is for the protocol only, messages belong on standard error"
	const length = " where RESULT, a length of at most 1048584 and a line feed were expected"
	back := "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)"
	for _, c := range []struct {
		busy bool
		text string
		log  []string
	}{
		{false, "hello\n", []string{"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out,
			`WARN l0: wrote b'hello\n' where READY and a line feed were expected` + only}},
		{false, "READY\nx", []string{"DEBG l0: ACKNOWLEDGED -> READY", "DEBG l0: READY -> UNKNOWN", out,
			`WARN l0: wrote b'x' where nothing was expected before the next event` + only}},
		{true, "garbage\n", []string{"WARN l0: bad result line: 'garbage'", "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'garbage'` + length}},
		{true, "RESULT xx\n", []string{"WARN l0: bad result line: 'RESULT xx'", "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'RESULT xx'` + length}},
		{true, "RESULT -1\nOK", []string{"WARN l0: bad result line: 'RESULT -1'", "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'RESULT -1'` + length}},
		{true, "\xff\n", []string{`WARN l0: bad result line: 'Undecodable: b'\xff''`, "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'\xff'` + length}},
		{true, "RESULT 2\nOK\n     ", []string{"DEBG l0: event was processed", "DEBG l0: BUSY -> ACKNOWLEDGED",
			"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out,
			`WARN l0: wrote b'\n     ' where READY and a line feed were expected` + only}},
		{false, strings.Repeat("x", 1000), []string{"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out,
			"WARN l0: wrote b'" + strings.Repeat("x", maxShown) + "' where READY and a line feed were expected" + only}},
	} {
		pt := newPoolTest(t, 1, 10)
		if c.busy {
			pt.receive(0, "READY\n")
			pt.emit("a")
		}
		pt.inputs[0].sent = nil
		pt.log.Reset()
		pt.receive(0, c.text)
		pt.logged(c.log...)
		pt.receive(0, "READY\n")
		pt.emit("b")
		if len(pt.inputs[0].sent) != 0 {
			t.Errorf("%q: sent %q", c.text, pt.inputs[0].sent)
		}
		pt.ls[0].Exited()
		pt.receive(0, "READY\n")
		if len(pt.inputs[0].sent) != 1 {
			t.Errorf("%q: sent to the next child: %q", c.text, pt.inputs[0].sent)
		}
	}
}

// TestByteReader shows the hint for a listener that may count bytes, which a new child loses. covers: REP-G11
func TestByteReader(t *testing.T) {
	const hint = "an event had characters beyond ASCII: a listener that counts bytes needs payload_length=bytes"
	for _, c := range []struct {
		data           string
		bytes, restart bool
		want           bool
	}{{"größe", false, false, true}, {"grosse", false, false, false}, {"größe", true, false, false}, {"größe", false, true, false}} {
		pt := newPoolTest(t, 1, 10)
		pt.CountBytes = c.bytes
		pt.receive(0, "READY\n")
		pt.emit(c.data, "plain")
		pt.receive(0, "RESULT 2\nOKREADY\n")
		if c.restart {
			pt.ls[0].Exited()
		}
		pt.receive(0, "error")
		pt.receive(0, "!\n")
		if got := strings.Contains(pt.log.String(), hint); got != c.want || pt.ls[0].phase != Unknown {
			t.Errorf("%+v: %s", c, pt.log.String())
		}
	}
}

// tokens lists the tokens of a listener whose output comes in these chunks. Each event is followed by another one.
func tokens(pieces ...string) []string {
	var m protocol
	var got []string
	busy := func() { // the next event is sent between two tokens
		if m.phase == Ready {
			m.phase = Busy
		}
	}
	for _, piece := range pieces {
		m.read([]byte(piece), func(kind token, text []byte) {
			got = append(got, fmt.Sprint(kind, " ", string(text)))
			if kind == result {
				m.phase = Acknowledged
			}
			busy()
		})
	}
	return append(got, m.phase.String())
}

func FuzzProtocol(f *testing.F) {
	for _, s := range []string{"READY\nRESULT 2\nOKREADY\n", "READY\nRESULT 0\nREADY\nRESULT 4\nFAIL", "READY\nRESULT x\n",
		"READ", "READY\nRESULT -1\n", "READY\n\n", "READY\n1234567 3 \nabcREADY\nRES"} {
		f.Add(s, uint(1), uint(9))
	}
	f.Fuzz(func(t *testing.T, data string, i, j uint) {
		n := uint(len(data)) + 1
		i, j = min(i%n, j%n), max(i%n, j%n)
		whole := tokens(data)
		singles := make([]string, len(data))
		for k := range singles {
			singles[k] = data[k : k+1]
		}
		for _, cut := range [][]string{{data[:i], data[i:j], data[j:]}, singles} {
			if d := cmp.Diff(whole, tokens(cut...)); d != "" {
				t.Errorf("%q cut as %q (-whole +cut):\n%s", data, cut, d)
			}
		}
	})
}

// TestAwaitingDecision shows that little of what a listener writes is kept while its result awaits a decision: enough to
// recognize a violation.
func TestAwaitingDecision(t *testing.T) {
	m := protocol{phase: Busy, awaitingDecision: true}
	kind, _, rest := m.next(bytes.Repeat([]byte("READY\n"), 10))
	if kind != incomplete || string(rest) != "READY\nR" {
		t.Errorf("%v, %q", kind, rest)
	}
}
