package screen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

var update = flag.Bool("update", false, "write the screens of testdata")

var start = time.Date(2026, 11, 27, 14, 49, 8, 0, time.UTC)

// TestScreens plays the files of testdata: lines that begin with > are events, those below them the screen that follows, without its
// styles. A line that begins with < is a command that the model gives. An empty line asks for the screen; -update fills it in.
// covers: OBS-20 OBS-24 OBS-25 OBS-27
func TestScreens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(text), got); diff != "" && !*update {
				t.Error(diff)
			}
		})
	}
}

// play plays the events of a file and returns it with the screens that there are.
func play(t *testing.T, text string) string {
	p := &player{t: t, model: New(Options{}), now: start}
	var b strings.Builder
	shown := true
	for line := range strings.Lines(text) {
		event, isEvent := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "> ")
		switch {
		case strings.HasPrefix(line, "# "):
			b.WriteString(line)
		case isEvent:
			b.WriteString(line)
			for _, c := range p.do(event) {
				fmt.Fprintf(&b, "< %T %+v\n", c, c)
			}
			shown = false
		case strings.HasPrefix(line, "< "):
		case !shown:
			for _, row := range p.model.View() {
				b.WriteString("  " + strings.TrimRight("|"+ansi.Strip(row), " ") + "\n")
			}
			shown = true
		}
	}
	return b.String()
}

type player struct {
	t     *testing.T
	model *Model
	now   time.Time
	state Snapshot
}

// do performs a line: "size W H", "state GROUP:NAME=STATE ...", "role R", "lost TEXT", "key K ...", "type TEXT", "log TEXT",
// "earlier TEXT", "begin TEXT", "ended TEXT", "acted TEXT", "failed TEXT", "history TEXT", "wait SECONDS".
func (p *player) do(line string) (commands []Command) {
	verb, rest, _ := strings.Cut(line, " ")
	words := strings.Fields(rest)
	unquoted, err := strconv.Unquote(`"` + rest + `"`)
	if err != nil {
		p.t.Fatal(line, err)
	}
	send := func(e Event) { commands = append(commands, p.model.Update(e, p.now)...) }
	switch verb {
	case "size":
		send(Size{number2(p.t, words[0]), number2(p.t, words[1])})
	case "wait":
		p.now = p.now.Add(time.Duration(number2(p.t, words[0])) * time.Second)
		send(Second{})
	case "role":
		p.state.Role = rest
		send(Updated{p.state})
	case "state":
		p.state.Identifier, p.state.Host, p.state.State, p.state.Processes = "supervisor", "web1", "RUNNING", nil
		for _, word := range words {
			p.state.Processes = append(p.state.Processes, p.process(word))
		}
		send(Updated{p.state})
	case "lost":
		send(Lost{rest})
	case "key":
		for _, key := range words {
			send(Key(key))
		}
	case "type":
		for _, r := range rest {
			send(Key(string(r)))
		}
	case "log":
		send(LogText{Number: p.model.log.number, Text: []byte(unquoted)})
	case "begin":
		send(LogText{Number: p.model.log.number, Text: []byte(unquoted), Begin: true})
	case "gap":
		send(LogText{Number: p.model.log.number, Text: []byte(unquoted), Gap: true})
	case "earlier":
		send(LogEarlier{Number: p.model.log.number, Text: []byte(unquoted)})
	case "ended":
		send(LogEnded{Number: p.model.log.number, Reason: rest})
	case "acted", "failed":
		send(Acted{rest, verb == "failed"})
	case "history":
		send(HistoryRead{p.model.historic.group, p.model.historic.name, []string{rest}, ""})
	default:
		p.t.Fatal("what is", line)
	}
	return commands
}

func number2(t *testing.T, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// process reads GROUP:NAME=STATE, with CPU and memory behind commas: web:web=RUNNING,1.2,46.
func (p *player) process(word string) Process {
	name, state, _ := strings.Cut(word, "=")
	group, name, _ := strings.Cut(name, ":")
	fields := strings.Split(state, ",")
	process := Process{Group: group, Name: name, PID: 1000 + len(p.state.Processes), Started: start.Add(-3 * time.Hour)}
	for _, s := range []api.State{api.Stopped, api.Starting, api.Running, api.Backoff, api.Stopping, api.Exited, api.Fatal, api.Unknown} {
		if s.String() == fields[0] {
			process.State = s
		}
	}
	if process.State.IsStopped() {
		process.PID, process.Description = 0, "Exited too quickly (process log may have details)"
	}
	if len(fields) == 3 {
		cpu, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		process.Resources = &Resources{cpu, int64(number2(p.t, fields[2])) << 20}
		process.Restarts = new(len(p.state.Processes))
	}
	return process
}

// TestASCII checks that each state is told by a word, and that ASCII is all there is in such a locale.
// covers: OBS-23
func TestASCII(t *testing.T) {
	p := &player{t: t, model: New(Options{ASCII: true}), now: start}
	p.do("size 60 12")
	p.do("state ü:ü=FATAL web:web=RUNNING")
	p.do("key j l")
	p.do(`begin grün\n`)
	for _, row := range p.model.View() {
		for _, r := range row {
			if r > 0x7e {
				t.Errorf("%q", row)
			}
		}
	}
}

// TestClean checks what of a log reaches a terminal.
func TestClean(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"plain", "plain"},
		{"a\tb", "a       b"},
		{"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m\x1b[m"},
		{"\x1b[2Jcleared\x1b]0;title\x07", "cleared"},
		{"\x1b]52;c;aGk=\x1b\\copied", "copied"},
		{"10%\r20%\r30%", "30%"},
		{"line\r", "line"},
		{"\x07bell\x00", "bell"},
		{"\xffbyte", "\uFFFDbyte"},
		{"\x9b31mC1", "C1"},
		{"\x1b[?25lhidden", "hidden"},
		{"\x1b[31;1m\x1b[>4mx", "\x1b[31;1mx\x1b[m"},
		{strings.Repeat("x", 2*maxLine), strings.Repeat("x", maxLine)},
	} {
		if got := clean([]byte(c.raw)); got != c.want {
			t.Errorf("%q: %q, want %q", c.raw, got, c.want)
		}
	}
}

// FuzzClean checks that nothing but text and colors comes out for any output of a program.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"a\x1b[31mb", "\x1b]0;t\x07", "\x1b[", "\x9b1m", "\xc3", "\x1b[31\x1b[m", "\x1bPq\x1b\\", "\x1b(0"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		text := clean(raw)
		for len(text) > 0 {
			if text[0] == 0x1b {
				end := strings.IndexByte(text, 'm')
				if end < 0 || !isColor(text[:end+1]) {
					t.Fatalf("%q gives %q", raw, text)
				}
				text = text[end+1:]
				continue
			}
			if text[0] < ' ' || text[0] == 0x7f {
				t.Fatalf("%q gives %q", raw, text)
			}
			text = text[1:]
		}
	})
}

// TestView checks that each screen has as many rows as the terminal, none wider, for all sizes and pages.
func TestView(t *testing.T) {
	for _, page := range []string{"", "key l", "key enter", "key v", "key h", "key ?", "key m", "key /", "key x", "lost gone"} {
		p := &player{t: t, model: New(Options{}), now: start}
		p.do("size 80 24")
		p.do("state a:a=RUNNING,100.0,4000 " + strings.Repeat("x", 90) + ":y=FATAL g:1=STOPPED g:2=BACKOFF")
		if page != "" {
			p.do(page)
		}
		p.do(`begin \x1b[31m` + strings.Repeat("wide 世界 ", 40) + `\n`)
		for width := range 200 {
			for _, height := range []int{0, 1, 3, 9, 10, 14, 15, 24, 60} {
				p.do(fmt.Sprintf("size %d %d", width, height))
				rows := p.model.View()
				if want := height; width >= minWidth && height >= minHeight && len(rows) != want {
					t.Fatalf("%s at %d x %d: %d rows", page, width, height, len(rows))
				}
				for _, row := range rows {
					if ansi.StringWidth(row) > width {
						t.Fatalf("%s at %d x %d: %q", page, width, height, row)
					}
				}
			}
		}
	}
}

// TestLogIsBounded writes far more lines than are kept.
// covers: OBS-22
func TestLogIsBounded(t *testing.T) {
	p := &player{t: t, model: New(Options{}), now: start}
	p.do("size 80 24")
	p.do("state a:a=RUNNING")
	p.do("key enter")
	for range 300 {
		p.model.Update(LogText{Number: p.model.log.number, Text: []byte(strings.Repeat(strings.Repeat("y", 99)+"\n", 100))}, start)
	}
	if l := &p.model.log; len(l.lines) != maxLines || l.size != maxLines*99 {
		t.Errorf("%d lines, %d bytes", len(l.lines), l.size)
	}
	p.do("key k") // scrolled
	for range 300 {
		p.model.Update(LogText{Number: p.model.log.number, Text: []byte(strings.Repeat(strings.Repeat("z", maxLine)+"\n", 100))}, start)
	}
	if l := &p.model.log; l.size > maxBytes {
		t.Errorf("%d lines, %d bytes", len(l.lines), l.size)
	}
	p.model.Update(LogText{Number: p.model.log.number, Text: []byte(strings.Repeat("z", 1<<20))}, start)
	if n := cap(p.model.log.part); n > 2*maxLine {
		t.Errorf("%d bytes of a line that goes on", n)
	}
}
