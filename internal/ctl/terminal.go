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

// terminal edits lines on the terminal of standard input and output. Except while a line is edited, the terminal is in its
// original mode, which commands and the programs that they run expect.
type terminal struct {
	editor       *liner.State
	originalMode liner.ModeApplier
	editMode     liner.ModeApplier
	history      *history
	signals      chan os.Signal
}

// terminal returns the terminal of the user, or nil if there is none, or none that can move its cursor.
func (c *Controller) terminal() *terminal {
	if c.tty == nil && c.options.Terminal && liner.TerminalSupported() {
		c.tty = newTerminal(c.options.HistoryFile, c.complete)
	}
	return c.tty
}

// newTerminal prepares the terminal for editing. complete is Controller.complete.
func newTerminal(historyFile string, complete func(string) (string, []string)) *terminal {
	t := &terminal{signals: make(chan os.Signal, 1)}
	t.originalMode, _ = liner.TerminalMode()
	t.editor = liner.NewLiner()
	t.editMode, _ = liner.TerminalMode()
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
	t.originalMode.ApplyMode()
	signal.Notify(t.signals, syscall.SIGTERM, syscall.SIGHUP)
	go t.restoreOnSignal()
	return t
}

// restoreOnSignal restores the mode of the terminal before a signal ends this program.
func (t *terminal) restoreOnSignal() {
	s, ok := <-t.signals
	if !ok {
		return
	}
	t.originalMode.ApplyMode()
	signal.Reset(s)
	syscall.Kill(os.Getpid(), s.(syscall.Signal))
}

// close restores the terminal and saves the history.
func (t *terminal) close() {
	signal.Stop(t.signals)
	close(t.signals)
	t.editor.Close()
	t.originalMode.ApplyMode()
	t.history.save()
}

// readLine reads a line and adds it to the history.
func (t *terminal) readLine(ctx context.Context, prompt string) (string, error) {
	line, err := t.edit(ctx, func() (string, error) { return t.editor.Prompt(prompt) })
	if t.history.add(line) {
		t.editor.AppendHistory(line)
	}
	return line, err
}

// readUnrecorded reads a line that is not added to the history.
func (t *terminal) readUnrecorded(ctx context.Context, prompt string) (string, error) {
	return t.edit(ctx, func() (string, error) { return t.editor.Prompt(prompt) })
}

// readSecret reads a line without showing it.
func (t *terminal) readSecret(ctx context.Context, prompt string) (string, error) {
	return t.edit(ctx, func() (string, error) { return t.editor.PasswordPrompt(prompt) })
}

// edit runs a prompt of the editor, until ctx is canceled.
func (t *terminal) edit(ctx context.Context, prompt func() (string, error)) (string, error) {
	t.editMode.ApplyMode()
	defer t.originalMode.ApplyMode()
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

// readTerminalLine reads a line from standard input, a terminal in its original mode. If ctx is canceled, it reads nothing:
// what is typed afterwards is for the next reader.
func readTerminalLine(ctx context.Context) (string, error) {
	canceled, cancel, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer canceled.Close()
	defer context.AfterFunc(ctx, func() { cancel.Close() })()
	defer cancel.Close()
	var line strings.Builder
	buf := make([]byte, 4096)
	for {
		if err := waitInput(unix.Stdin, int(canceled.Fd())); err != nil {
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

// waitInput waits until one of two descriptors is readable.
func waitInput(a, b int) error {
	for {
		var set unix.FdSet
		set.Set(a)
		set.Set(b)
		if _, err := unix.Select(max(a, b)+1, &set, nil, nil, nil); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
