package conformance

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// nextPrompt matches what follows a typed line: its end, any output, and the next prompt. The prompt alone may be the same line,
// shown anew while it is edited.
var nextPrompt = regexp.MustCompile(`(?s)\n.*supervisor> `)

// cmdShell types each line of a file after the prompt for it, as a user does: what is typed earlier is handled by the terminal,
// not by the line editor.
func cmdShell(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shell FILE")
	}
	s := of(ts)
	cmd := exec.Command(s.suite.Supervisorctl, "-c", ts.MkAbs("sd.conf"))
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(coverEnv(), "TERM=xterm", "PATH="+ts.Getenv("PATH"), "HOME="+ts.Getenv("HOME"), mark+"="+ts.Getenv(mark))
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	ts.Check(err)
	defer terminal.Close()
	var shown screen
	ended := make(chan error, 1)
	go func() {
		_, _ = io.Copy(&shown, terminal) // it ends with an error when the program has closed the terminal
		ended <- cmd.Wait()
	}()
	if !s.poll(func() bool { return strings.Contains(shown.from(0), "supervisor> ") }) {
		ts.Fatalf("no prompt:\n%s", shown.from(0))
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		at := len(shown.from(0))
		_, err := io.WriteString(terminal, line)
		ts.Check(err)
		if !s.poll(func() bool { return len(ended) > 0 || nextPrompt.MatchString(shown.from(at)) }) {
			ts.Fatalf("no prompt after %q:\n%s", line, shown.from(0))
		}
	}
	select {
	case err = <-ended:
	case <-time.After(s.timeout()):
		err = fmt.Errorf("it did not end")
	}
	fmt.Fprint(ts.Stdout(), strings.ReplaceAll(shown.from(0), "\r\n", "\n"))
	ts.Check(err)
}

// screen collects the output of a terminal.
type screen struct {
	mu   sync.Mutex
	data bytes.Buffer
}

// Write implements io.Writer.
func (s *screen) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.Write(data)
}

// from returns the output after the first n bytes.
func (s *screen) from(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.data.Bytes()[n:])
}
