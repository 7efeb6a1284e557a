package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorder is a target that keeps what it gets.
type recorder struct {
	text   string
	room   int // 0: any
	writes []string
}

func (r *recorder) Write(chunk []byte) { r.WriteRecords(chunk) }

func (r *recorder) WriteRecords(records []byte) {
	r.text += string(records)
	r.writes = append(r.writes, string(records))
}

func (r *recorder) Room() int {
	if r.room == 0 {
		return math.MaxInt
	}
	return r.room
}

// ticking is a clock that goes on by a second at each look.
func ticking() func() time.Time {
	at := time.Date(2026, 11, 27, 13, 49, 8, 123456000, time.UTC)
	return func() time.Time {
		at = at.Add(time.Second)
		return at
	}
}

// bare is a Format that shows what a record is made of, without its time.
type bare struct{}

func (bare) Append(b []byte, r *Record) []byte {
	rest := ""
	if r.Rest {
		rest = "rest "
	}
	return fmt.Appendf(b, "%c %s%q\n", r.Mark, rest, r.Text)
}

// newLines returns a stage with an output of each kind, and what they write.
func newLines(multiline string) (*Lines, []*recorder) {
	targets := []*recorder{{}, {}, {}, {}}
	l := &Lines{Stamps: &Stamps{Now: ticking()}, Outputs: []*Output{
		{Target: targets[0]}, {Target: targets[1], Whole: true}, {Target: targets[2], Format: bare{}},
		{Target: targets[3], Format: &JSON{Names: &Names{UTC: true}}}}}
	if multiline != "" {
		l.Multiline = regexp.MustCompile(multiline)
	}
	return l, targets
}

// modelRecords are the records of a stream without silence, found in the whole at once.
func modelRecords(in []byte) (records []Record) {
	for len(in) > 0 {
		line, rest, ended := bytes.Cut(in, []byte("\n"))
		in = rest
		first := true
		for len(line) > maxPiece {
			n := maxPiece - incomplete(line[:maxPiece])
			records = append(records, Record{Mark: MarkPartial, Text: line[:n], Rest: !first})
			line, first = line[n:], false
		}
		if ended {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		if ended || len(line) > 0 {
			records = append(records, Record{Mark: MarkLine, Text: line, Rest: !first})
		}
	}
	return records
}

// show are records as bare shows them.
func show(records []Record) string {
	var b []byte
	for _, r := range records {
		b = bare{}.Append(b, &r)
	}
	return string(b)
}

// pieces cuts a text at places that a seed says.
func pieces(text []byte, seed uint64) (cut [][]byte) {
	for len(text) > 0 {
		seed = seed*6364136223846793005 + 1442695040888963407
		n := min(len(text), 1+int(seed>>33)%(1+int(seed>>59)*int(seed>>50%4096)))
		cut = append(cut, text[:n])
		text = text[n:]
	}
	return cut
}

func FuzzLines(f *testing.F) {
	for _, text := range []string{"", "a\nb", "a\r\n\r\n\r", "\xff\n\xe4\xbd", "{}\n{\"a\":1}\r\n", strings.Repeat("x", maxPiece) + "\ny",
		strings.Repeat("x", maxPiece-1) + "\u4f60\n", strings.Repeat("x", maxPiece+1), strings.Repeat("\xe4\xbd\xa0", maxPiece) + "\r\n"} {
		f.Add([]byte(text), uint64(3), false)
		f.Add([]byte(text), uint64(12345), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, upgrades bool) {
		l, got := newLines("")
		for _, piece := range pieces(text, seed) {
			chunk := bytes.Clone(piece)
			l.Write(chunk)
			clear(chunk) // what the stage needs later it has copied
			if upgrades {
				next, targets := newLines("")
				for i := range targets {
					*targets[i] = *got[i]
				}
				next.restore(handed(ChainState{Lines: l.export()}).Lines)
				l, got = next, targets
			}
			if n, _, _ := l.Held(); n > 2*maxPiece {
				t.Fatalf("%d bytes are held back", n)
			}
		}
		l.Flush()
		if n, _, _ := l.Held(); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
		if got[0].text != string(text) || got[1].text != string(text) {
			t.Error("plain outputs have other bytes")
		}
		if want := show(modelRecords(text)); got[2].text != want {
			t.Errorf("%s", cmp.Diff(want, got[2].text))
		}
		checkJSON(t, got[3].text, modelRecords(text))
	})
}

// checkJSON compares records with what encoding/json reads.
func checkJSON(t *testing.T, text string, want []Record) {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	if len(lines) != len(want)+1 {
		t.Fatalf("%d lines for %d records", len(lines)-1, len(want))
	}
	for i, r := range want {
		var got struct {
			Message string
			Partial bool
		}
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatalf("%q: %v", lines[i], err)
		}
		if got.Message != replaced(r.Text) || got.Partial != (r.Mark == MarkPartial) {
			t.Errorf("%q became %q", r.Text, got.Message)
		}
	}
}

// replaced is a text in which each byte that is not UTF-8 is U+FFFD.
func replaced(text []byte) string { return string([]rune(string(text))) }

func FuzzJSON(f *testing.F) {
	for _, text := range []string{"", "plain", "a\"b\\c\n\r\t\b\f\x00\x1f\x7f", "<&>\u2028", "12345678\x80abcdefgh\"", "\xf0\x9f\x98\x80 \xf0\x9f"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := AppendJSON([]byte("x"), text)
		var back string
		if err := json.Unmarshal(got[1:], &back); err != nil || back != replaced(text) {
			t.Errorf("%q became %s: %v", text, got, err)
		}
		var want bytes.Buffer // encoding/json escapes the same, but for control characters that have a short form and U+2028
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if !bytes.ContainsAny(text, "\u2028\u2029") && bytes.Equal(text, []byte(replaced(text))) {
			e.Encode(string(text))
			if want := bytes.TrimSuffix(want.Bytes(), []byte("\n")); !bytes.Equal(want, got[1:]) {
				t.Errorf("%s, want %s", got[1:], want)
			}
		}
		for at := range 9 { // in each place of eight bytes
			padded := append(bytes.Repeat([]byte{'a'}, at), text...)
			if b := AppendJSON(nil, padded); string(b[1+at:]) != string(got[2:]) {
				t.Errorf("after %d bytes: %s, want %s", at, b, got)
			}
		}
	})
}

// TestSilence releases what is held back: a piece, but neither a part of a character nor a carriage return.
func TestSilence(t *testing.T) {
	l, got := newLines("")
	for _, s := range []struct{ write, records, held string }{
		{"a\nb", "| \"a\"\n+ \"b\"\n", ""},
		{"c\nd\xe4\xbd", "| rest \"c\"\n+ \"d\"\n", "\xe4\xbd"},
		{"", "+ rest \"\\xe4\\xbd\"\n", ""},
		{"e\r", "+ rest \"e\"\n", "\r"},
		{"\n\r", "| rest \"\"\n+ \"\\r\"\n", ""},
	} {
		got[2].text = ""
		if s.write != "" {
			l.Write([]byte(s.write))
		}
		l.Release()
		if got[2].text != s.records || string(l.held) != s.held {
			t.Errorf("%q: %s, held back %q", s.write, got[2].text, l.held)
		}
	}
	l.Flush()
	if want := "a\nbc\nd\xe4\xbde\r\n\r"; got[1].text != want {
		t.Errorf("%q", got[1].text)
	}
}

// TestMultiline joins lines to records, wherever they are cut.
func TestMultiline(t *testing.T) {
	long := strings.Repeat("x", maxRecord/2)
	many := "a\n" + strings.Repeat(" b\n", 2*maxRecordLines)
	for _, s := range []struct{ in, want string }{
		{" x\n y\na\n b\r\n c\nd\n", show([]Record{{Mark: '|', Text: []byte(" x")}, {Mark: '|', Text: []byte(" y")},
			{Mark: '|', Text: []byte("a\n b\n c")}, {Mark: '|', Text: []byte("d")}})},
		{"a\n b", show([]Record{{Mark: '|', Text: []byte("a\n b")}})},
		{many, show([]Record{{Mark: '|', Text: []byte("a" + strings.Repeat("\n b", maxRecordLines-1))},
			{Mark: '|', Text: []byte(strings.TrimSuffix(strings.Repeat(" b\n", maxRecordLines), "\n"))},
			{Mark: '|', Text: []byte(" b")}})},
		{"a\n " + long + "\n " + long + "\nb\n", show([]Record{
			{Mark: '+', Text: []byte("a\n " + long + "\n " + long[:maxPiece-1])}, {Mark: '|', Rest: true, Text: []byte(long[maxPiece-1:])},
			{Mark: '|', Text: []byte("b")}})},
	} {
		for seed := range uint64(20) {
			l, got := newLines(`^\S`)
			for _, piece := range pieces([]byte(s.in), seed) {
				l.Write(piece)
				if len(s.in) > maxPiece { // its state takes long to write
					continue
				}
				next, targets := newLines(`^\S`)
				for i := range targets {
					*targets[i] = *got[i]
				}
				next.restore(handed(ChainState{Lines: l.export()}).Lines)
				l, got = next, targets
			}
			l.Flush()
			if got[2].text != s.want || got[1].text != s.in {
				t.Fatalf("seed %d: %s", seed, cmp.Diff(s.want, got[2].text))
			}
		}
	}
}

// TestMultilineSilence ends a record, and what follows does not belong to it.
func TestMultilineSilence(t *testing.T) {
	l, got := newLines(`^\S`)
	l.Write([]byte("a\n b\n c"))
	l.Release()
	l.Write([]byte("d\n e\nf\n"))
	l.Flush()
	want := "+ \"a\\n b\\n c\"\n| rest \"d\"\n| \" e\"\n| \"f\"\n"
	if got[2].text != want {
		t.Error(cmp.Diff(want, got[2].text))
	}
}

// TestRoom writes records in parts that exceed the room of a target by no more than one.
func TestRoom(t *testing.T) {
	l, got := newLines("")
	got[1].room, got[2].room = 3, 3
	l.Write([]byte("a\nb\nc\nd"))
	l.Flush()
	if d := cmp.Diff([]string{"a\nb\n", "c\n", "d"}, got[1].writes); d != "" {
		t.Error(d)
	}
	if len(got[2].writes) != 4 {
		t.Errorf("%q", got[2].writes)
	}
}

// TestTimes has times that ascend, and that of the first byte for a line.
func TestTimes(t *testing.T) {
	clock := ticking()
	target := &recorder{}
	l := &Lines{Stamps: &Stamps{Now: func() time.Time { return clock() }}, Outputs: []*Output{{Target: target,
		Format: &JSON{Names: &Names{Group: "g", Process: "p\"", Channel: "stdout", UTC: true, PID: func() int { return 7 },
			Helper: "pre_start", Fields: map[string]string{"b": "2", "a": "\n"}}, Data: true}}}}
	l.Write([]byte("a"))
	l.Write([]byte("b\n{\"x\": 1}\nc"))
	clock = func() time.Time { return time.Unix(0, 0) }
	l.Mark(&Event{Name: "exited", Text: "exited: p", PID: 8, Ended: true, Status: 3, Expected: true})
	l.Mark(&Event{Name: "exited", Text: "x", Ended: true, Signal: "KILL"})
	l.Mark(&Event{Name: "spawned", Text: "y", PID: 9})
	l.Release()
	l.Write([]byte("{}\n{\"a\":\n{}\r{}\n"))
	head := func(second int) string {
		return fmt.Sprintf(`{"time":"2026-11-27T13:49:%02d.123456Z","group":"g","name":"p\"","channel":"stdout","pid":7,"helper":"pre_start","a":"\n","b":"2",`, second)
	}
	mark := func(pid string) string {
		return `{"time":"2026-11-27T13:49:10.123456Z","group":"g","name":"p\"","channel":"supervisor",` + pid + `"helper":"pre_start","a":"\n","b":"2",`
	}
	want := head(9) + `"message":"ab"}` + "\n" + head(10) + `"data":{"x": 1}}` + "\n" +
		mark(`"pid":8,`) + `"message":"exited: p","event":"exited","exit_status":3,"expected":true}` + "\n" +
		mark("") + `"message":"x","event":"exited","signal":"KILL","expected":false}` + "\n" +
		mark(`"pid":9,`) + `"message":"y","event":"spawned"}` + "\n" +
		head(10) + `"message":"c","partial":true}` + "\n" + head(10) + `"message":"{}"}` + "\n" +
		head(10) + `"message":"{\"a\":"}` + "\n" + head(10) + `"message":"{}\r{}"}` + "\n"
	if d := cmp.Diff(want, target.text); d != "" {
		t.Error(d)
	}
}

// TestPlainMark begins a line.
func TestPlainMark(t *testing.T) {
	l, got := newLines("")
	mark := &Event{Text: "m", Line: []byte("m\n")}
	l.Mark(mark)
	l.Write([]byte("a"))
	l.Mark(mark)
	l.Write([]byte("b\n"))
	l.Mark(mark)
	if want := "m\na\nm\nb\nm\n"; got[0].text != want {
		t.Errorf("%q", got[0].text)
	}
	if want := "m\nm\nab\nm\n"; got[1].text != want { // a is held back when the second mark comes
		t.Errorf("%q", got[1].text)
	}
}

// TestTemplate formats records.
func TestTemplate(t *testing.T) {
	names := &Names{Namespec: "g:p", Process: "p", Group: "g", Program: "prog", Number: 3, Channel: "stderr", Host: "h%", Identifier: "i",
		PID: func() int { return 42 }, Fields: map[string]string{"k.x": "v"}, UTC: true}
	at := time.Date(2026, 11, 27, 14, 49, 8, 123456789, time.FixedZone("", 3600))
	for template, want := range map[string]string{
		TextTemplate: "2026-11-27 13:49:08,123 g:p stderr | m\xff\u00fc\n",
		"%(time)s [%(program_name)s#%(process_num)02d] %(message)s":                   "2026-11-27T13:49:08.123456Z [prog#03] m\xff\u00fc\n",
		"%(epoch)s %(pid)d %(pid)05d|%(pid)-5d|%(message)s %%(x)s":                    "1795787348.123456 42 00042|42   |m\xff\u00fc %(x)s\n",
		"%(namespec)-6s%(host_node_name)s%(identifier)s%(process_name)s%(message)s":   "g:p   h%ipm\xff\u00fc\n",
		"[%(message)5s] [%(message)-5s] [%(message).2s] %(field.k.x)s %(group_name)s": "[  m\xff\u00fc] [m\xff\u00fc  ] [m\xff] v g\n",
		"%(mark)3s%(message)s%(asctime).4s":                                           "  |m\xff\u00fc2026\n",
	} {
		expanded, err := ExpandTemplate(template, "w", names)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		f, err := NewTemplate(expanded, names)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		for range 2 { // the second time with what is kept
			if got := string(f.Append(nil, &Record{Time: at, Mark: '|', Text: []byte("m\xff\u00fc")})); got != want {
				t.Errorf("%s: %q, want %q", template, got, want)
			}
		}
	}
	for template, want := range map[string]string{
		"%(message)s%(nope)s": "Format string '%(message)s%(nope)s' for 'w' contains names ('nope') which cannot be expanded. Available names: " +
			"asctime, channel, epoch, field.k.x, group_name, host_node_name, identifier, mark, message, namespec, pid, process_name, process_num, " +
			"program_name, time",
		"%(message)s%":       "Format string '%(message)s%' for 'w' is badly formatted: incomplete format",
		"%(message)r":        ErrTemplate.Error(),
		"%(mark)s":           ErrTemplate.Error(),
		"%%(message)s":       ErrTemplate.Error(),
		"%(message)s%(pid)x": "",
	} {
		_, err := ExpandTemplate(template, "w", names)
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s: %s", template, got)
		}
	}
}
