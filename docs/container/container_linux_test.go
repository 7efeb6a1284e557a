// Package container_test runs the example as process 1 of a container, with the installed nginx and php-fpm.
package container_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// enter is the start of the container: its image is the file system of this machine under the files that Containerfile copies,
// read-only except /run and /tmp. Rights and mount options are those of compose.yaml.
const enter = `
set -eu
space=$1 run=$2 tmp=$3
shift 3
mount --make-rprivate /
mkdir -p "$space/work" "$space/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$space/upper,workdir=$space/work" "$space/root"
cd "$space/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o "$run" none run
mount -t tmpfs -o "$tmp" none tmp
mkdir run/secrets
cp -p "$space/server.conf" run/secrets/
mount -o remount,ro .
exec chroot . "$@"
`

// A container is a running container.
type container struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of its output; closed when it ends
	seen  []string
}

// start builds the image of Containerfile, calls change on its files, and starts the container.
func start(t *testing.T, change func(etc string)) *container {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	for _, program := range []string{"/usr/sbin/nginx", "/usr/sbin/php-fpm*"} {
		if found, _ := filepath.Glob(program); len(found) == 0 {
			t.Skipf("%s is not installed; scripts/setup site does it", program)
		}
	}
	space := t.TempDir()
	// The file system of upper must not be an overlay, and must allow device files.
	if err := unix.Mount("none", space, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(space, unix.MNT_DETACH) })
	upper := filepath.Join(space, "upper")
	entry := build(t, upper)
	change(filepath.Join(upper, "etc"))
	c := &container{t: t, lines: make(chan string, 10000)}
	secret := "[inet_http_server]\nport=*:9001\nusername=admin\npassword=" + password + "\n"
	if err := os.WriteFile(filepath.Join(space, "server.conf"), []byte(secret), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(space, "server.conf"), userID, userID); err != nil {
		t.Fatal(err)
	}
	args := []string{"-c", enter, "container", space}
	args = append(append(args, compose(t)...), entry...)
	c.cmd = exec.Command("/bin/sh", args...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stdout, c.cmd.Stderr = w, w
	// Pdeathsig is sent when the thread that started the container ends, so it must not be the thread of a get.
	runtime.LockOSThread()
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		defer close(c.lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			c.lines <- in.Text()
		}
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // with process 1 its namespace ends
		_ = c.cmd.Wait()
		if t.Failed() {
			t.Logf("the container said:\n%s", strings.Join(c.seen, "\n"))
		}
	})
	return c
}

// userID is that of www-data in Debian, and in compose.yaml.
const userID = 33

const password = "secret-of-the-container"

// compose returns the mount options of /run and /tmp in compose.yaml, and the command that gives up the rights that the file and
// the USER of Containerfile take.
func compose(t *testing.T) (args []string) {
	t.Helper()
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"/run", "/tmp"} {
		match := regexp.MustCompile(`(?m)^ +- ` + dir + `:(\S+)$`).FindSubmatch(text)
		if match == nil {
			t.Fatalf("compose.yaml mounts nothing at %s", dir)
		}
		args = append(args, string(match[1]))
	}
	args = append(args, "setpriv")
	containerfile, err := os.ReadFile("Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(containerfile, []byte("\nUSER www-data\n")) {
		args = append(args, fmt.Sprintf("--reuid=%d", userID), fmt.Sprintf("--regid=%d", userID), "--clear-groups")
	}
	if bytes.Contains(text, []byte("cap_drop:\n      - ALL\n")) {
		args = append(args, "--bounding-set=-all", "--inh-caps=-all")
	}
	if bytes.Contains(text, []byte("- no-new-privileges:true\n")) {
		args = append(args, "--no-new-privs")
	}
	return args
}

// build executes the COPY lines of Containerfile, and returns the ENTRYPOINT.
func build(t *testing.T, upper string) (entry []string) {
	t.Helper()
	text, err := os.ReadFile("Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "ENTRYPOINT "); ok {
			if err := json.Unmarshal([]byte(rest), &entry); err != nil {
				t.Fatal(err)
			}
		}
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "COPY" {
			continue
		}
		target := words[len(words)-1]
		for _, source := range words[1 : len(words)-1] {
			to := filepath.Join(upper, target)
			if strings.HasSuffix(target, "/") {
				to = filepath.Join(to, filepath.Base(source))
			}
			if out, err := exec.Command("install", "-D", "-m", mode(t, "../../"+source), "../../"+source, to).CombinedOutput(); err != nil {
				t.Fatalf("Containerfile: %v (make builds the programs)\n%s", err, out)
			}
		}
	}
	if entry == nil {
		t.Fatal("Containerfile has no ENTRYPOINT")
	}
	return entry
}

// mode is the mode of a file for the command install.
func mode(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatalf("Containerfile: %v (make builds the programs)", err)
	}
	return fmt.Sprintf("%o", info.Mode().Perm())
}

// await reads the container's output until a line contains text.
func (c *container) await(text string) {
	c.t.Helper()
	if slices.ContainsFunc(c.seen, func(line string) bool { return strings.Contains(line, text) }) {
		return
	}
	limit := time.After(time.Minute)
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				c.t.Fatalf("the container ended before it said %q", text)
			}
			c.seen = append(c.seen, line)
			if strings.Contains(line, text) {
				return
			}
		case <-limit:
			c.t.Fatalf("the container never said %q", text)
		}
	}
}

// end waits until the container ends, and returns its exit status and the time.
func (c *container) end() (status int, took time.Duration) {
	c.t.Helper()
	from := time.Now()
	limit := time.After(time.Minute)
	for {
		select {
		case line, ok := <-c.lines:
			if ok {
				c.seen = append(c.seen, line)
				continue
			}
			err := c.cmd.Wait()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				c.t.Fatal(err)
			}
			return c.cmd.ProcessState.ExitCode(), time.Since(from)
		case <-limit:
			c.t.Fatal("the container does not end")
		}
	}
}

// get fetches a page inside the container, with a password unless it is empty.
func (c *container) get(port int, path, password string) (string, error) {
	type result struct {
		text string
		err  error
	}
	got := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread has entered the container's network, and ends with the goroutine
		text, err := c.getHere(port, path, password)
		got <- result{text, err}
	}()
	r := <-got
	return r.text, r.err
}

func (c *container) getHere(port int, path, password string) (string, error) {
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", c.cmd.Process.Pid))
	if err != nil {
		return "", err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return "", err
	}
	if err := loopbackUp(); err != nil {
		return "", err
	}
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	request, err := http.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return "", err
	}
	if password != "" {
		request.SetBasicAuth("admin", password)
	}
	if err := request.Write(conn); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return string(body), err
}

// loopbackUp brings up the loopback interface of the calling thread's network.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// checkRights checks that no process of the container is root, has a capability or can get one, or has the password in its environment.
func (c *container) checkRights() {
	c.t.Helper()
	own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	paths, err := filepath.Glob("/proc/[0-9]*/ns/pid")
	if err != nil {
		c.t.Fatal(err)
	}
	found := 0
	for _, path := range paths {
		if ns, err := os.Readlink(path); err != nil || ns != own {
			continue
		}
		dir := strings.TrimSuffix(path, "ns/pid")
		status, err := os.ReadFile(dir + "status")
		environ, err2 := os.ReadFile(dir + "environ")
		if err != nil || err2 != nil {
			continue // it has ended
		}
		found++
		for _, want := range []string{fmt.Sprintf("Uid:\t%d\t%d\t", userID, userID), "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n"} {
			if !bytes.Contains(status, []byte(want)) {
				c.t.Errorf("no %q in\n%s", want, status)
			}
		}
		if bytes.Contains(environ, []byte(password)) {
			c.t.Errorf("the password is in the environment of\n%s", status)
		}
	}
	if found < 5 { // supervisord, nginx and php-fpm with their workers
		c.t.Errorf("only %d processes were checked", found)
	}
}

// TestSite checks that the page comes from PHP through nginx, that orphaned processes are reaped, and that SIGTERM ends everything
// within the time that container engines allow, with status 0.
func TestSite(t *testing.T) {
	c := start(t, func(etc string) {
		file, err := os.OpenFile(filepath.Join(etc, "supervisord.conf"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fmt.Fprint(file, "\n[program:parent]\ncommand=/bin/sh -c \"(exec sleep 0.2) & exit 0\"\nstartsecs=0\nautorestart=false\n")
	})
	c.await("success: nginx entered RUNNING state")
	text, err := c.get(8080, "/", "")
	if err != nil || !strings.HasPrefix(text, "Served by process ") {
		t.Fatalf("%q, %v", text, err)
	}
	c.await("reaped unknown pid")
	c.checkRights()
	if text, err := c.get(9001, "/", password); err != nil || !strings.Contains(text, "nginx") {
		t.Errorf("with the password of the secret: %q, %v", text, err)
	}
	if text, err := c.get(9001, "/", ""); err == nil || err.Error() != "401 Unauthorized" {
		t.Errorf("without password: %q, %v", text, err)
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	status, took := c.end()
	if status != 0 || took > 10*time.Second {
		t.Errorf("it ended with status %d after %v", status, took)
	}
}

// TestFatal checks that the container ends when a program becomes FATAL.
func TestFatal(t *testing.T) {
	c := start(t, func(etc string) {
		if err := os.WriteFile(filepath.Join(etc, "site/nginx.conf"), []byte("nonsense;\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	})
	c.await("gave up: nginx entered FATAL state")
	if status, took := c.end(); status != 0 || took > 10*time.Second {
		t.Errorf("it ended with status %d after %v", status, took)
	}
}
