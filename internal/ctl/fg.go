package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// fg shows what a process writes and sends it what is typed, until the input ends or an interrupt comes. The process
// goes on afterwards. Source: ctl, "fg".
func (c *Controller) fg(names []string) error {
	problem := ""
	switch len(names) {
	case 0:
		problem = "no process name supplied"
	case 1:
		info, err := c.server.ProcessInfo(c.ctx, names[0])
		switch {
		case faultCode(err) == api.BadName:
			problem = "bad process name supplied"
		case err != nil:
			return err
		case info.State != api.Running:
			problem = "process not running"
		}
	default:
		problem = "too many process names supplied"
	}
	if problem != "" {
		c.println("ERROR: " + problem)
		c.status = exitGeneric
		if len(names) == 0 {
			c.help("fg")
		}
		return nil
	}
	c.println("==> Press Ctrl-C to exit <==")
	c.out.Flush()
	c.attach(names[0])
	c.println("Exiting foreground")
	return nil
}

// quiet is how long the logs must have nothing new before fg leaves at the end of an input that is no terminal: what
// came last may still be answered. It does not wait longer than enough, even if they never rest.
const (
	quiet  = time.Second
	enough = 5 * time.Second
)

// attach shows both logs of the process and sends it each line, until one of the ends comes.
func (c *Controller) attach(name string) {
	ctx, stop := c.untilInterrupt()
	defer stop()
	following, leave := context.WithCancel(ctx)
	var shown sync.WaitGroup
	out := &sharedWriter{to: c.out, wrote: make(chan struct{}, 1)}
	for _, channel := range api.Channels {
		shown.Go(func() {
			stream, err := c.server.FollowLog(following, name, channel.String())
			if err != nil { // there is no such log: nothing to show
				return
			}
			defer stream.Close()
			io.Copy(out, stream)
		})
	}
	defer shown.Wait()
	defer leave()
	for {
		line, err := c.typed(ctx)
		if errors.Is(err, io.EOF) && !c.options.Terminal {
			out.settle(ctx)
		}
		if err != nil {
			return
		}
		err = c.server.SendProcessStdin(ctx, name, line+"\n")
		switch {
		case err == nil:
		case faultCode(err) == api.NotRunning:
			out.println("Process got killed")
			return
		case errors.Is(err, context.Canceled):
			return
		default:
			_, text := classify(err)
			out.println("ERROR: " + text)
			return
		}
	}
}

// sharedWriter lets several goroutines write; each piece is shown at once.
type sharedWriter struct {
	mu    sync.Mutex
	to    *bufio.Writer
	wrote chan struct{} // full after a write; nil: nobody asks
}

func (w *sharedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.wrote <- struct{}{}:
	default:
	}
	n, err := w.to.Write(p)
	if err == nil {
		err = w.to.Flush()
	}
	return n, err
}

func (w *sharedWriter) println(line string) { w.Write([]byte(line + "\n")) }

// settle returns when nothing was written for a while, when that takes too long, or at the end of ctx.
func (w *sharedWriter) settle(ctx context.Context) {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	ctx, cancel := context.WithTimeout(ctx, enough)
	defer cancel()
	for {
		select {
		case <-w.wrote:
			timer.Reset(quiet)
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
