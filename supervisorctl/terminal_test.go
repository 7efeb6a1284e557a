package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

const prompt = "supervisor> "

// TestCompletion completes commands and names. Two tabs list the choices.
// covers: 3.0a7-10a
func TestCompletion(t *testing.T) {
	server := startServer(t)
	s := start(t, server.URL)
	s.expect("web                              RUNNING   up\n" + prompt)
	before := server.count("getAllProcessInfo")
	for _, c := range []struct{ keys, shows string }{
		{"st\t\t", "start  status  stop"},
		{"ver\t", "version "},
		{"start ap\t", "start app:"},
		{"start app:\t\t", "app:a  app:*  app:b"},
		{"start w\t", "start web "},
		{"start web:\t\t", "web:web  web:*"},
		{"stop web app:b\t", "stop web app:b "},
		{"update \t\t", "app  web"},
		{"update w\t", "update web "},
		{"help mai\t", "help maintail "},
		{"pid; start we\t", "pid; start web "},
		{"\t\t", "wait"},
	} {
		s.send(c.keys)
		s.expect(c.shows)
		s.send("\x15") // clear the line
		s.expect(prompt)
	}
	if calls := server.count("getAllProcessInfo") - before; calls != 1 {
		t.Errorf("completion made %d requests between two commands, want 1", calls)
	}
	s.send("\x04")
	s.waitExit(0)
}

// TestHistory checks that a session has the lines of the one before.
// covers: 3.0a5-01
func TestHistory(t *testing.T) {
	server := startServer(t)
	for _, option := range []string{"-r", "--history_file", "--history-file"} {
		file := filepath.Join(t.TempDir(), "history")
		s := start(t, server.URL, option, file)
		for _, line := range []string{"pid", "status web", "status web"} {
			s.expect(prompt)
			s.send(line + "\r")
		}
		s.expect(prompt)
		s.send("shutdown\r")
		s.expect("y/N? ")
		s.send("no\r")
		s.expect(prompt)
		s.send("quit\r")
		s.waitExit(0)
		want := "pid\nstatus web\nshutdown\nno\nquit\n"
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", option, text, err)
		}
		s = start(t, server.URL, option, file)
		s.expect(prompt)
		s.send(strings.Repeat("\x1b[A", 5)) // up
		s.expect("pid")
		s.send("\r")
		s.expect("4711\n" + prompt)
		s.send("\x04")
		s.waitExit(0)
		if text, err := os.ReadFile(file); err != nil || string(text) != want+"pid\n" {
			t.Errorf("%s: %q, %v", option, text, err)
		}
	}
}

// TestExit checks that Ctrl-C, Ctrl-D and exit at the prompt exit the shell, with an empty line and status 0.
func TestExit(t *testing.T) {
	server := startServer(t)
	for keys, shows := range map[string]string{"\x03": "^C\n\n", "\x15\x04": "\n", "\x15exit\r": "exit\n\n"} {
		s := start(t, server.URL)
		s.expect(prompt)
		s.send("x")
		s.expect("x") // the editor reads now
		s.send(keys)
		if text := s.waitExit(0); !strings.HasSuffix(text, shows) || strings.Count(text, "\n") > 2 {
			t.Errorf("%q: %q", keys, text)
		}
	}
}

// TestTerminated sends a terminating signal at the prompt.
func TestTerminated(t *testing.T) {
	server := startServer(t)
	s := start(t, server.URL)
	s.expect(prompt)
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.waitExit(-1)
	if status := s.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("%v", s.cmd.ProcessState)
	}
}

// TestConfirm checks that shutdown and reload ask for confirmation.
func TestConfirm(t *testing.T) {
	server := startServer(t)
	s := start(t, server.URL)
	s.expect(prompt)
	s.send("shutdown\r")
	s.expect("Really shut the remote supervisord process down y/N? ")
	s.send("n\r")
	s.expect(prompt)
	s.send("reload\r")
	s.expect("Really restart the remote supervisord process y/N? ")
	s.send("\r")
	s.expect(prompt)
	s.send("shutdown\r")
	s.expect("y/N? ")
	s.send("Y\r")
	s.expect("Shut down\n" + prompt)
	if server.count("shutdown") != 1 || server.count("restart") != 0 {
		t.Errorf("%v", server.calls)
	}
}

// TestLogin starts a shell without credentials. It asks until they are accepted, runs the command, and keeps them.
// covers: 1.0.2-04
func TestLogin(t *testing.T) {
	server := startServer(t)
	server.password = "secret"
	s := start(t, server.URL)
	s.expect("Server requires authentication\nUsername:")
	s.send("me\r")
	s.expect("Password:")
	s.send("wrong\r")
	if before := s.expect("Server requires authentication\nUsername:"); strings.Contains(before, "wrong") {
		t.Errorf("the password is shown: %q", before)
	}
	s.send("me\r")
	s.expect("Password:")
	s.send("secret\r")
	s.expect("RUNNING   up\n" + prompt)
	s.send("pid\r")
	s.expect("4711\n" + prompt)
	s.send("quit\r")
	s.waitExit(0)

	s = start(t, server.URL, "version") // not interactive
	if text := s.waitExit(1); text != "Server requires authentication\n" {
		t.Errorf("%q", text)
	}
	s = start(t, server.URL, "-i", "version")
	s.expect("Username:")
	s.send("me\r")
	s.expect("Password:")
	s.send("secret\r")
	if text := s.waitExit(0); !strings.HasSuffix(text, "\n9.9\n") {
		t.Errorf("%q", text)
	}
}

// TestForeground checks that fg prints the log and sends lines, and that after Ctrl-C and Ctrl-D the prompt gets every line.
func TestForeground(t *testing.T) {
	server := startServer(t)
	s := start(t, server.URL)
	for _, key := range []string{"\x03", "\x04"} {
		s.expect(prompt)
		s.send("fg web\r")
		s.expect("==> Press Ctrl-C to exit <==\nhello from web\n")
		s.send("Some text\n")
		s.expect("SOME TEXT\n")
		s.send(key)
		s.expect("Exiting foreground\n" + prompt)
		s.send("version\r")
		s.expect("9.9\n")
	}
	s.expect(prompt)
	s.send("\x04")
	s.waitExit(0)

	for _, key := range []string{"\x03", "\x04"} {
		s = start(t, server.URL, "fg", "web")
		s.expect("hello from web\n")
		s.send(key)
		if text := s.waitExit(0); !strings.HasSuffix(text, "Exiting foreground\n") {
			t.Errorf("%q", text)
		}
	}
}

// TestFollow checks that Ctrl-C ends tail -f but not the shell.
func TestFollow(t *testing.T) {
	server := startServer(t)
	s := start(t, server.URL)
	for _, command := range []string{"tail -f web", "tail -f web"} {
		s.expect(prompt)
		s.send(command + "\r")
		s.expect("hello from web\n")
		s.send("\x03")
	}
	s.expect(prompt)
	s.send("version\r")
	s.expect("9.9\n" + prompt)
	s.send("\x04")
	s.waitExit(0)
}

// TestBinaryOutput checks that colors and other encodings reach the terminal unchanged, and that zeros are shown.
func TestBinaryOutput(t *testing.T) {
	server := startServer(t)
	const binary = "\x1b[31mred\x1b[0m \xff\xfe \x00 caf\xc3\xa9 \xc3"
	for _, command := range []string{"tail -f web", "fg web"} {
		s := start(t, server.URL)
		s.expect(prompt)
		s.send(command + "\r")
		s.expect("hello from web\n")
		server.echo <- binary + "|end\n"
		s.expect("|end")
		if !strings.Contains(s.raw, strings.ReplaceAll(binary, "\x00", "^@")+"|end") {
			t.Errorf("%s: %q", command, s.raw[strings.LastIndex(s.raw, "web"):])
		}
		s.send("\x03")
		s.expect(prompt)
		s.send("\x04")
		s.waitExit(0)
	}
}

// TestResize changes the size of the terminal while a line is edited and while a log is followed.
func TestResize(t *testing.T) {
	server := startServer(t)
	s := start(t, server.URL)
	s.expect(prompt)
	s.send("ver")
	s.expect("ver")
	for _, columns := range []uint16{20, 200, 40} {
		if err := pty.Setsize(s.tty, &pty.Winsize{Rows: 10, Cols: columns}); err != nil {
			t.Fatal(err)
		}
	}
	s.send("sion\r")
	s.expect("9.9\n" + prompt)
	s.send("tail -f web\r")
	s.expect("hello from web\n")
	if err := pty.Setsize(s.tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	server.echo <- "still here\n"
	s.expect("still here\n")
	s.send("\x03")
	s.expect(prompt)
	s.send("\x04")
	s.waitExit(0)
}
