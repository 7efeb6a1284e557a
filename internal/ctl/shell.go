package ctl

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
)

// Shell shows the status, then reads commands until the input ends, one of them leaves, or the user interrupts it. The
// exit status is always 0. Lines are taken as they come, from a terminal or not. Source: ctl, "Modes".
func (c *Controller) Shell() int {
	defer c.out.Flush()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer func() { stop() }()
	for line := "status"; ; {
		c.ctx = ctx
		for _, part := range split(line) {
			if c.command(part) {
				return 0
			}
		}
		if ctx.Err() != nil { // the interrupt ended a log that was followed; the shell goes on
			stop()
			ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt)
		}
		c.out.WriteString(c.options.Prompt + "> ")
		c.out.Flush()
		next, ok := c.in.next(ctx)
		if !ok {
			c.println("")
			return 0
		}
		line = next
	}
}

// lines gives out an input line by line. Nothing is read before somebody asks.
type lines struct {
	source io.Reader
	wanted chan struct{}
	got    chan string // closed at the end of the input
}

func newLines(source io.Reader) *lines { return &lines{source: source} }

// next is the next line without its end; false at the end of the input or when ctx ends first.
func (l *lines) next(ctx context.Context) (string, bool) {
	if l.wanted == nil {
		l.wanted, l.got = make(chan struct{}, 1), make(chan string)
		go l.read()
	}
	select {
	case l.wanted <- struct{}{}:
	default: // asked already, by a caller who went away
	}
	select {
	case line, ok := <-l.got:
		return line, ok
	case <-ctx.Done():
		return "", false
	}
}

func (l *lines) read() {
	defer close(l.got)
	input := bufio.NewReader(l.source)
	for range l.wanted {
		line, err := input.ReadString('\n')
		if line == "" && err != nil {
			return
		}
		l.got <- strings.TrimRight(line, "\r\n")
	}
}
