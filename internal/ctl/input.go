package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// errInterrupted is an interrupt while the user was asked for something.
var errInterrupted = errors.New("interrupted")

// ask shows a prompt and reads a line: an io.EOF at the end of the input, errInterrupted when the user wants no more.
func (c *Controller) ask(prompt string) (string, error) {
	if c.terminal() != nil {
		c.out.Flush()
		return c.tty.line(c.ctx, prompt)
	}
	c.out.WriteString(prompt)
	c.out.Flush()
	return c.typed(c.ctx)
}

// typed reads a line as it comes, with no prompt.
func (c *Controller) typed(ctx context.Context) (string, error) {
	if c.options.Terminal {
		return typedLine(ctx)
	}
	line, ok := c.in.next(ctx)
	switch {
	case ok:
		return line, nil
	case ctx.Err() != nil:
		return "", errInterrupted
	}
	return "", io.EOF
}

// canAsk says whether there is somebody who can be asked for credentials.
func (c *Controller) canAsk() bool { return c.options.Interactive && c.terminal() != nil }

// login asks for credentials and uses them from now on. Source: ctl, "Connection problems".
func (c *Controller) login() error {
	c.println("Server requires authentication")
	c.out.Flush()
	username, err := c.terminal().unrecorded(c.ctx, "Username:")
	if err != nil {
		return err
	}
	password, err := c.tty.secret(c.ctx, "Password:")
	if err != nil {
		return err
	}
	c.println("")
	c.options.Username, c.options.Password = username, password
	c.open(c.options.ServerURL)
	return nil
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
