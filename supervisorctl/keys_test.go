package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// TestSuspend checks that Ctrl-Z stops the shell, with the terminal in its original mode, and that the line is there again when it is
// continued. Without a shell that could continue it, Ctrl-Z has no effect.
// covers: REP-F16
func TestSuspend(t *testing.T) {
	server := startServer(t)
	const script = `"$@"; echo stopped $?; stty -a | grep -qw -e -icanon || echo canonical; fg; echo over`
	s := startOn(t, pty.Winsize{Rows: 24, Cols: 80}, []string{"sh", "-mc", script, "sh"}, server.URL)
	s.expect(prompt)
	s.send("ver")
	s.expect("ver")
	s.send("\x1a")
	s.expect("stopped 148\ncanonical\n")
	s.expect(prompt + "ver")
	s.send("sion\r")
	s.expect("9.9\n" + prompt)
	s.send("\x04")
	s.expect("over")
	s.waitExit(0)

	s = start(t, server.URL)
	s.expect(prompt)
	s.send("ver")
	s.expect("ver") // the editor reads now
	s.send("\x1asion\r")
	s.expect("9.9\n" + prompt)
	s.send("\x04")
	s.waitExit(0)
}

// TestQuit checks that Ctrl-\ ends the shell, and that the terminal is in its original mode.
// covers: REP-F8 REP-F16
func TestQuit(t *testing.T) {
	server := startServer(t)
	const script = `ulimit -c 0; "$@"; echo status $?; stty -a | grep -qw -e -icanon || echo canonical`
	s := startOn(t, pty.Winsize{Rows: 24, Cols: 80}, []string{"sh", "-mc", script, "sh"}, server.URL)
	s.expect(prompt)
	s.send("x")
	s.expect("x")
	s.send("\x1c")
	if before := s.expect("status 131\ncanonical\n"); strings.Contains(before, "goroutine") {
		t.Errorf("%q", before)
	}
	s.waitExit(0)

	s = start(t, server.URL, "tail", "-f", "web")
	s.expect("hello from web\n")
	s.send("\x1c")
	if text := s.waitExit(-1); strings.Contains(text, "goroutine") {
		t.Errorf("%q", text)
	}
	if status := s.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGQUIT {
		t.Errorf("%v", s.cmd.ProcessState)
	}
}

// TestUnknownSize edits lines on a terminal of 0 x 0, which has that size again afterwards.
// covers: REP-F16
func TestUnknownSize(t *testing.T) {
	server := startServer(t)
	s := startOn(t, pty.Winsize{}, nil, server.URL)
	s.expect(prompt)
	s.send("vex\x7fr\t")
	s.expect("version ")
	s.send("\r")
	s.expect("9.9\n" + prompt)
	s.send("\x1b[A")
	s.expect("version")
	s.send("\x15\x04")
	for range s.output { // until the terminal is closed
	}
	s.cmd.Wait()

	const script = `"$@"; stty size`
	s = startOn(t, pty.Winsize{}, []string{"sh", "-c", script, "sh"}, server.URL)
	s.expect(prompt)
	s.send("\x04")
	s.expect("0 0\n")
	s.waitExit(0)
}

// TestEditedInput checks that lines for a program can be edited, that Up shows those typed before and not commands, and that the
// history of commands is complete afterwards, without them.
// covers: REP-F9
func TestEditedInput(t *testing.T) {
	server := startServer(t)
	s := start(t, server.URL)
	s.expect(prompt)
	s.send("pid\r")
	s.expect("4711\n" + prompt)
	s.send("fg web\r")
	s.expect("hello from web\n")
	s.send("\x1b[A\tone\x1b[D\x1b[D\x1b[Dx\r")
	s.expect("XONE\n")
	s.send("two\r")
	s.expect("TWO\n")
	s.send("\x1b[A\x1b[A\r")
	s.expect("XONE\n")
	s.send("\x04")
	s.expect("Exiting foreground\n" + prompt)
	s.send("\x1b[A\x1b[A\r")
	s.expect("4711\n" + prompt)
	s.send("\x04")
	s.waitExit(0)
}
