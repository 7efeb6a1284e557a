package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// errInterrupted is returned if an interrupt ends a prompt.
var errInterrupted = errors.New("interrupted")

// prompt prints a prompt and reads a line. The error is io.EOF at the end of the input and errInterrupted after an interrupt.
func (c *Controller) prompt(prompt string) (string, error) {
	if c.terminal() != nil {
		c.out.Flush()
		return c.tty.readLine(c.ctx, prompt)
	}
	c.out.WriteString(prompt)
	c.out.Flush()
	return c.readLine(c.ctx)
}

// readLine reads a line without a prompt and without editing.
func (c *Controller) readLine(ctx context.Context) (string, error) {
	if c.options.Terminal {
		return readTerminalLine(ctx)
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

// canPrompt reports whether the user can be asked for credentials.
func (c *Controller) canPrompt() bool { return c.options.Interactive && c.terminal() != nil }

// login asks for credentials and uses them from then on.
func (c *Controller) login() error {
	c.println("Server requires authentication")
	c.out.Flush()
	username, err := c.terminal().readUnrecorded(c.ctx, "Username:")
	if err != nil {
		return err
	}
	password, err := c.tty.readSecret(c.ctx, "Password:")
	if err != nil {
		return err
	}
	c.println("")
	c.options.Username, c.options.Password, c.options.Token = username, password, ""
	c.open(c.options.ServerURL)
	return nil
}

// lines reads an input line by line, in a goroutine and only on request, so that a caller can be canceled.
type lines struct {
	source   io.Reader
	requests chan struct{}
	replies  chan string // closed at the end of the input
}

func newLines(source io.Reader) *lines { return &lines{source: source} }

// next returns the next line without its line end, and false at the end of the input or when ctx is canceled.
func (l *lines) next(ctx context.Context) (string, bool) {
	if l.requests == nil {
		l.requests, l.replies = make(chan struct{}, 1), make(chan string)
		go l.read()
	}
	select {
	case l.requests <- struct{}{}:
	default: // requested by a caller that was canceled
	}
	select {
	case line, ok := <-l.replies:
		return line, ok
	case <-ctx.Done():
		return "", false
	}
}

func (l *lines) read() {
	defer close(l.replies)
	input := bufio.NewReader(l.source)
	for range l.requests {
		line, err := input.ReadString('\n')
		if line == "" && err != nil {
			return
		}
		l.replies <- strings.TrimRight(line, "\r\n")
	}
}
