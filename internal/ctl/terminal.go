package ctl

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/peterh/liner"
	"golang.org/x/sys/unix"
)

// terminal edits lines on the terminal of standard input and output. Except while a line is edited, the terminal is in its
// original mode, which commands and the programs that they run expect.
type terminal struct {
	editor       *liner.State
	keys         *os.File // what is written there is typed for the editor
	completes    bool     // Tab completes commands
	undoSize     func()
	originalMode liner.ModeApplier
	editMode     liner.ModeApplier
	idleMode     liner.ModeApplier // between two lines; one of the two above
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

// newTerminal prepares the terminal for editing. complete is Controller.complete. It returns nil if there are no descriptors.
func newTerminal(historyFile string, complete func(string) (string, []string)) *terminal {
	t := &terminal{signals: make(chan os.Signal, 1), completes: true}
	t.originalMode, _ = liner.TerminalMode()
	t.idleMode = t.originalMode
	t.undoSize = setSize(unix.Stdout)
	var err error
	if t.editor, t.keys, err = newEditor(); err != nil {
		return nil
	}
	t.editMode, _ = liner.TerminalMode()
	t.editor.SetCtrlCAborts(true)
	t.editor.SetTabCompletionStyle(liner.TabPrints)
	t.editor.SetWordCompleter(func(line string, pos int) (head string, words []string, tail string) {
		runes := []rune(line)
		head = string(runes[:pos])
		if t.completes {
			head, words = complete(head)
		}
		return head, words, string(runes[pos:])
	})
	t.history = openHistory(historyFile)
	t.recall()
	t.originalMode.ApplyMode()
	signal.Notify(t.signals, syscall.SIGTERM, syscall.SIGHUP)
	go t.restoreOnSignal()
	return t
}

// recall makes the lines of the history the ones that Up shows.
func (t *terminal) recall() {
	t.editor.ClearHistory()
	for _, line := range slices.Concat(t.history.before, t.history.typed) {
		t.editor.AppendHistory(line)
	}
}

// restore brings the terminal into the state in which this program found it.
func (t *terminal) restore() {
	t.originalMode.ApplyMode()
	t.undoSize()
}

// restoreOnSignal restores the terminal before a signal ends this program.
func (t *terminal) restoreOnSignal() {
	s, ok := <-t.signals
	if !ok {
		return
	}
	t.restore()
	signal.Reset(s)
	syscall.Kill(os.Getpid(), s.(syscall.Signal))
}

// close restores the terminal and saves the history.
func (t *terminal) close() {
	signal.Stop(t.signals)
	close(t.signals)
	t.editor.Close()
	t.keys.Close()
	t.restore()
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

// foreground begins the input of a program, which has neither completion nor the history of commands. The returned function
// ends it. Between two lines the terminal stays in the mode for editing: it would lose a Ctrl-D that is typed before the change.
func (t *terminal) foreground() (end func()) {
	t.completes, t.idleMode = false, t.editMode
	t.editMode.ApplyMode()
	t.editor.ClearHistory()
	return func() {
		t.completes, t.idleMode = true, t.originalMode
		t.originalMode.ApplyMode()
		t.recall()
	}
}

// readInput reads a line for a program. Up shows those that were typed since foreground.
func (t *terminal) readInput(ctx context.Context) (string, error) {
	line, err := t.readUnrecorded(ctx, "")
	if line != "" {
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
	defer t.idleMode.ApplyMode()
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := prompt()
		done <- result{line, err}
	}()
	keys, stop := context.WithCancel(ctx)
	ended := make(chan bool, 1)
	go func() { ended <- t.passKeys(keys) }()
	defer stop()
	select {
	case r := <-done:
		stop()
		<-ended
		if errors.Is(r.err, liner.ErrPromptAborted) {
			r.err = errInterrupted
		}
		return r.line, r.err
	case <-ctx.Done():
		if !<-ended {
			t.keys.Write([]byte{ctrlC})
		}
		<-done
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
