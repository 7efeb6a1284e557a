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

// fg prints the output of a process and sends it what is typed, until the end of the input or an interrupt. The process
// continues. Source: fg.
func (c *Controller) fg(names []string) error {
	names, raw := takeFlag(names, "--raw")
	problem := ""
	switch len(names) {
	case 0:
		problem = "no process name supplied"
	case 1:
		info, err := c.server.ProcessInfo(c.ctx, names[0])
		switch {
		case faultCode(err) == api.BadName:
			problem = "bad process name supplied"
			c.unknown = append(c.unknown, names[0])
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
	c.attach(names[0], raw)
	c.println("Exiting foreground")
	return nil
}

// At the end of an input that is not a terminal, fg waits for the process's reaction to the last line: until its logs have
// been idle for idleTimeout, and at most maxWait.
const (
	idleTimeout = time.Second
	maxWait     = 5 * time.Second
)

// attach prints both logs of a process and sends it each line of the input, until the input ends, an interrupt, or an error.
func (c *Controller) attach(name string, raw bool) {
	ctx, stop := c.untilInterrupt()
	defer stop()
	read := c.readLine
	if tty := c.terminal(); tty != nil {
		defer tty.foreground()()
		read = tty.readInput
	}
	following, stopFollowing := context.WithCancel(ctx)
	var followers sync.WaitGroup
	out := &sharedWriter{to: c.out, failed: stop, wrote: make(chan struct{}, 1)}
	for _, channel := range api.Channels {
		followers.Go(func() {
			stream, err := c.server.FollowLog(following, name, channel.String())
			if err != nil { // there is no such log
				return
			}
			defer stream.Close()
			screen := c.screen(out, raw)
			defer screen.flush()
			io.Copy(screen, stream)
		})
	}
	defer followers.Wait()
	defer stopFollowing()
	for {
		line, err := read(ctx)
		if errors.Is(err, io.EOF) && !c.options.Terminal {
			out.waitIdle(ctx)
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

// sharedWriter is a writer for several goroutines. Each write is flushed.
type sharedWriter struct {
	mu     sync.Mutex
	to     *bufio.Writer
	failed func()        // called if a write fails
	wrote  chan struct{} // for waitIdle: has an element after a write; may be nil
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
	if err != nil {
		w.failed()
	}
	return n, err
}

func (w *sharedWriter) println(line string) { w.Write([]byte(line + "\n")) }

// waitIdle returns when nothing was written for idleTimeout, after maxWait, or when ctx is canceled.
func (w *sharedWriter) waitIdle(ctx context.Context) {
	timer := time.NewTimer(idleTimeout)
	defer timer.Stop()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	for {
		select {
		case <-w.wrote:
			timer.Reset(idleTimeout)
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
