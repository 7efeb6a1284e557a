// Command record calls every method of the XML-RPC interface of a supervisord, provokes every fault, and writes each request and
// response, as sent over the wire, to a file of fixtures/rpc. `make record` runs it for the installed original, with the requests
// of Python's xmlrpc.client, and for ours, with those of our client; and for the methods that only ours has. Values that differ between runs (process ids, times, the
// directory) are replaced, so that a second recording differs only where behavior has changed.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

func main() {
	daemon := flag.String("daemon", "", "the `supervisord` to record")
	python := flag.Bool("python", false, "send the requests of Python's xmlrpc.client, not those of our client")
	own := flag.Bool("own", false, "call the methods that the original does not have, and no other")
	out := flag.String("o", "", "the `file` to write")
	flag.Parse()
	first, list := "first", steps
	if *own {
		first, list = "own", ownSteps
	}
	archive, err := record(*daemon, *python, first, list)
	if err == nil {
		err = os.WriteFile(*out, txtar.Format(archive), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// recorder is a run of the program.
type recorder struct {
	dir      string
	requests [][]byte // of the steps; nil for one that is not a call
	archive  *txtar.Archive
	http     http.Client
}

// timeout bounds every operation.
const timeout = time.Minute

// record performs steps with a daemon that begins with the named configuration.
func record(daemon string, python bool, first string, steps []step) (*txtar.Archive, error) {
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &recorder{dir: dir, archive: new(txtar.Archive)}
	encode := ourRequest
	if python {
		encode = pythonRequest
	}
	for _, s := range steps { // encoded in advance, since some calls must follow one another quickly
		var request []byte
		if s.do == "" {
			if request, err = encode(s); err != nil {
				return nil, err
			}
		}
		r.requests = append(r.requests, request)
	}
	r.http.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "s.sock"))
	}}
	if err := r.write(first); err != nil {
		return nil, err
	}
	if !python { // as root it would not be upgraded to a file that another user can change
		if daemon, err = r.copy(daemon); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(daemon, "-n", "-c", filepath.Join(dir, "sd.conf"))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(timeout):
			_ = cmd.Process.Kill()
			<-exited
		}
	}()
	for i, s := range steps {
		if err := r.perform(i, s); err != nil {
			return nil, fmt.Errorf("step %d, %s %s %v: %w", i, s.do, s.method, s.params, err)
		}
	}
	return r.archive, nil
}

// perform performs a step.
func (r *recorder) perform(i int, s step) error {
	switch s.do {
	case "until":
		return r.until(s.params[0].(string), s.params[1].(string))
	case "config":
		return r.write(s.params[0].(string))
	case "log":
		return os.WriteFile(filepath.Join(r.dir, s.params[0].(string)), []byte(timedLog), 0o600)
	case "remove":
		return os.Remove(filepath.Join(r.dir, s.params[0].(string)))
	case "directory": // in the place of a file
		path := filepath.Join(r.dir, s.params[0].(string))
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Mkdir(path, 0o700)
	}
	request := r.requests[i]
	response, err := r.post(request)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%03d %s", i, s.method)
	r.archive.Files = append(r.archive.Files,
		txtar.File{Name: name + " request", Data: r.normalize(request)},
		txtar.File{Name: name + " response", Data: r.normalize(response)})
	return nil
}

func (r *recorder) write(config string) error {
	return os.WriteFile(filepath.Join(r.dir, "sd.conf"), []byte(configs[config]), 0o600)
}

// copy copies the daemon to the directory.
func (r *recorder) copy(daemon string) (path string, err error) {
	text, err := os.ReadFile(daemon)
	if err != nil {
		return "", err
	}
	path = filepath.Join(r.dir, "supervisord")
	return path, os.WriteFile(path, text, 0o700)
}

// post sends a request. It waits for the daemon's socket if necessary.
func (r *recorder) post(request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/RPC2", bytes.NewReader(request))
		if err != nil {
			return nil, err
		}
		resp, err := r.http.Do(req)
		if err == nil {
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return nil, fmt.Errorf("status %s", resp.Status)
			}
			return io.ReadAll(resp.Body)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// until waits until a process is in a state.
func (r *recorder) until(name, state string) error {
	request, err := ourRequest(step{method: "supervisor.getProcessInfo", params: []any{name}})
	if err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(timeout)
	for {
		response, err := r.post(request)
		if err != nil || bytes.Contains(response, []byte("<string>"+state+"</string>")) {
			return err
		}
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("%s is not %s: %s", name, state, response)
		}
	}
}

var (
	numbers = regexp.MustCompile(`(<name>(?:pid|now|start|stop)</name>\n<value><int>)[1-9]\d*`)
	always  = regexp.MustCompile(`(<name>(?:ms|health_since)</name>\n<value><int>)\d+`)
	uptime  = regexp.MustCompile(`pid \d+, uptime \d+:\d\d:\d\d`)
	auto    = regexp.MustCompile(`---supervisor-[a-z0-9_]{8}\.log`)
	date    = regexp.MustCompile(`[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M`)
	process = regexp.MustCompile(`(?s)^(.*<methodResponse>\n<params>\n<param>\n<value><int>)\d+(</int></value>\n</param>.*)$`)
)

// normalize replaces the values that differ between runs.
func (r *recorder) normalize(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte(r.dir), []byte("/srv/record"))
	text = numbers.ReplaceAll(text, []byte("${1}1234567890"))
	text = always.ReplaceAll(text, []byte("${1}1234567890"))
	text = uptime.ReplaceAll(text, []byte("pid 4711, uptime 0:00:01"))
	text = auto.ReplaceAll(text, []byte("---supervisor-abcd1234.log"))
	text = date.ReplaceAll(text, []byte("Nov 22 01:15 PM"))
	return process.ReplaceAll(text, []byte("${1}4711${2}"))
}

// ourRequest returns the body that our client sends.
func ourRequest(s step) (body []byte, err error) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err = io.ReadAll(r.Body)
	}))
	defer server.Close()
	c, problem := client.New(server.URL, "", "")
	if problem != nil {
		return nil, problem
	}
	defer c.Close()
	var ignored any
	_ = c.Call(context.Background(), &ignored, s.method, s.params...) // fails: the server does not answer
	return body, err
}

// pythonRequest returns the body that Python's client sends.
func pythonRequest(s step) ([]byte, error) {
	params, err := json.Marshal(append([]any{}, s.params...))
	if err != nil {
		return nil, err
	}
	const script = "import json, sys, xmlrpc.client as x\n" +
		"sys.stdout.write(x.dumps(tuple(json.loads(sys.argv[2])), sys.argv[1]))"
	out, err := exec.Command("python3", "-c", script, s.method, string(params)).Output()
	if err != nil {
		return nil, fmt.Errorf("python3: %w", err)
	}
	if !strings.HasSuffix(string(out), "\n") {
		return nil, fmt.Errorf("a request without a last line: %s", strconv.Quote(string(out)))
	}
	return out, nil
}
