package ctl

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

func TestComplete(t *testing.T) {
	f := startFake(t, map[string]answer{"getAllProcessInfo": infos([4]any{"a", "g", "RUNNING", 20},
		[4]any{"b", "g", "RUNNING", 20}, [4]any{"web", "web", "RUNNING", 20})})
	c := New(Options{ServerURL: f.URL, Plugins: []config.Interface{{Name: "w", Factory: config.Wildcards}}})
	for line, want := range map[string]string{
		"sta":          "|start status",
		"help st":      "help |start status stop",
		"nosuch ":      "nosuch |",
		"avail ":       "avail |",
		"start ":       "start |g:a g:* g:b web",
		"start g":      "start |g:a g:* g:b",
		"start web:":   "start |web:web web:*",
		"stop web g:b": "stop web |g:b",
		"add ":         "add |g web",
		"pid; remove ": "pid; remove |g web",
		"ms":           "|mstart mstatus mstop",
	} {
		head, words := c.complete(line)
		got := head + "|"
		for i, word := range words {
			if !strings.HasSuffix(word, " ") {
				t.Errorf("%q: no blank after %q", line, word)
			}
			if i > 0 {
				got += " "
			}
			got += strings.TrimSuffix(word, " ")
		}
		if got != want {
			t.Errorf("%q: %q, not %q", line, got, want)
		}
	}
	if len(f.calls) != 1 {
		t.Errorf("%q", f.calls)
	}
}

func TestColumns(t *testing.T) {
	long := strings.Repeat("x", 75)
	for _, c := range []struct{ names, want []string }{
		{nil, []string{""}},
		{[]string{"a", "bb"}, []string{"a  bb"}},
		{[]string{"a", long, "ccc", "d"}, []string{"a" + strings.Repeat(" ", 74) + "  ccc", long + "  d  "}},
		{[]string{long, long}, []string{long, long}},
	} {
		if got := columns(c.names); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, not %q", c.names, got, c.want)
		}
	}
}

func TestMatchesPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"*-a", "celery-a", true}, {"*-a", "celery-b", false}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"a[bc]d", "acd", true}, {"a[!bc]d", "acd", false}, {"a[!bc]d", "axd", true}, {"a[b", "a[b", true},
		{"[]", "[]", true},
		{"a.c", "abc", false}, {"a", "ab", false}, {"g:*", "g:x", true}, {"[a-c]", "b", true}, {"[^a]", "^", true},
		{"[z-a]", "z", false},
	} {
		if got := matchesPattern(c.pattern, c.name); got != c.want {
			t.Errorf("%q, %q: %v", c.pattern, c.name, got)
		}
	}
}

// TestWildcards checks the commands with m, which send a request for each process that matches.
func TestWildcards(t *testing.T) {
	all := infos([4]any{"x-a", "g", "RUNNING", 20}, [4]any{"x-b", "g", "RUNNING", 20}, [4]any{"y-a", "y-a", "STOPPED", 0})
	for _, c := range []struct {
		line, group, out, calls string
		status                  int
	}{
		{line: "mstop *-a", out: "g:x-a: stopped\ny-a: ERROR (not running)\n",
			calls: "getAllProcessInfo, stopProcess g:x-a, stopProcess y-a"},
		{line: "mstart all", out: "g:x-a: ERROR (already started)\ng:x-b: ERROR (already started)\ny-a: started\n",
			calls: "getAllProcessInfo, startProcess g:x-a, startProcess g:x-b, startProcess y-a"},
		{line: "mrestart y*", out: "y-a: ERROR (not running)\ny-a: started\n",
			calls: "getAllProcessInfo, startProcess y-a, stopProcess y-a"},
		{line: "mstatus y-a", status: 3, out: "y-a" + strings.Repeat(" ", 30) + "STOPPED   about y-a\n",
			calls: "getAllProcessInfo, getAllProcessInfo"},
		{line: "mstop g:*", out: "No process matched given expression.\n", calls: "getAllProcessInfo"},
		{line: "mstop g:*b", group: "1", out: "g:x-b: stopped\n", calls: "getAllProcessInfo, stopProcess g:x-b"},
	} {
		f := startFake(t, map[string]answer{"getAllProcessInfo": all})
		f.byName = func(method, name string) answer {
			stopped := name == "y-a"
			switch {
			case method == "stopProcess" && stopped:
				return fault(70, "NOT_RUNNING")
			case method == "startProcess" && !stopped:
				return fault(60, "ALREADY_STARTED")
			}
			return yes
		}
		var out bytes.Buffer
		section := config.Interface{Name: "w", Factory: config.Wildcards, Options: map[string]string{"match_group": c.group}}
		status := New(Options{ServerURL: f.URL, Out: &out, Plugins: []config.Interface{section}}).Run([]string{c.line})
		slices.Sort(f.calls) // concurrent
		if calls := strings.Join(f.calls, ", "); out.String() != c.out || calls != c.calls || status != c.status {
			t.Errorf("%s: %d, %q, %q", c.line, status, out.String(), calls)
		}
	}
}

// TestExternalCommands runs programs as commands: of a section, and supervisorctl-NAME. Their environment has the server, and their
// exit status is ours.
func TestExternalCommands(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho $0: $# $1 $SUPERVISOR_SERVER_URL $SUPERVISOR_USERNAME:$SUPERVISOR_PASSWORD\n" +
		"case $1 in killed) kill -TERM $$;; esac\nexit 7\n"
	path := filepath.Join(dir, "supervisorctl-hello")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	sections := []config.Interface{
		{Name: "deploy", Options: map[string]string{"command": path + " 'a b'"}},
		{Name: "lost", Options: map[string]string{"command": "/no/such/program"}},
	}
	for _, c := range []struct {
		line, out string
		status    int
	}{
		{"hello one", path + ": 1 one unix:///s u:p\n", 7},
		{"hello killed", path + ": 1 killed unix:///s u:p\n", 128 + 15},
		{"deploy x", path + ": 2 a b unix:///s u:p\n", 7},
		{"help deploy", "deploy\tRuns " + path + " 'a b'\n", 0},
		{"lost", "error: <class 'FileNotFoundError'>, [Errno 2] No such file or directory: '/no/such/program': " +
			"unix:///s\n", 1},
		{"nosuch", "*** Unknown syntax: nosuch\n", 1},
	} {
		var out bytes.Buffer
		control := New(Options{ServerURL: "unix:///s", Username: "u", Password: "p", In: strings.NewReader(""), Out: &out,
			Err: &out, Plugins: sections})
		if status := control.Run([]string{c.line}); status != c.status || out.String() != c.out {
			t.Errorf("%s: %d, %q", c.line, status, out.String())
		}
	}
	var out bytes.Buffer
	New(Options{Out: &out, Plugins: sections}).Run([]string{"help"})
	if !strings.HasSuffix(out.String(), "\n\ndeploy commands (type help <topic>):\n"+strings.Repeat("=", 36)+
		"\ndeploy\n\nlost commands (type help <topic>):\n"+strings.Repeat("=", 34)+"\nlost\n\n") {
		t.Errorf("%q", out.String())
	}
}

func TestStatusJSON(t *testing.T) {
	f := startFake(t, map[string]answer{"getAllProcessInfo": infos([4]any{"a", "g", "RUNNING", 20})})
	out, stderr, status := runOurs(f.URL, "", "status --json g:* nope")
	var list []map[string]any
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 || len(list[0]) != 13 {
		t.Fatalf("%v, %q", err, out)
	}
	if list[0]["name"] != "a" || list[0]["group"] != "g" || list[0]["state"] != 20.0 || list[0]["statename"] != "RUNNING" {
		t.Errorf("%v", list)
	}
	if stderr != "nope: ERROR (no such process)\n" || status != exitUnreachable {
		t.Errorf("%q, %d", stderr, status)
	}
	f.answers["getAllProcessInfo"] = infos()
	if out, _, status := runOurs(f.URL, "", "status --json"); out != "[]\n" || status != 0 {
		t.Errorf("%q, %d", out, status)
	}
}

// TestWait waits for a state, and for a timeout of wait and of start.
func TestWait(t *testing.T) {
	requests := 0
	f := startFake(t, map[string]answer{"getAllProcessInfo": func(e *xmlrpc.Encoder) (int, string) {
		requests++
		state := [4]any{"a", "a", "STARTING", 10}
		if requests == 3 {
			state = [4]any{"a", "a", "RUNNING", 20}
		}
		return infos(state)(e)
	}})
	if out, _, status := runOurs(f.URL, "", "wait a"); out != "a: RUNNING\n" || status != 0 || requests != 3 {
		t.Errorf("%d, %q after %d", status, out, requests)
	}
	const late = "ERROR: timed out after 50ms\n"
	if out, _, status := runOurs(f.URL, "", "wait a --timeout 0.05"); out != late || status != exitTimedOut {
		t.Errorf("%d, %q", status, out)
	}
	rpc := f.Config.Handler
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte("startProcess")) {
			<-r.Context().Done()
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		rpc.ServeHTTP(w, r)
	})
	if out, _, status := runOurs(f.URL, "", "start a --timeout 50ms; pid"); !strings.HasPrefix(out, late) ||
		!strings.Contains(out, "UNKNOWN_METHOD") || status != exitTimedOut {
		t.Errorf("%d, %q", status, out)
	}
}

func TestParseTimeout(t *testing.T) {
	for text, want := range map[string]time.Duration{"1": time.Second, "0.5": time.Second / 2, "1m30s": 90 * time.Second,
		"": 0, "x": 0, "-1": 0, "0": 0} {
		if got, err := parseTimeout(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestLastLines(t *testing.T) {
	for _, c := range []struct {
		text     string
		count    int
		complete bool
		want     string
		whole    bool
	}{
		{"", 3, true, "", true},
		{"a\nb\nc\n", 2, true, "b c", true},
		{"a\nb\nc", 2, true, "b c", true},
		{"a\n\nc\n", 2, true, " c", true},
		{"a\nb\n", 5, true, "a b", true},
		{"half\nb\nc\n", 2, false, "b c", true},
		{"half\nb\nc\n", 3, false, "", false},
		{"half", 1, false, "", false},
	} {
		lines, whole := lastLines(c.text, c.count, c.complete)
		if got := strings.Join(lines, " "); got != c.want || whole != c.whole {
			t.Errorf("%q, %d: %q, %v", c.text, c.count, got, whole)
		}
	}
}

// TestFollowLines checks that lines are whole however the stream is split, and the limit of the backlog.
func TestFollowLines(t *testing.T) {
	half := strings.Repeat("x", backlogBytes-9)
	for _, c := range []struct {
		pieces []string
		count  int
		want   string
	}{
		{[]string{"a\nb\nc", "d\ne\n", "f"}, 1, "b|cd|e|f"},
		{[]string{"a\nb\n", "c\n"}, 0, "c"},
		{[]string{"a\nb\n"}, 9, "a|b"},
		{[]string{half + "\nab\ncd\nef", "g\n"}, 9, "ab|cd|efg"},
		{nil, 9, ""},
	} {
		read, write := io.Pipe()
		go func() {
			for _, piece := range c.pieces {
				io.WriteString(write, piece)
			}
			write.Close()
		}()
		var got []string
		followLines(t.Context(), read, c.count, func(line string) { got = append(got, line) })
		if diff := cmp.Diff(c.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%q: -want +got\n%s", c.pieces, diff)
		}
	}
}

// TestGenerated checks that the manual page and the scripts for shells have every command, and that the shells parse the
// scripts.
func TestGenerated(t *testing.T) {
	page, _, _ := runOurs("", "", "man")
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, _, status := runOurs("", "", "completion "+shell)
		if status != 0 {
			t.Errorf("%s: %d, %q", shell, status, script)
		}
		for _, cmd := range slices.Concat(commands, moreCommands) {
			if !strings.Contains(script, cmd.name) {
				t.Errorf("the script for %s lacks %s", shell, cmd.name)
			}
			if cmd.name != "options" && !strings.Contains(page, "\n.B "+cmd.name) {
				t.Errorf("the manual page lacks %s", cmd.name)
			}
		}
		if path, err := exec.LookPath(shell); err == nil {
			check := exec.Command(path, "-n")
			check.Stdin = strings.NewReader(script)
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", shell, err, out)
			}
		}
	}
}

// TestBashCompletion checks names with a colon, which begins a new word in bash.
func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash: ", err)
	}
	script, _, _ := runOurs("", "", "completion bash")
	dir := t.TempDir()
	fakeCtl := "#!/bin/sh\necho \"$*\" > " + dir + "/asked\necho app:a\necho app:b\n"
	if err := os.WriteFile(filepath.Join(dir, "supervisorctl"), []byte(fakeCtl), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, asked, reply string }{
		{"supervisorctl sta", "", "start status"},
		{"supervisorctl -c x sta", "", "start status"},
		{"supervisorctl -c x start app:", "-c x complete cur=app: start", "a b"},
		{"supervisorctl start web ", "complete cur= start web", "app:a app:b"},
	} {
		os.Remove(filepath.Join(dir, "asked"))
		cmd := exec.Command(bash, "-c", script+"\nCOMP_LINE=$1 COMP_POINT=${#1}\n_supervisorctl\necho \"${COMPREPLY[@]}\"",
			"bash", c.line)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		asked, _ := os.ReadFile(filepath.Join(dir, "asked"))
		if err != nil || strings.TrimSpace(string(out)) != c.reply || strings.TrimSpace(string(asked)) != c.asked {
			t.Errorf("%q: %v, %q, asked %q", c.line, err, out, asked)
		}
	}
}
