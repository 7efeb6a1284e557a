package ctl

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/peterh/liner"
	"golang.org/x/sys/unix"
)

// The keys that the editor gives no meaning, because it switches the signals of the terminal off.
const (
	ctrlC         = 0x03
	ctrlZ         = 0x1a
	ctrlBackslash = 0x1c
)

// passKeys passes what is typed to the editor until a line ends, ctx is canceled or the terminal is gone. Ctrl-Z and Ctrl-\
// are not passed: they have the effect that they have in other programs. What is typed after the line remains for the next
// reader of the terminal. It returns whether the editor's prompt ends, at the end of a line or of the input.
func (t *terminal) passKeys(ctx context.Context) (ended bool) {
	canceled, cancel, err := os.Pipe()
	if err != nil {
		t.keys.Close()
		return true
	}
	defer canceled.Close()
	defer context.AfterFunc(ctx, func() { cancel.Close() })()
	defer cancel.Close()
	key := make([]byte, 1)
	for {
		if err := waitInput(unix.Stdin, int(canceled.Fd())); err != nil || ctx.Err() != nil {
			return false
		}
		n, err := unix.Read(unix.Stdin, key)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil || n == 0:
			t.keys.Close()
			return true
		case key[0] == ctrlZ:
			t.suspend()
		case key[0] == ctrlBackslash:
			t.restore()
			_ = unix.Kill(0, unix.SIGQUIT)
		default:
			t.keys.Write(key)
			if key[0] == '\r' || key[0] == '\n' || key[0] == ctrlC {
				return true
			}
		}
	}
}

// resumeTimeout is how long suspend waits for being continued if it was not stopped, because no shell could continue it.
const resumeTimeout = 100 * time.Millisecond

// suspend stops the processes of the terminal's foreground, and shows the line again when they are continued.
func (t *terminal) suspend() {
	mode, err := liner.TerminalMode()
	if err != nil {
		return
	}
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	defer signal.Stop(resumed)
	t.originalMode.ApplyMode()
	_ = unix.Kill(0, unix.SIGTSTP)
	select {
	case <-resumed:
	case <-time.After(resumeTimeout):
	}
	mode.ApplyMode()
	_ = unix.Kill(os.Getpid(), unix.SIGWINCH) // the editor writes its line
}

// newEditor returns an editor that reads the keys that are written to the file, and not standard input.
func newEditor() (editor *liner.State, keys *os.File, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	stdin := os.Stdin
	os.Stdin = read // NewLiner looks there once
	defer func() { os.Stdin = stdin }()
	return liner.NewLiner(), write, nil
}

// The size of a terminal that does not know it, which those of docker and expect do not at first.
const defaultColumns, defaultRows = 80, 24

// setSize gives a terminal without a size the default, which the editor needs, and returns a function that undoes it.
func setSize(fd int) (undo func()) {
	before, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil || before.Col != 0 {
		return func() {}
	}
	size := *before
	size.Col = defaultColumns
	if size.Row == 0 {
		size.Row = defaultRows
	}
	if unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &size) != nil {
		return func() {}
	}
	return func() {
		if now, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); err == nil && *now == size {
			_ = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, before)
		}
	}
}
