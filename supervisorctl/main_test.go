package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// asProgram is an environment variable. If it is set, the test binary is supervisorctl.
const asProgram = "TEST_AS_SUPERVISORCTL"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run())
	}
	os.Exit(m.Run())
}

// server is a supervisord with the processes web, app:a and app:b. What is sent to a process is written to its log in upper
// case.
type server struct {
	*httptest.Server
	password string // empty: no credentials are required
	echo     chan string
	exited   bool // the processes have exited

	mu    sync.Mutex
	calls []string
}

func startServer(t *testing.T) *server {
	s := &server{echo: make(chan string, 10)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// count returns how often a method was called.
func (s *server) count(method string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, call := range s.calls {
		if call == method {
			n++
		}
	}
	return n
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, password, _ := r.BasicAuth(); password != s.password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodGet {
		s.stream(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	call, err := xmlrpc.ParseCall(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	method := strings.TrimPrefix(call.Method, "supervisor.")
	s.mu.Lock()
	s.calls = append(s.calls, method)
	s.mu.Unlock()
	e := xmlrpc.NewEncoder(nil)
	switch method {
	case "getVersion":
		e.String("3.0")
	case "getSupervisorVersion":
		e.String("9.9")
	case "getPID":
		e.Int(4711)
	case "getAllProcessInfo":
		e.BeginArray()
		for _, name := range [][2]string{{"app", "a"}, {"app", "b"}, {"web", "web"}} {
			process(e, name[0], name[1])
		}
		e.EndArray()
	case "getProcessInfo":
		process(e, "web", "web")
	case "sendProcessStdin":
		if s.exited {
			w.Write(xmlrpc.AppendFault(nil, 70, "NOT_RUNNING"))
			return
		}
		s.echo <- strings.ToUpper(call.Params[1].Text)
		e.Bool(true)
	case "shutdown":
		e.Bool(true)
	default:
		w.Write(xmlrpc.AppendFault(nil, 1, "UNKNOWN_METHOD"))
		return
	}
	w.Write(e.Finish())
}

func process(e *xmlrpc.Encoder, group, name string) {
	e.BeginStruct()
	for _, field := range [][2]string{{"name", name}, {"group", group}, {"statename", "RUNNING"}, {"description", "up"}} {
		e.Member(field[0])
		e.String(field[1])
	}
	e.Member("state")
	e.Int(20)
	e.EndStruct()
}

// stream follows the log of web; there are no others.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/logtail/web/stdout" {
		http.NotFound(w, r)
		return
	}
	text := "hello from web\n"
	for {
		io.WriteString(w, text)
		w.(http.Flusher).Flush()
		select {
		case text = <-s.echo:
		case <-r.Context().Done():
			return
		}
	}
}

// session is supervisorctl on a terminal.
type session struct {
	t      *testing.T
	tty    *os.File
	cmd    *exec.Cmd
	output chan string
	text   string // output without escape sequences, after what expect has found
	raw    string // all output
	config string
}

// start starts supervisorctl on a terminal.
func start(t *testing.T, url string, args ...string) *session {
	t.Helper()
	return startOn(t, pty.Winsize{Rows: 24, Cols: 80}, nil, url, args...)
}

// startOn is start for a terminal of another size, and for a program that runs supervisorctl: its words are before.
func startOn(t *testing.T, size pty.Winsize, before []string, url string, args ...string) *session {
	t.Helper()
	dir := t.TempDir()
	s := &session{t: t, output: make(chan string, 100), config: filepath.Join(dir, "sd.conf")}
	config := fmt.Sprintf("[supervisorctl]\nserverurl=%s\n", url)
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	words := slices.Concat(before, []string{os.Args[0], "-c", s.config}, args)
	s.cmd = exec.Command(words[0], words[1:]...)
	s.cmd.Dir = dir // for a core file
	s.cmd.Env = append(os.Environ(), asProgram+"=1", "TERM=xterm", "GORACE=atexit_sleep_ms=0")
	var err error
	if s.tty, err = pty.StartWithSize(s.cmd, &size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.tty.Close()
	})
	go func() {
		defer close(s.output)
		for buf := make([]byte, 4096); ; {
			n, err := s.tty.Read(buf)
			if err != nil {
				return
			}
			s.output <- string(buf[:n])
		}
	}()
	return s
}

// escapes are the sequences that a line editor sends.
var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]|\r|\a")

// expect waits for a text and returns the output before it.
func (s *session) expect(want string) string {
	s.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		if before, after, found := strings.Cut(s.text, want); found {
			s.text = after
			return before
		}
		select {
		case out, ok := <-s.output:
			if !ok {
				s.t.Fatalf("exited without %q: %q", want, s.text)
			}
			s.raw += out
			s.text = escapes.ReplaceAllString(s.text+out, "")
		case <-timeout:
			s.t.Fatalf("no %q in %q", want, s.text)
		}
	}
}

// send types keys.
func (s *session) send(keys string) {
	s.t.Helper()
	if _, err := s.tty.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// waitExit waits for supervisorctl to exit and returns the rest of its output.
func (s *session) waitExit(status int) string {
	s.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case out, ok := <-s.output:
			if ok {
				s.text = escapes.ReplaceAllString(s.text+out, "")
				continue
			}
			s.cmd.Wait()
			if got := s.cmd.ProcessState.ExitCode(); got != status {
				s.t.Errorf("exit status %d, not %d", got, status)
			}
			return s.text
		case <-timeout:
			s.t.Fatalf("has not exited: %q", s.text)
		}
	}
}
