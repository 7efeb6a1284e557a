package process

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// settings are all that decides what the output of a channel passes through.
type settings struct {
	channel                                              api.Channel
	listener, strip, debug, file, syslog, capture, event bool
	function                                             bool // captured output goes to a function, as with plug-ins
}

// everySetting returns all combinations.
func everySetting() (all []settings) {
	for bits := range 1 << 9 {
		is := func(i int) bool { return bits>>i&1 != 0 }
		s := settings{listener: is(0), strip: is(1), debug: is(2), file: is(3), syslog: is(4), capture: is(5), event: is(6),
			function: is(7)}
		if is(8) {
			s.channel = api.Stderr
		}
		all = append(all, s)
	}
	return all
}

// hasProtocol reports whether the channel is that on which an event listener answers.
func (s settings) hasProtocol() bool { return s.listener && s.channel == api.Stdout }

// received is what comes out at the ends of the stages.
type received struct {
	File, Syslog, Main string
	Events             []string
	Function           string
	Ready              bool // the listener was sent an event
}

const (
	escape   = "\x1b[1m"
	captured = "<!--XSUPERVISOR:BEGIN-->c<!--XSUPERVISOR:END-->"
	text     = "a" + escape + captured + "d\n\ne\n"
)

// input is what the child writes.
func (s settings) input() string {
	if s.hasProtocol() {
		return "READY\n"
	}
	return text
}

// model is what should come out.
func (s settings) model() (want received) {
	in, name, upper := s.input(), s.channel.String(), strings.ToUpper(s.channel.String())
	if s.strip {
		in = strings.ReplaceAll(in, escape, "")
	}
	want.Ready = s.hasProtocol()
	if s.hasProtocol() {
		s.syslog, s.capture, s.event = false, false, false
	}
	plain := func(part string) {
		if s.file {
			want.File += part
		}
		if s.syslog {
			for line := range strings.SplitSeq(strings.TrimRight(part, "\n"), "\n") {
				want.Syslog += "supervisord: p " + line + "|"
			}
		}
		if s.debug {
			want.Main += fmt.Sprintf("DEBG 'p' %s output:\n%s\n", name, part)
		}
		if s.event {
			want.Events = append(want.Events,
				fmt.Sprintf("PROCESS_LOG_%s processname:p groupname:g pid:7 channel:%s\n%s", upper, name, part))
		}
	}
	if !s.capture {
		plain(in)
		return want
	}
	before, after, _ := strings.Cut(in, captured)
	plain(before)
	if s.debug {
		want.Main += fmt.Sprintf("DEBG 'p' %s output:\nc\n", name)
	}
	if s.function {
		want.Function = "c"
	} else {
		want.Events = append(want.Events, "PROCESS_COMMUNICATION_"+upper+" processname:p groupname:g pid:7\nc")
		if s.debug {
			want.Main += fmt.Sprintf("DEBG 'p' %s emitted a comm event\n", name)
		}
	}
	plain(after)
	return want
}

// covers: L12-b
// TestStages passes output through the stages of every configuration, from the pump's side to all targets, also if the channel was handed
// over before.
func TestStages(t *testing.T) {
	for _, upgrades := range []bool{false, true} {
		testStages(t, upgrades)
	}
}

func testStages(t *testing.T, upgrades bool) {
	socket, records := syslogDaemon(t)
	path := filepath.Join(t.TempDir(), "log")
	date := regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} `)
	for _, s := range everySetting() {
		os.Remove(path)
		p, main := s.process(socket, path)
		var got received
		if s.function {
			p.role.Captured = func(data []byte) { got.Function += string(data) }
		}
		all := subscribe(&p.shared.Events, "PROCESS_LOG", "PROCESS_COMMUNICATION")
		ticks := subscribe(&p.shared.Events, "TICK")
		if s.listener {
			ticks.listener.Exited() // and is not ready
			p.role.Listener = ticks.listener
		}
		c := &p.out
		if s.channel == api.Stderr {
			c = &p.err
		}
		if err := c.open(); err != nil {
			t.Fatal(err)
		}
		c.setPID(7)
		if upgrades {
			c.upgrade(t)
		}
		c.sink().Write([]byte(s.input()))
		c.close()
		got.Events = all.received()
		p.shared.Events.Emit(api.Tick5, "when:0")
		got.Ready = s.listener && len(ticks.received()) > 0
		if b, err := os.ReadFile(path); err == nil {
			got.File = string(b)
		}
		got.Syslog = records(p.shared.Syslog)
		got.Main = date.ReplaceAllString(main.String(), "")
		if d := cmp.Diff(s.model(), got); d != "" {
			t.Fatalf("%+v, handed over: %v (-want +got):\n%s", s, upgrades, d)
		}
	}
}

// handed returns the state that export has written as the next program reads it.
func handed[T any](t *testing.T, export func(*handover.Writer) T) (state T, r *handover.Reader) {
	t.Helper()
	w := handover.NewWriter("1")
	w.Put("room", export(w))
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	if r, err = handover.Read(text, "2", false); err != nil {
		t.Fatal(err)
	}
	r.Get("room", &state)
	return state, r
}

// upgrade hands the channel over to itself.
func (c *channel) upgrade(t *testing.T) {
	t.Helper()
	state, r := handed(t, c.Export)
	p, name, cfg := c.process, c.name, c.config
	*c = channel{}
	c.init(p, name, cfg)
	c.Import(r, state)
	if err := r.Complete(); err != nil {
		t.Fatal(err)
	}
}

// process makes a process whose channels have the settings, and the text of its main log.
func (s settings) process(socket, path string) (*Process, *bytes.Buffer) {
	level := api.Info
	if s.debug {
		level = api.Debug
	}
	channel := config.Channel{Log: config.Log{Syslog: s.syslog}, Events: s.event}
	if s.file {
		channel.Log.Kind, channel.Log.Path = config.LogFile, path
	}
	if s.capture {
		channel.Capture = 100
	}
	main := &bytes.Buffer{}
	shared := &Shared{Log: logs.NewMain(main, level), Syslog: logs.NewSyslog(socket), StripANSI: s.strip,
		Events: events.Bus{Serial: new(events.Serial)}}
	return New(&config.Process{Program: &config.Program{}, ProcessName: "p", Out: channel, Err: channel},
		&config.Group{Name: "g"}, nil, Role{}, shared), main
}

// syslogDaemon returns the path of a socket, and a function that returns the records that were sent to it and closes the
// sender.
func syslogDaemon(t *testing.T) (path string, records func(*logs.Syslog) string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	buf := make([]byte, 1000)
	return path, func(s *logs.Syslog) (all string) {
		defer s.Close()
		s.Send("", []byte("end"))
		for {
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			_, record, _ := strings.Cut(string(buf[:n]), "supervisord: ")
			if record == "end" {
				return all
			}
			all += "supervisord: " + record + "|"
		}
	}
}

// subscriber is a listener that accepts every event, if it was made by subscribe.
type subscriber struct {
	listener *events.Listener
	messages []string
}

func subscribe(bus *events.Bus, types ...string) *subscriber {
	s := new(subscriber)
	pool := bus.NewPool(events.PoolOptions{Name: types[0], Events: types, BufferSize: 100,
		Log: logs.NewMain(new(bytes.Buffer), api.Critical)})
	bus.Add(pool)
	s.listener = pool.AddListener("p")
	s.listener.Receive([]byte("READY\n"), time.Now())
	s.listener.Enable(s)
	return s
}

// Send implements events.Input.
func (s *subscriber) Send(head []byte, payload string) error {
	message := string(head) + payload
	s.messages = append(s.messages, string(message))
	return nil
}

// received accepts all events so far and returns their types and payloads.
func (s *subscriber) received() (all []string) {
	for len(s.messages) > 0 {
		header, payload, _ := strings.Cut(s.messages[0], "\n")
		s.messages = s.messages[1:]
		_, name, _ := strings.Cut(header, "eventname:")
		name, _, _ = strings.Cut(name, " ")
		all = append(all, name+" "+payload)
		s.listener.Receive([]byte("RESULT 2\nOKREADY\n"), time.Now())
	}
	return all
}

// TestPlainLogIsWrittenDirectly shows that the pump writes to the log file itself if that is all there is.
func TestPlainLogIsWrittenDirectly(t *testing.T) {
	for _, s := range everySetting() {
		plain := !s.listener && !s.strip && !s.debug && !s.syslog && !s.capture && !s.event
		if s.listener {
			continue
		}
		p, _ := s.process("", filepath.Join(t.TempDir(), "log"))
		if err := p.out.open(); err != nil {
			t.Fatal(err)
		}
		if direct := p.out.sink() == pump.Sink(&p.out.file); direct != plain {
			t.Errorf("%+v: %v", s, direct)
		}
		line := []byte("a line of output\n")
		if n := testing.AllocsPerRun(10, func() { p.out.sink().Write(line) }); plain && n != 0 {
			t.Errorf("%+v: %v allocations a write", s, n)
		}
		p.out.setPID(7)
		p.out.close()
	}
}

// TestClearWhileCapturing shows that what was captured before a clear is dropped, and that capturing goes on.
func TestClearWhileCapturing(t *testing.T) {
	p, _ := settings{capture: true}.process("", "")
	var got string
	p.role.Captured = func(data []byte) { got += string(data) }
	if err := p.out.open(); err != nil {
		t.Fatal(err)
	}
	p.out.setPID(7)
	p.out.Write([]byte(captured[:25]))
	if err := p.ClearLogs(); err != nil {
		t.Fatal(err)
	}
	p.out.Write([]byte("new" + captured[25:]))
	p.out.close()
	if got != "new" {
		t.Errorf("got %q", got)
	}
}

// TestFlush shows that what a stage held back is in the log at the end of the child.
func TestFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	p, _ := settings{strip: true, file: true}.process("", path)
	if err := p.out.open(); err != nil {
		t.Fatal(err)
	}
	p.out.Write([]byte("a\x1b"))
	p.out.close()
	if b, err := os.ReadFile(path); err != nil || string(b) != "a\x1b" {
		t.Errorf("got %q, %v", b, err)
	}
}
