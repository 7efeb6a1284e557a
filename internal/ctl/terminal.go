package ctl

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/peterh/liner"
	"golang.org/x/sys/unix"
)

// terminal edits lines on the terminal that standard input and output are. While no line is edited the terminal is in
// the mode in which it was found, so that commands, and programs that they start, meet what they expect.
type terminal struct {
	editor  *liner.State
	found   liner.ModeApplier // the mode before us
	editing liner.ModeApplier
	history *history
	signals chan os.Signal
}

// terminal is where the user sits, nil when there is none, or none that can move its cursor.
func (c *Controller) terminal() *terminal {
	if c.tty == nil && c.options.Terminal && liner.TerminalSupported() {
		c.tty = newTerminal(c.options.HistoryFile, c.complete)
	}
	return c.tty
}

// newTerminal prepares the terminal; complete gives, for what stands before the cursor, the part that stays and what
// may follow it.
func newTerminal(historyFile string, complete func(string) (string, []string)) *terminal {
	t := &terminal{signals: make(chan os.Signal, 1)}
	t.found, _ = liner.TerminalMode()
	t.editor = liner.NewLiner()
	t.editing, _ = liner.TerminalMode()
	t.editor.SetCtrlCAborts(true)
	t.editor.SetTabCompletionStyle(liner.TabPrints)
	t.editor.SetWordCompleter(func(line string, pos int) (head string, words []string, tail string) {
		runes := []rune(line)
		head, words = complete(string(runes[:pos]))
		return head, words, string(runes[pos:])
	})
	t.history = openHistory(historyFile)
	for _, line := range t.history.before {
		t.editor.AppendHistory(line)
	}
	t.found.ApplyMode()
	signal.Notify(t.signals, syscall.SIGTERM, syscall.SIGHUP)
	go t.guard()
	return t
}

// guard lets the signals that end a program end this one, but not with the terminal in a mode for editing.
func (t *terminal) guard() {
	s, ok := <-t.signals
	if !ok {
		return
	}
	t.found.ApplyMode()
	signal.Reset(s)
	syscall.Kill(os.Getpid(), s.(syscall.Signal))
}

// close puts the terminal back as it was and saves the history.
func (t *terminal) close() {
	signal.Stop(t.signals)
	close(t.signals)
	t.editor.Close()
	t.found.ApplyMode()
	t.history.save()
}

// line reads a line and keeps it for the history.
func (t *terminal) line(ctx context.Context, prompt string) (string, error) {
	line, err := t.edit(ctx, func() (string, error) { return t.editor.Prompt(prompt) })
	if t.history.add(line) {
		t.editor.AppendHistory(line)
	}
	return line, err
}

// unrecorded reads a line that is nobody's business later.
func (t *terminal) unrecorded(ctx context.Context, prompt string) (string, error) {
	return t.edit(ctx, func() (string, error) { return t.editor.Prompt(prompt) })
}

// secret reads a line that is not shown.
func (t *terminal) secret(ctx context.Context, prompt string) (string, error) {
	return t.edit(ctx, func() (string, error) { return t.editor.PasswordPrompt(prompt) })
}

// edit lets the user edit a line, until ctx ends.
func (t *terminal) edit(ctx context.Context, prompt func() (string, error)) (string, error) {
	t.editing.ApplyMode()
	defer t.found.ApplyMode()
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := prompt()
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		if errors.Is(r.err, liner.ErrPromptAborted) {
			r.err = errInterrupted
		}
		return r.line, r.err
	case <-ctx.Done():
		return "", errInterrupted
	}
}

// typedLine reads a line from the standard input, a terminal in its own mode. When ctx ends first, nothing is taken:
// the next reader gets what is typed then.
func typedLine(ctx context.Context) (string, error) {
	stopped, stop, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer stopped.Close()
	defer context.AfterFunc(ctx, func() { stop.Close() })()
	defer stop.Close()
	var line strings.Builder
	buf := make([]byte, 4096)
	for {
		if err := waitInput(unix.Stdin, int(stopped.Fd())); err != nil {
			return "", err
		}
		if ctx.Err() != nil {
			return "", errInterrupted
		}
		n, err := unix.Read(unix.Stdin, buf)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return "", err
		case n == 0 && line.Len() == 0:
			return "", io.EOF
		}
		line.Write(buf[:n])
		if n == 0 || buf[n-1] == '\n' {
			return strings.TrimRight(line.String(), "\r\n"), nil
		}
	}
}

// waitInput waits until one of two descriptors can be read.
func waitInput(one, other int) error {
	for {
		var set unix.FdSet
		set.Set(one)
		set.Set(other)
		if _, err := unix.Select(max(one, other)+1, &set, nil, nil, nil); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
