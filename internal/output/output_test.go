package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// combination is a set of stages that a configuration can make.
type combination struct {
	protocol, strip, capture, events bool
	targets                          int
	upgrades                         bool // the chain is handed over after each piece
}

// combinations returns all of them. The output of a protocol is neither captured nor an event.
func combinations() (all []combination) {
	for targets := range 4 {
		for _, strip := range []bool{false, true} {
			all = append(all, combination{protocol: true, strip: strip, targets: targets})
			for _, capture := range []bool{false, true} {
				for _, events := range []bool{false, true} {
					all = append(all, combination{strip: strip, capture: capture, events: events, targets: targets})
				}
			}
		}
	}
	return all
}

// limit is how much of what is captured the tests keep, in bytes.
const limit = 8

// received is what comes out of a chain: the bytes at each end, and in order what targets and events about captured output
// get.
type received struct {
	Protocol string
	Targets  [3]string
	Captured string
	Complete []string // what was captured, with what the targets had by then before it
	Events   string
	Cut      string // an event that ends within a character
	Flushed  int    // how many ends were flushed
}

// end is a stage that records what it gets.
type end struct {
	into    *string
	flushed *int
}

func (e end) Write(chunk []byte) {
	if len(chunk) == 0 {
		panic("an empty chunk")
	}
	*e.into += string(chunk)
}

func (e end) Flush() { *e.flushed++ }

// pass passes the pieces of a stream through the chain.
func (c combination) pass(pieces ...[]byte) (got received) {
	last, plain := "", ""
	chain := c.stages(&got, &last, &plain).Chain()
	for _, p := range pieces {
		if len(p) == 0 {
			continue
		}
		chunk := bytes.Clone(p)
		chain.Write(chunk)
		clear(chunk) // what a stage needs later it has copied
		if c.upgrades {
			chain = c.stages(&got, &last, &plain).Import(handed(Export(chain)))
		}
	}
	chain.Flush()
	return got
}

// handed is the state as another program reads it.
func handed(s ChainState) (next ChainState) {
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &next)
	}
	if err != nil {
		panic(err)
	}
	return next
}

// stages are the stages, of which last is the last event, and plain what the targets have got.
func (c combination) stages(got *received, last, plain *string) Stages {
	to := func(s *string) end { return end{s, &got.Flushed} }
	s := Stages{Strip: c.strip}
	for i := range c.targets {
		s.Targets = append(s.Targets, to(&got.Targets[i]))
	}
	if c.protocol {
		s.Protocol = to(&got.Protocol)
	}
	if c.capture {
		s.Targets = append(s.Targets, end{plain, new(int)})
		s.Capture = &Capture{Max: limit, Captured: to(&got.Captured), Complete: func(data []byte) {
			got.Complete = append(got.Complete, *plain+"|"+string(data))
		}}
	}
	if c.events {
		s.Events = &Events{Wanted: func() bool { return true }, Emit: func(text []byte) {
			n := incomplete([]byte(*last))
			if r, _ := utf8.DecodeRuneInString((*last)[len(*last)-n:] + string(text)); n > 0 && r != utf8.RuneError {
				got.Cut = *last
			}
			*last = string(text)
			got.Events += *last
		}}
	}
	return s
}

var sequences = regexp.MustCompile(`\x1b\[[^HfABCDRsuJKhlpm]*[HfABCDRsuJKhlpm]?`)

// model is what should come out, found in the whole input at once.
func (c combination) model(in string) (want received) {
	want.Flushed = c.targets
	if c.protocol {
		want.Protocol = in
		want.Flushed++
	}
	if c.strip {
		in = sequences.ReplaceAllString(in, "")
	}
	if c.capture {
		want.Flushed++
		plain := ""
		for rest := in; ; {
			before, after, found := strings.Cut(rest, beginToken)
			plain += before
			if !found {
				break
			}
			captured, after, found := strings.Cut(after, endToken)
			want.Captured += captured
			if !found {
				break
			}
			want.Complete = append(want.Complete, plain+"|"+captured[max(0, len(captured)-limit):])
			rest = after
		}
		in = plain
	}
	if c.events {
		want.Events = in
	}
	for i := range c.targets {
		want.Targets[i] = in
	}
	return want
}

// check passes data through the chain in several cuts and compares what comes out with the model.
func (c combination) check(t *testing.T, data []byte, cuts ...[][]byte) {
	t.Helper()
	want := c.model(string(data))
	singles := make([][]byte, len(data))
	for i := range data {
		singles[i] = data[i : i+1]
	}
	for _, pieces := range append(cuts, [][]byte{data}, singles) {
		for _, c.upgrades = range []bool{false, true} {
			if got := c.pass(pieces...); !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v, %q cut as %q (-want +got):\n%s", c, data, pieces, cmp.Diff(want, got))
			}
		}
	}
}

// streams are inputs with everything that some stage looks at.
var streams = []string{
	"",
	"plain\n",
	"\x1b[31mred\x1b[0m €\n",
	"a" + beginToken + "captured" + endToken + "b" + beginToken + "again and long" + endToken,
	beginToken + "never ended <!--XSUPER",
	"a <!--XSUPERVISOR:BEG \x1b",
	"<!--XSUPER\x1b[1mVISOR:BEGIN-->x" + endToken + "€\xe2\x82",
	beginToken + "\x1b[31m€\xe2" + endToken + "\xac \xff\xfe \x1b[",
	endToken + beginToken + beginToken + endToken + endToken,
}

// covers: L12-b
// TestStages passes streams, cut everywhere, through the stages of every configuration, also if they are handed over in between.
func TestStages(t *testing.T) {
	for _, c := range combinations() {
		for _, s := range streams {
			data := []byte(s)
			cuts := make([][][]byte, len(data))
			for i := range data {
				cuts[i] = [][]byte{data[:i], data[i:]}
			}
			c.check(t, data, cuts...)
		}
	}
}

// FuzzStages passes any stream, with any two cuts, through the stages of any configuration.
func FuzzStages(f *testing.F) {
	all := combinations()
	for i := range all {
		f.Add([]byte(streams[i%len(streams)]), uint(i), uint(1), uint(20))
	}
	f.Fuzz(func(t *testing.T, data []byte, which, i, j uint) {
		n := uint(len(data)) + 1
		i, j = min(i%n, j%n), max(i%n, j%n)
		all[which%uint(len(all))].check(t, data, [][]byte{data[:i], data[i:j], data[j:]})
	})
}

// TestOnlyTarget shows that a log without any other stage is written to directly.
func TestOnlyTarget(t *testing.T) {
	target := &Strip{}
	if got := (Stages{Targets: []Stage{target}}).Chain(); got != Stage(target) {
		t.Errorf("the first stage is %T", got)
	}
	if got := fmt.Sprintf("%T", Stages{}.Chain()); got != "output.Tee" {
		t.Errorf("without targets the first stage is %s", got)
	}
}

// TestUnwantedEvents shows that output which no event is made of is not kept either.
func TestUnwantedEvents(t *testing.T) {
	wanted, got := true, ""
	e := Events{Wanted: func() bool { return wanted }, Emit: func(text []byte) { got += string(text) + "|" }}
	for _, chunk := range []string{"a\xe2", "\x82", "\xac\xe2", "dropped", "b"} {
		wanted = chunk != "dropped"
		e.Write([]byte(chunk))
	}
	e.Flush()
	if got != "a|€|b|" {
		t.Errorf("got %q", got)
	}
}

// TestIncomplete shows which bytes at the end of a chunk wait for the next one.
func TestIncomplete(t *testing.T) {
	for data, want := range map[string]int{
		"": 0, "abc": 0, "a€": 0, "a\xe2": 1, "a\xe2\x82": 2, "\xf0\x9f\x98": 3, "😀": 0, "a\x82": 0, "\x82\x82\x82\x82": 0,
		"a\xff": 0, "\xe2\x28": 0, "€\xc3": 1,
	} {
		if got := incomplete([]byte(data)); got != want {
			t.Errorf("%q: got %d, want %d", data, got, want)
		}
	}
	if n := incomplete([]byte("€")[:2]); n >= utf8.UTFMax {
		t.Errorf("%d bytes wait", n)
	}
}

// TestProtocolComesFirst shows that a protocol is understood before its bytes are logged, as the main log shows it.
func TestProtocolComesFirst(t *testing.T) {
	var all string
	to := end{&all, new(int)}
	Stages{Protocol: to, Strip: true, Targets: []Stage{to, to}}.Chain().Write([]byte("<\x1b[m>"))
	if want := "<\x1b[m>" + "<>" + "<>"; all != want {
		t.Errorf("got %q, want %q", all, want)
	}
}

// TestLongText cuts a long chunk into texts, between characters.
func TestLongText(t *testing.T) {
	text := "x" + strings.Repeat("aé€😀", (4*maxText-100)/10)
	var got []string
	e := &Events{Wanted: func() bool { return true }, Emit: func(text []byte) { got = append(got, string(text)) }}
	e.Write([]byte(text))
	for _, piece := range got {
		if len(piece) > maxText || !utf8.ValidString(piece) {
			t.Errorf("a text of %d bytes, valid: %v", len(piece), utf8.ValidString(piece))
		}
	}
	if strings.Join(got, "") != text || len(got) != 4 {
		t.Errorf("%d texts of %d bytes", len(got), len(strings.Join(got, "")))
	}
}
