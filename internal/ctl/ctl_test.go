package ctl

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// fake is a server whose methods are defined by the test.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	byName  func(method, name string) answer // the answer of a method that is not in answers; may be nil
	calls   []string                         // methods and parameters, without getVersion
	answers map[string]func(e *xmlrpc.Encoder) (code int, text string)
}

type answer = func(e *xmlrpc.Encoder) (int, string)

func startFake(t *testing.T, answers map[string]answer) *fake {
	f := &fake{answers: answers}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	call, err := xmlrpc.ParseCall(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := strings.TrimPrefix(call.Method, "supervisor.")
	if name != "getVersion" {
		for _, p := range call.Params {
			name += " " + p.Text
		}
		f.mu.Lock()
		f.calls = append(f.calls, strings.TrimSpace(name))
		f.mu.Unlock()
		name, _, _ = strings.Cut(name, " ")
	}
	reply, known := f.answers[name]
	if !known && name == "getVersion" {
		reply = text("3.0")
	} else if !known && f.byName != nil {
		reply = f.byName(name, call.Params[0].Text)
	} else if !known {
		reply = fault(1, "UNKNOWN_METHOD")
	}
	e := xmlrpc.NewEncoder(nil)
	if code, text := reply(e); code != 0 {
		w.Write(xmlrpc.AppendFault(nil, code, text))
		return
	}
	w.Write(e.Finish())
}

func text(s string) answer {
	return func(e *xmlrpc.Encoder) (int, string) {
		e.String(s)
		return 0, ""
	}
}

func fault(code int, text string) answer {
	return func(*xmlrpc.Encoder) (int, string) { return code, text }
}

func yes(e *xmlrpc.Encoder) (int, string) {
	e.Bool(true)
	return 0, ""
}

// statuses is an array of status structs, "name group code description" each.
func statuses(list ...[4]any) answer {
	return func(e *xmlrpc.Encoder) (int, string) {
		e.BeginArray()
		for _, s := range list {
			e.BeginStruct()
			e.Member("name")
			e.String(s[0].(string))
			e.Member("group")
			e.String(s[1].(string))
			e.Member("status")
			e.Int(int64(s[2].(int)))
			e.Member("description")
			e.String(s[3].(string))
			e.EndStruct()
		}
		e.EndArray()
		return 0, ""
	}
}

// changes is an answer of reloadConfig.
func changes(lists ...[]string) answer {
	return func(e *xmlrpc.Encoder) (int, string) {
		e.BeginArray()
		e.BeginArray()
		for _, list := range lists {
			e.BeginArray()
			for _, name := range list {
				e.String(name)
			}
			e.EndArray()
		}
		e.EndArray()
		e.EndArray()
		return 0, ""
	}
}

// infos is an answer of getAllProcessInfo for processes "name group statename code".
func infos(list ...[4]any) answer {
	return func(e *xmlrpc.Encoder) (int, string) {
		e.BeginArray()
		for _, s := range list {
			e.BeginStruct()
			e.Member("name")
			e.String(s[0].(string))
			e.Member("group")
			e.String(s[1].(string))
			e.Member("statename")
			e.String(s[2].(string))
			e.Member("state")
			e.Int(int64(s[3].(int)))
			e.Member("description")
			e.String("about " + s[0].(string))
			e.EndStruct()
		}
		e.EndArray()
		return 0, ""
	}
}

// TestCommands has what a daemon of the original cannot be made to answer, and where we differ on purpose.
// covers: 3.0a1-19
func TestCommands(t *testing.T) {
	for _, test := range []struct {
		line    string
		answers map[string]answer
		out     string
		status  int
		calls   string
		stderr  string
	}{
		{line: "status", answers: map[string]answer{"getVersion": text("2.0")}, status: 4, out: "Sorry, this version of " +
			"supervisorctl expects to talk to a server with API version 3.0, but the remote version is 2.0.\n"},
		{line: "pid", answers: map[string]answer{"getVersion": text("2.0")}, status: 5, out: "Sorry, this version of " +
			"supervisorctl expects to talk to a server with API version 3.0, but the remote version is 2.0.\n"},
		{line: "start a", answers: map[string]answer{"getVersion": fault(1, "UNKNOWN_METHOD")}, status: 3, out: sorry},
		{line: "status", answers: map[string]answer{"getVersion": fault(1, "UNKNOWN_METHOD")}, status: 4, out: sorry},
		{line: "avail", status: 1, out: "error: <class 'xmlrpc.client.Fault'>, <Fault 1: 'UNKNOWN_METHOD'>: URL\n",
			calls: "getAllConfigInfo"},
		{line: "status", answers: map[string]answer{"getVersion": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out:    "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>: URL\n",
			stderr: "supervisord is shutting down or restarting\n"},
		{line: "start a", answers: map[string]answer{"startProcess": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out: "error: <class 'ValueError'>, Unknown result code 6 for a: URL\n", calls: "startProcess a"},
		{line: "start g:*", answers: map[string]answer{"startProcessGroup": statuses([4]any{"a", "g", 80, "OK"},
			[4]any{"b", "g", 40, "ABNORMAL_TERMINATION: b"}, [4]any{"g", "g", 60, "ALREADY_STARTED: g"})}, status: 7,
			out:   "g:a: started\ng:b: ERROR (abnormal termination)\ng: ERROR (already started)\n",
			calls: "startProcessGroup g"},
		{line: "stop x all y", answers: map[string]answer{"stopAllProcesses": statuses([4]any{"a", "g", 80, "OK"},
			[4]any{"b", "g", 30, "FAILED: unknown problem killing b"}, [4]any{"c", "c", 70, "NOT_RUNNING"})}, status: 1,
			out:   "g:a: stopped\nFAILED: unknown problem killing b\nc: ERROR (not running)\n",
			calls: "stopAllProcesses"},
		{line: "stop nope:* a", answers: map[string]answer{"stopProcessGroup": fault(10, "BAD_NAME: nope"),
			"stopProcess": yes}, status: 1, out: "nope: ERROR (no such group)\na: stopped\n",
			calls: "stopProcessGroup nope, stopProcess a"},
		{line: "restart a b", answers: map[string]answer{"stopProcess": yes, "startProcess": yes},
			out:   "a: stopped\nb: stopped\na: started\nb: started\n",
			calls: "stopProcess a, stopProcess b, startProcess a, startProcess b"},
		{line: "signal hup clamav", answers: map[string]answer{"signalProcess": yes}, out: "clamav: signalled\n",
			calls: "signalProcess clamav hup"},
		{line: "signal X g:*", answers: map[string]answer{"signalProcessGroup": statuses([4]any{"a", "g", 11, "BAD_SIGNAL"})},
			status: 1, out: "g:a: ERROR (bad signal name)\n", calls: "signalProcessGroup g X"},
		{line: "clear g:* a", answers: map[string]answer{"clearProcessLogs": fault(10, "BAD_NAME: x")}, status: 1,
			out:   "g:*: ERROR (no such process)\na: ERROR (no such process)\n",
			calls: "clearProcessLogs g:*, clearProcessLogs a"},
		{line: "clear all", answers: map[string]answer{"clearAllProcessLogs": statuses([4]any{"a", "a", 80, "OK"},
			[4]any{"b", "b", 30, "FAILED"})}, status: 1, out: "a: cleared\nb: ERROR (failed)\n", calls: "clearAllProcessLogs"},
		{line: "tail a", answers: map[string]answer{"readProcessStdoutLog": fault(30, "FAILED: x")}, status: 1,
			out: "a: ERROR (unknown error reading log)\n", calls: "readProcessStdoutLog a"},
		{line: "tail -5 a stderr", answers: map[string]answer{"readProcessStderrLog": text("1\n")}, out: "1\n\n",
			calls: "readProcessStderrLog a"},
		{line: "maintail", answers: map[string]answer{"readLog": fault(20, "NO_FILE")}, status: 1,
			out: "supervisord: ERROR (no log file)\n", calls: "readLog"},
		{line: "avail", answers: map[string]answer{"getAllConfigInfo": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out: "ERROR: supervisor shutting down\n", calls: "getAllConfigInfo"},
		{line: "reread", answers: map[string]answer{
			"reloadConfig": changes([]string{"z", "b"}, []string{"c"}, []string{"a"})},
			out: "a: disappeared\nb: available\nc: changed\nz: available\n", calls: "reloadConfig"},
		{line: "reread", answers: map[string]answer{"reloadConfig": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out: "ERROR: supervisor shutting down\n", calls: "reloadConfig"},
		{line: "update", answers: map[string]answer{"reloadConfig": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out: "ERROR: already shutting down\n", calls: "reloadConfig"},
		{line: "update", answers: map[string]answer{"reloadConfig": fault(92, "CANT_REREAD: it's bad")}, status: 1,
			out: "ERROR: CANT_REREAD: it's bad\n", calls: "reloadConfig"},
		{line: "update", answers: updates, status: 0, calls: "reloadConfig, stopProcessGroup r, removeProcessGroup r, " +
			"stopProcessGroup c, removeProcessGroup c, addProcessGroup c, addProcessGroup n, addProcessGroup m",
			out: "r: stopped\nr: removed process group\nc: stopped\nc: updated process group\n" +
				"n: added process group\nm: added process group\n"},
		{line: "update m nope a nope", answers: updates, status: 1,
			calls: "reloadConfig, getAllProcessInfo, addProcessGroup m",
			out:   "ERROR: no such group: nope\nm: added process group\n"},
		{line: "update r", answers: map[string]answer{"reloadConfig": changes(nil, nil, []string{"r"}),
			"getAllProcessInfo": infos([4]any{"r", "r", "RUNNING", 20}),
			"stopProcessGroup":  statuses([4]any{"r", "r", 30, "FAILED: x"})}, status: 1,
			out:   "r: stopped\nr: has problems; not removing\n",
			calls: "reloadConfig, getAllProcessInfo, stopProcessGroup r"},
		{line: "add a b", answers: map[string]answer{"addProcessGroup": fault(90, "ALREADY_ADDED: a")},
			out:   "ERROR: process group already active\nERROR: process group already active\n",
			calls: "addProcessGroup a, addProcessGroup b"},
		{line: "add a", answers: map[string]answer{"addProcessGroup": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out: "ERROR: shutting down\n", calls: "addProcessGroup a"},
		{line: "drop a", answers: map[string]answer{"removeProcessGroup": fault(91, "STILL_RUNNING: a")}, status: 1,
			out: "ERROR: process/group still running: a\n", calls: "removeProcessGroup a"},
		{line: "remove a", answers: map[string]answer{"removeProcessGroup": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out:    "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>: URL\n",
			stderr: "supervisord is shutting down or restarting\n",
			calls:  "removeProcessGroup a"},
		{line: "shutdown", answers: map[string]answer{"shutdown": yes}, out: "Shut down\n", calls: "shutdown"},
		{line: "shutdown", answers: map[string]answer{"shutdown": fault(6, "SHUTDOWN_STATE")},
			out: "ERROR: already shutting down\n", calls: "shutdown"},
		{line: "reload", answers: map[string]answer{"restart": yes}, out: "Restarted supervisord\n", calls: "restart"},
		{line: "reload", answers: map[string]answer{"restart": fault(6, "SHUTDOWN_STATE")}, status: 1,
			out: "ERROR: already shutting down\n", calls: "restart"},
		{line: "status x; version", answers: map[string]answer{"getAllProcessInfo": infos(),
			"getSupervisorVersion": text("9")},
			status: 4, out: "x: ERROR (no such process)\n9\n", calls: "getAllProcessInfo, getSupervisorVersion"},
		{line: "version;; bogus ;status x", answers: map[string]answer{"getAllProcessInfo": infos(),
			"getSupervisorVersion": text("9")}, status: 1, calls: "getSupervisorVersion, getAllProcessInfo",
			out: "9\n*** Unknown syntax: bogus\nx: ERROR (no such process)\n"},
		{line: "quit; version", out: "\n"},
		{line: `stop "a;b"`, answers: map[string]answer{"stopProcess": yes}, out: "\"a;b\": stopped\n",
			calls: `stopProcess "a;b"`},
		{line: "status", answers: map[string]answer{"getAllProcessInfo": infos(
			[4]any{"a", "a", "RUNNING", 20}, [4]any{"b", strings.Repeat("é", 40), "FATAL", 200})}, status: 3,
			out: "a" + strings.Repeat(" ", 44) + "RUNNING   about a\n" +
				strings.Repeat("é", 40) + ":b   FATAL     about b\n", calls: "getAllProcessInfo"},
		{line: "start --no-wait a --timeout 5", answers: map[string]answer{"startProcess": yes}, out: "a: starting\n",
			calls: "startProcess a"},
		{line: "stop a --no-wait", answers: map[string]answer{"stopProcess": yes}, out: "a: stopping\n",
			calls: "stopProcess a"},
		{line: "restart a --no-wait", answers: map[string]answer{"stopProcess": yes, "startProcess": yes},
			out: "a: stopped\na: starting\n", calls: "stopProcess a, startProcess a"},
		{line: "start a --timeout", status: 2, out: "Error: --timeout requires a value\n"},
		{line: "stop a --timeout=soon", status: 2, out: "Error: bad timeout soon\n"},
		{line: "restart a --timeout=-1", status: 2, out: "Error: bad timeout -1\n"},
		{line: "kill", status: 2, out: "Error: kill requires a process name\n" + find("kill").help + "\n"},
		{line: "hup --timeout 1h", status: 2, out: "Error: hup requires a process name\n" + find("hup").help + "\n"},
		{line: "wait", status: 2, out: "Error: wait requires a process name\n" + waitHelp()},
		{line: "wait a --for SLEEPING", status: 2, out: "Error: bad state SLEEPING\n"},
		{line: "wait a --for ready", answers: map[string]answer{"getAllProcessInfo": infos([4]any{"a", "a", "RUNNING", 20})},
			out: "a: READY\n", calls: "getAllProcessInfo"}, // a server without such members
		{line: "wait a --for HEALTHY", answers: map[string]answer{"getAllProcessInfo": infos([4]any{"a", "a", "FATAL", 200})}, status: 3,
			out: "a: ERROR (about a)\n", calls: "getAllProcessInfo"},
		{line: "wait nope", answers: map[string]answer{"getAllProcessInfo": infos()}, status: 4,
			out: "nope: ERROR (no such process)\n", calls: "getAllProcessInfo"},
		{line: "wait a b --for exited,running", answers: map[string]answer{"getAllProcessInfo": infos(
			[4]any{"a", "a", "RUNNING", 20}, [4]any{"b", "b", "EXITED", 100})},
			out: "a: RUNNING\nb: EXITED\n", calls: "getAllProcessInfo"},
		{line: "wait g:*", answers: map[string]answer{"getAllProcessInfo": infos(
			[4]any{"a", "g", "RUNNING", 20}, [4]any{"b", "g", "FATAL", 200})}, status: 3,
			out: "g:a: RUNNING\ng:b: ERROR (about b)\n", calls: "getAllProcessInfo, expandName g:*"},
		{line: "deps a", answers: map[string]answer{"expandName": fault(1, "UNKNOWN_METHOD"), "getDependencies": fault(1, "UNKNOWN_METHOD")},
			status: 1, out: "ERROR: the server cannot do this: supervisor.getDependencies\n", calls: "expandName a, getDependencies a"},
		{line: "logs -n x", status: 2, out: "Error: bad number of lines x\n"},
		{line: "completion", status: 2,
			out: "Error: completion requires the name of a shell\n" + find("completion").help + "\n"},
		{line: "completion csh", status: 2, out: "Error: bad shell csh\n"},
		{line: "complete cur=H wait a --for", out: "HEALTHY\n"},
		{line: "complete cur=st", out: "start\nstatus\nstop\n"},
		{line: "complete cur=g: start", answers: map[string]answer{"getAllProcessInfo": infos(
			[4]any{"a", "g", "RUNNING", 20})}, out: "g:a\ng:*\n", calls: "getAllProcessInfo"},
		{line: "options", status: 1, out: "*** Unknown syntax: options\n"},
		{line: "help complete", out: "*** No help on complete\n"},
		{line: "open ftp://x", status: 1, out: "ERROR: url must be http:// or unix://\n"},
		{line: "start it's;version", answers: map[string]answer{"startProcess": yes, "getSupervisorVersion": text("9")},
			out: "it's: started\n9\n", calls: "startProcess it's, getSupervisorVersion"},
	} {
		f := startFake(t, test.answers)
		out, stderr, status := runOurs(f.URL, "", test.line)
		if diff := cmp.Diff(test.out, strings.ReplaceAll(out, f.URL, "URL")); diff != "" || stderr != test.stderr {
			t.Errorf("%q: stderr %q, -want +got\n%s", test.line, stderr, diff)
		}
		if status != test.status {
			t.Errorf("%q: exit status %d, not %d", test.line, status, test.status)
		}
		if calls := strings.Join(f.calls, ", "); calls != test.calls {
			t.Errorf("%q: calls %q, not %q", test.line, calls, test.calls)
		}
	}
}

// find is a command of a controller without plug-ins.
func find(name string) *command { return new(Controller).find(name) }

// waitHelp is printed after a usage error of wait.
func waitHelp() string { return find("wait").help + "\n" }

const sorry = "Sorry, supervisord responded but did not recognize the supervisor namespace commands that " +
	"supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is enabled in the " +
	"configuration file (see sample.conf).\n"

var updates = map[string]answer{
	"reloadConfig":       changes([]string{"n", "m"}, []string{"c"}, []string{"r"}),
	"getAllProcessInfo":  infos([4]any{"a", "a", "RUNNING", 20}),
	"stopProcessGroup":   statuses(),
	"removeProcessGroup": yes,
	"addProcessGroup":    yes,
}

// TestFollowMissing follows a log that does not exist. The text is the original's, the exit status is ours.
func TestFollowMissing(t *testing.T) {
	f := startFake(t, nil)
	rpc := f.Config.Handler
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			rpc.ServeHTTP(w, r)
		case r.URL.Path == "/mainlogtail":
			io.WriteString(w, "a line\n")
		default:
			http.NotFound(w, r)
		}
	})
	out, stderr, status := runOurs(f.URL, "", "tail -f nope stderr")
	want := f.URL + "/logtail/nope/stderr Cannot read, status code 404\n"
	if out != "==> Press Ctrl-C to exit <==\n" || stderr != want || status != 1 {
		t.Errorf("%q, %q, %d", out, stderr, status)
	}
	out, stderr, status = runOurs(f.URL, "", "maintail -f")
	if out != "==> Press Ctrl-C to exit <==\na line\n" || stderr != "" || status != 0 {
		t.Errorf("%q, %q, %d", out, stderr, status)
	}
}

// TestFollowInterrupted checks that an interrupt ends tail -f with an empty line and status 0.
func TestFollowInterrupted(t *testing.T) {
	f := startFake(t, nil)
	rpc := f.Config.Handler
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			rpc.ServeHTTP(w, r)
			return
		}
		io.WriteString(w, "a line\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	out := &interrupter{after: "a line\n"}
	status := New(Options{ServerURL: f.URL, Out: out, Err: out}).Run([]string{"tail", "-f", "a"})
	if got := out.String(); got != "==> Press Ctrl-C to exit <==\na line\n\n" || status != 0 {
		t.Errorf("%q, %d", got, status)
	}
}

// interrupter sends this process an interrupt when a text is written.
type interrupter struct {
	bytes.Buffer
	after string
}

func (w *interrupter) Write(p []byte) (int, error) {
	if string(p) == w.after {
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	}
	return w.Buffer.Write(p)
}

// TestUnauthorized checks the line for missing credentials. The original prints a second one with the same content.
func TestUnauthorized(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		e := xmlrpc.NewEncoder(nil)
		e.String("3.0")
		w.Write(e.Finish())
	}))
	defer s.Close()
	for _, line := range []string{"status", "shutdown", "version", "tail -f x"} {
		if out, _, status := runOurs(s.URL, "", line); out != "Server requires authentication\n" || status != 1 {
			t.Errorf("%s: %q, %d", line, out, status)
		}
	}
	var out bytes.Buffer
	c := New(Options{ServerURL: s.URL, Username: "u", Password: "secret", Out: &out, Err: &out})
	if status := c.Run([]string{"version"}); out.String() != "3.0\n" || status != 0 {
		t.Errorf("%q, %d", out.String(), status)
	}
}

// TestErrorLines checks the lines for connection errors, which scripts parse.
func TestErrorLines(t *testing.T) {
	locked := filepath.Join(t.TempDir(), "locked.sock")
	listener, err := net.Listen("unix", locked)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			conn.Close()
		}
	}()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "<a>")
	}))
	defer broken.Close()
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer failing.Close()
	for url, want := range map[string]string{
		"unix://" + locked: "error: <class 'http.client.RemoteDisconnected'>, " +
			"Remote end closed connection without response: ",
		broken.URL: "error: <class 'xml.parsers.expat.ExpatError'>, ",
		failing.URL: "error: <class 'xmlrpc.client.ProtocolError'>, " +
			"<ProtocolError for 127.0.0.1/RPC2: 500 Internal Server Error>: ",
		"http://nohost.invalid": "error: <class 'socket.gaierror'>, [Errno -2] Name or service not known: ",
		"gopher://localhost":    "error: <class 'ValueError'>, Unknown protocol for serverurl gopher://localhost: ",
	} {
		out, _, status := runOurs(url, "", "status")
		if !strings.HasPrefix(out, want) || !strings.HasSuffix(out, ": "+url+"\n") || status != 1 {
			t.Errorf("%s: %q, %d", url, out, status)
		}
	}
	if class, text := classify(syscall.EACCES); class != "PermissionError" || text != "[Errno 13] Permission denied" {
		t.Errorf("%s, %s", class, text)
	}
}

// TestConfirm checks that an interactive shutdown needs an answer that begins with y.
func TestConfirm(t *testing.T) {
	const question = "Really shut the remote supervisord process down y/N? "
	for input, want := range map[string]string{
		"y\n":   question + "Shut down\n",
		"Yes\n": question + "Shut down\n",
		"n\n":   question,
		"\n":    question,
		"":      question + "error: <class 'EOFError'>, EOF when reading a line: URL\n",
	} {
		f := startFake(t, map[string]answer{"shutdown": yes})
		var out bytes.Buffer
		c := New(Options{ServerURL: f.URL, Interactive: true, In: strings.NewReader(input), Out: &out, Err: &out})
		c.Run([]string{"shutdown"})
		if got := strings.ReplaceAll(out.String(), f.URL, "URL"); got != want {
			t.Errorf("%q: %q", input, got)
		}
	}
}

// TestShellInterrupted checks that an interrupt at the prompt exits the shell.
func TestShellInterrupted(t *testing.T) {
	f := startFake(t, map[string]answer{"getAllProcessInfo": infos()})
	noInput, _ := io.Pipe()
	out := &interrupter{after: "supervisor> "}
	c := New(Options{ServerURL: f.URL, Prompt: "supervisor", In: noInput, Out: out, Err: out})
	if status := c.Shell(); out.String() != "supervisor> \n" || status != 0 {
		t.Errorf("%q, %d", out.String(), status)
	}
}

// TestShell runs commands from standard input, several on a line too. The exit status is always 0.
func TestShell(t *testing.T) {
	f := startFake(t, map[string]answer{"getAllProcessInfo": infos([4]any{"a", "a", "STOPPED", 0}),
		"getSupervisorVersion": text("9")})
	out, _, status := runOurs(f.URL, "bogus\n\nversion; version\nopen "+f.URL+"\nexit; version\nversion\n")
	row := "a" + strings.Repeat(" ", 32) + "STOPPED   about a\n"
	const prompt = "supervisor> "
	want := row + prompt + "*** Unknown syntax: bogus\n" + prompt + prompt + "9\n9\n" + prompt + row + prompt + "\n"
	if diff := cmp.Diff(want, out); diff != "" || status != 0 {
		t.Errorf("%d, -want +got\n%s", status, diff)
	}
}

// TestLinesAfterCancel checks that a line that a canceled caller has requested is not lost.
func TestLinesAfterCancel(t *testing.T) {
	read, write := io.Pipe()
	l := newLines(read)
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if line, ok := l.next(canceled); ok {
		t.Errorf("%q without input", line)
	}
	go func() {
		io.WriteString(write, "one\r\ntwo")
		write.Close()
	}()
	for _, want := range []string{"one", "two"} {
		if line, ok := l.next(context.Background()); line != want || !ok {
			t.Errorf("%q, not %q", line, want)
		}
	}
	if line, ok := l.next(context.Background()); ok {
		t.Errorf("%q after the end", line)
	}
}
