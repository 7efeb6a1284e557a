package socket

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

const app = 65534

// places makes a directory of root with a file, and a directory of app with a link to the file.
func places(t *testing.T) (secret, run string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: an attack by another user")
	}
	root, err := os.MkdirTemp("", "fc") // short, and others can enter it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	secret, run = root+"/etc/secret", root+"/run"
	for _, err := range []error{
		os.Chmod(root, 0o755), os.Mkdir(root+"/etc", 0o700), os.Mkdir(run, 0o755), os.WriteFile(secret, nil, 0o600),
		os.Symlink(secret, run+"/link"), os.Chown(run, app, app),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return secret, run
}

// makeControl puts a socket of root, as supervisord itself may have there, at a path, and opens its file.
func makeControl(t *testing.T, secret, path string) (fd int) {
	t.Helper()
	temporary := filepath.Dir(secret) + "/s"
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if err := os.Chmod(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	if fd, err = unix.Open(temporary, unix.O_PATH|unix.O_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
	return fd
}

// exchange has user app exchange names in its directory until stop is called, which returns how often that was done.
func exchange(dir string, names ...[2]string) (stop func() int64) {
	var done atomic.Int64
	var end atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with its user
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, app, app, app); errno != 0 {
			return
		}
		for !end.Load() {
			for _, pair := range names {
				a, b := filepath.Join(dir, pair[0]), filepath.Join(dir, pair[1])
				if unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE) == nil {
					done.Add(1)
				}
			}
		}
	}()
	return func() int64 {
		end.Store(true)
		<-ended
		return done.Load()
	}
}

// TestExchangedSocket makes a socket of user app again and again in a directory of app, who exchanges it with a link to a file
// of root, and with a socket of root. Neither gets the socket's owner or mode.
// covers: SEC-4 L13-f
func TestExchangedSocket(t *testing.T) {
	for kind, name := range map[string]string{"FastCGI": "", "socket": "web"} {
		t.Run(kind, func(t *testing.T) { exchangedSocket(t, name) })
	}
}

// exchangedSocket is TestExchangedSocket for a socket of a name. One of a [socket:x] section replaces neither a link nor a file.
func exchangedSocket(t *testing.T, name string) {
	secret, run := places(t)
	stop := exchange(run, [2]string{"link", "php.sock"}, [2]string{"control", "php.sock"})
	path := run + "/php.sock"
	c := &config.Socket{Name: name, URL: "unix://" + path, Unix: true, Path: path, Mode: 0o770, UID: app, GID: app}
	var failures []string
	var controls []int
	const restarts = 500
	for range restarts {
		controls = append(controls, makeControl(t, secret, run+"/control"))
		if err := New(c, logs.NewMain(&bytes.Buffer{}, api.Critical), nil).Check(); err != nil {
			failures = append(failures, err.Error())
		}
	}
	swaps := stop()
	t.Logf("%d exchanges, %d of %d failed", swaps, len(failures), restarts)
	if swaps == 0 {
		t.Error("nothing was exchanged")
	}
	if name == "" && len(failures) > restarts/2 || len(failures) == restarts {
		t.Errorf("the socket cannot be made: %s", failures[0])
	}
	st, err := os.Lstat(secret)
	if err != nil {
		t.Fatal(err)
	}
	if sys := st.Sys().(*syscall.Stat_t); st.Mode() != 0o600 || sys.Uid != 0 || sys.Gid != 0 {
		t.Errorf("%s: %v, owner %d:%d", secret, st.Mode(), sys.Uid, sys.Gid)
	}
	given := 0
	for _, fd := range controls {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || st.Mode != unix.S_IFSOCK|0o700 || st.Uid != 0 || st.Gid != 0 {
			given++
		}
	}
	if given != 0 {
		t.Errorf("%d of %d sockets of root got another owner or mode", given, len(controls))
	}
	left, err := filepath.Glob(run + "/php.sock.*")
	if err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestSocketOfUser shows that a socket in a directory of its user has its owner and mode, is replaced, and is removed; that
// one through a link of that user within what is the user's works; and that one through a link to elsewhere is refused.
// covers: SEC-4
func TestSocketOfUser(t *testing.T) {
	_, run := places(t)
	for _, err := range []error{
		os.Mkdir(run+"/1", 0o700), os.Symlink("1", run+"/current"), os.Symlink("../etc", run+"/away"),
		os.Chown(run+"/1", app, app), os.Lchown(run+"/current", app, app), os.Lchown(run+"/away", app, app),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{run + "/php.sock", run + "/current/php.sock"} {
		c := &config.Socket{URL: "unix://" + path, Unix: true, Path: path, Mode: 0o770, UID: app, GID: app}
		s := New(c, logs.NewMain(&bytes.Buffer{}, api.Critical), nil)
		for range 2 {
			acquire(t, s)
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			st, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if sys := st.Sys().(*syscall.Stat_t); st.Mode() != os.ModeSocket|0o770 || sys.Uid != app || sys.Gid != app {
				t.Errorf("%s: %v, owner %d:%d", path, st.Mode(), sys.Uid, sys.Gid)
			}
			s.Release()
		}
		s.Remove()
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	path := run + "/away/php.sock"
	c := &config.Socket{URL: "unix://" + path, Unix: true, Path: path, Mode: 0o770, UID: app, GID: app}
	err := New(c, logs.NewMain(&bytes.Buffer{}, api.Critical), nil).Check()
	if err == nil || !strings.HasPrefix(err.Error(), "Could not create FastCGI socket "+c.URL+": link "+run+"/away of user 65534") {
		t.Errorf("%v", err)
	}
}
