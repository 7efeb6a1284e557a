package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFirstHour runs the first command of README, `make demo`, in a clean clone with an empty module cache and build cache, and opens
// its page. `make first-hour` runs it.
func TestFirstHour(t *testing.T) {
	if os.Getenv("FIRST_HOUR") == "" {
		t.Skip("make first-hour runs this test; it downloads and builds everything")
	}
	home := t.TempDir()
	tree := filepath.Join(home, "supervisor")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("git", "clone", "-q", root, tree).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	demo := exec.Command("make", "demo")
	demo.Dir = tree
	demo.Env = append(os.Environ(), "HOME="+home, "GOMODCACHE="+home+"/modules", "GOCACHE="+home+"/build", "GOFLAGS=-modcacherw",
		"MAKEFLAGS=", "MAKELEVEL=")
	demo.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	demo.Stderr = os.Stderr
	from := time.Now()
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(10*time.Minute, func() { _ = syscall.Kill(-demo.Process.Pid, syscall.SIGTERM) })
	defer limit.Stop()
	var said strings.Builder
	address := ""
	in := bufio.NewReader(out)
	for address == "" {
		line, err := in.ReadString('\n')
		said.WriteString(line)
		if m := browser.FindStringSubmatch(line); m != nil {
			address = m[1]
		}
		if err != nil {
			_ = demo.Wait()
			t.Fatalf("make demo ended: %v\n%s", err, said.String())
		}
	}
	t.Logf("from `make demo` to its page: %v", time.Since(from).Round(time.Second))
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(page), "hopeless") {
		t.Errorf("%s: %s, %v\n%s", address, response.Status, err, page)
	}
	if err := syscall.Kill(-demo.Process.Pid, syscall.SIGINT); err != nil { // as Ctrl-C does, to the process group
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(in)
	_ = demo.Wait() // make reports that its command was interrupted
	if !strings.Contains(string(rest), "stopping") {
		t.Errorf("Ctrl-C did not stop it:\n%s%s", said.String(), rest)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "supervisor-demo-*")); left != nil {
		for _, dir := range left {
			if info, err := os.Stat(dir); err == nil && info.ModTime().After(from) {
				t.Errorf("%s was left behind", dir)
			}
		}
	}
}

var browser = regexp.MustCompile(`in a browser: (http://127\.0\.0\.1:\d+/)`)
