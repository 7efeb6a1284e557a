// Crashes is a sample of a plug-in of supervisord: it counts unexpected exits of processes, returns the counts to clients, and emits
// an event when there are too many. Copy it; docs/plugins.md explains each part.
//
//	[rpcinterface:crashes]
//	command = /usr/local/bin/crashes
//	events = PROCESS_STATE_EXITED,PROCESS_STATE_BACKOFF    ; the events that it receives
//	event_types = CRASH_LOOP                               ; the events that it emits
//	limit = 3                                              ; its own keys: this many exits
//	seconds = 60                                           ; within this many seconds are too many
//
// Methods: crashes.all() and crashes.count(NAMESPEC) return counts, crashes.reset() clears them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "crashes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	limit, err := number("limit", 3)
	if err != nil {
		return err
	}
	seconds, err := number("seconds", 60)
	if err != nil {
		return err
	}
	c := &crashes{limit: limit, within: time.Duration(seconds) * time.Second, out: os.Stdout, of: map[string][]time.Time{}}
	p := childutils.NewPlugin()
	p.Handle(childutils.Method{Name: "all", Help: "Return the number of crashes of each process.",
		Types: []string{"struct"}, Do: c.all})
	p.Handle(childutils.Method{Name: "count", Help: "Return the number of crashes of a process.",
		Types: []string{"int", "string"}, Do: c.count})
	p.Handle(childutils.Method{Name: "reset", Help: "Clear all counts.", Types: []string{"boolean"}, Do: c.reset})
	p.HandleEvents(c.event)
	return p.Run(ctx)
}

// number returns a key of the section as a number.
func number(key string, absent int) (int, error) {
	text, ok := childutils.Option(key)
	if !ok {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s=%s: %w", key, text, err)
	}
	return n, nil
}

// crashes holds the counts. Calls and events are concurrent.
type crashes struct {
	limit  int
	within time.Duration
	out    io.Writer // where events go

	mu sync.Mutex
	of map[string][]time.Time // by namespec
}

func (c *crashes) all(context.Context, []any) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := map[string]any{}
	for name, times := range c.of {
		counts[name] = len(times)
	}
	return counts, nil
}

func (c *crashes) count(_ context.Context, params []any) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := params[0].(string)
	times, known := c.of[name]
	if !known {
		return nil, &client.Fault{Code: 10, Text: "BAD_NAME: " + name}
	}
	return len(times), nil
}

func (c *crashes) reset(context.Context, []any) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.of)
	return true, nil
}

// event handles an event. supervisord sends it again after an error.
func (c *crashes) event(_ context.Context, e childutils.Event) error {
	fields, _ := childutils.EventData(e.Payload)
	if fields["expected"] == "1" {
		return nil
	}
	name := fields["processname"]
	if group := fields["groupname"]; group != name {
		name = group + ":" + name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	times := append(c.of[name], time.Now())
	c.of[name] = times
	if n := len(times); n >= c.limit && n%c.limit == 0 && times[n-1].Sub(times[n-c.limit]) <= c.within {
		return childutils.Emit(c.out, "CRASH_LOOP", fmt.Sprintf("process:%s crashes:%d", name, n))
	}
	return nil
}
