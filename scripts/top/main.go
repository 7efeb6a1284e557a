// Command supervisorctl-top is the full-screen view of supervisorctl top, which runs it. It is a program of its own, so that
// supervisorctl, which starts often, stays small.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/screen"
	"github.com/gosupervisor/supervisor/internal/timezone"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

func main() { os.Exit(run()) }

// run shows the screen until it is left, and returns the exit status.
func run() int {
	timezone.Set()
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "Error: top takes no arguments")
		return 2
	}
	url := os.Getenv("SUPERVISOR_SERVER_URL")
	if url == "" {
		fmt.Fprintln(os.Stderr, "ERROR: this program is run by supervisorctl top")
		return 2
	}
	term := os.Getenv("TERM")
	if !isTerminal(os.Stdin) || !isTerminal(os.Stdout) || term == "" || term == "dumb" {
		fmt.Fprintln(os.Stderr, "ERROR: top needs a terminal (see status --watch)")
		return 1
	}
	server, err := client.Open(url, client.Options{
		Username: os.Getenv("SUPERVISOR_USERNAME"), Password: os.Getenv("SUPERVISOR_PASSWORD"), Token: os.Getenv("SUPERVISOR_TOKEN"),
		TLS: client.TLS{CA: os.Getenv("SUPERVISOR_TLS_CA"), Cert: os.Getenv("SUPERVISOR_TLS_CERT"), Key: os.Getenv("SUPERVISOR_TLS_KEY")},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		return 1
	}
	for uid := range strings.SplitSeq(os.Getenv("SUPERVISOR_TRUSTED_UIDS"), ",") {
		if n, err := strconv.Atoi(uid); err == nil {
			server.TrustPeer(n)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := &source{server: server, url: url, began: make(chan struct{}, 1)}
	first, err := s.read(ctx)
	if err != nil {
		fmt.Fprintf(os.Stderr, "ERROR: %s: %v\n", url, err)
		return 1
	}
	a := &adapter{model: screen.New(screen.Options{ASCII: !isUTF8(), Location: time.Local}), source: s, ctx: ctx}
	a.model.Update(screen.Updated{Snapshot: first}, time.Now())
	p := tea.NewProgram(a, tea.WithFPS(30), tea.WithoutSignalHandler())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
	var ended atomic.Int32 // by that signal
	go func() {
		if s, ok := (<-signals).(syscall.Signal); ok {
			ended.Store(int32(s))
			p.Quit()
		}
	}()
	a.send = func(e screen.Event) { p.Send(e) }
	go s.follow(ctx, a.send)
	_, err = p.Run()
	switch n := int(ended.Load()); {
	case n > 0:
		return 128 + n
	case err != nil:
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		return 1
	}
	return 0
}

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// isUTF8 reports whether the locale has UTF-8.
func isUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value != "" {
			value = strings.ToUpper(value)
			return strings.HasSuffix(value, "UTF-8") || strings.HasSuffix(value, "UTF8")
		}
	}
	return false
}

// adapter connects the model with the terminal and the source.
type adapter struct {
	model  *screen.Model
	source *source
	ctx    context.Context
	send   func(screen.Event)
	log    context.CancelFunc // ends the log that is open; nil for none
	reader *follower
}

// Init implements tea.Model.
func (a *adapter) Init() tea.Cmd { return second() }

// second is a command that has the times on the screen brought up to date.
func second() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return screen.Second{} })
}

// Update implements tea.Model.
func (a *adapter) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var event screen.Event
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		event = screen.Key(msg.String())
	case tea.PasteMsg:
		event = screen.Paste(msg.Content)
	case tea.WindowSizeMsg:
		event = screen.Size{Width: msg.Width, Height: msg.Height}
	case screen.Event:
		event = msg
	default:
		return a, nil
	}
	var all []tea.Cmd
	if event == (screen.Second{}) {
		all = append(all, second())
		if !a.model.Ticks() {
			return a, second()
		}
	}
	for _, c := range a.model.Update(event, time.Now()) {
		all = append(all, a.command(c))
	}
	return a, tea.Batch(all...)
}

// command returns what carries a command of the model out.
func (a *adapter) command(c screen.Command) tea.Cmd {
	switch c := c.(type) {
	case screen.Act:
		return func() tea.Msg { return a.source.act(a.ctx, c) }
	case screen.OpenLog:
		a.closeLog()
		var ctx context.Context
		ctx, a.log = context.WithCancel(a.ctx)
		a.reader = &follower{source: a.source, number: c.Number, name: c.Name, channel: c.Channel, send: a.send}
		go a.reader.follow(ctx)
	case screen.CloseLog:
		a.closeLog()
	case screen.ReadEarlier:
		if r := a.reader; r != nil && r.number == c.Number {
			return func() tea.Msg { return r.earlier(a.ctx) }
		}
	case screen.ReadHistory:
		return func() tea.Msg { return a.source.history(a.ctx, c) }
	case screen.Suspend:
		return tea.Suspend
	case screen.Quit:
		return tea.Quit
	}
	return nil
}

func (a *adapter) closeLog() {
	if a.log != nil {
		a.log()
		a.log, a.reader = nil, nil
	}
}

// View implements tea.Model.
func (a *adapter) View() tea.View {
	v := tea.NewView(strings.Join(a.model.View(), "\n"))
	v.AltScreen = true
	return v
}
