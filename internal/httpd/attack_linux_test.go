package httpd

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
)

// TestExchangedSocketFile opens a server again and again whose socket is in a directory of another user, who exchanges its names
// with a link to a file of root. The file never gets the mode or owner of the socket.
// covers: SEC-5
func TestExchangedSocketFile(t *testing.T) {
	const app = 65534
	if os.Geteuid() != 0 {
		t.Skip("needs root: an attack by another user")
	}
	dir := shortDir(t)
	secret, run := dir+"/secret", dir+"/run"
	path := run + "/s"
	c := unixServer(path)
	c.Mode, c.UID, c.GID = 0o777, app, app
	for _, err := range []error{
		os.Chmod(dir, 0o755), os.WriteFile(secret, nil, 0o600), os.Mkdir(run, 0o755), os.Symlink(secret, run+"/link"), os.Chown(run, app, app),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var done atomic.Int64
	var end atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with its user
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, app, app, app); errno != 0 {
			return
		}
		for names := []string{path, fmt.Sprintf("%s.%d", path, os.Getpid())}; !end.Load(); {
			for _, name := range names {
				if unix.Renameat2(unix.AT_FDCWD, run+"/link", unix.AT_FDCWD, name, unix.RENAME_EXCHANGE) == nil {
					done.Add(1)
				}
			}
		}
	}()
	const starts = 500
	opened := 0
	for range starts {
		if s, err := Open([]config.Server{c}, io.Discard); err == nil {
			opened++
			s.Close()
		}
		_ = os.Remove(path) // a link that stayed at the path would prevent the next start
	}
	end.Store(true)
	<-ended
	t.Logf("%d exchanges; %d of %d starts", done.Load(), opened, starts)
	if done.Load() == 0 || opened == 0 {
		t.Error("nothing was tried")
	}
	st, err := os.Lstat(secret)
	if err != nil {
		t.Fatal(err)
	}
	if sys := st.Sys().(*syscall.Stat_t); st.Mode() != 0o600 || sys.Uid != 0 || sys.Gid != 0 {
		t.Errorf("%s: %v, owner %d:%d", secret, st.Mode(), sys.Uid, sys.Gid)
	}
}

// TestSocketOfUser shows that a socket in a directory of its user works over restarts and reloads, also through a link of that
// user to what is the user's, and that one through a link to elsewhere is refused.
// covers: SEC-5
func TestSocketOfUser(t *testing.T) {
	const app = 65534
	if os.Geteuid() != 0 {
		t.Skip("needs root: a directory of another user")
	}
	dir := shortDir(t)
	for _, err := range []error{
		os.Chmod(dir, 0o755), os.Mkdir(dir+"/run", 0o755), os.Mkdir(dir+"/run/1", 0o755), os.Mkdir(dir+"/etc", 0o755),
		os.Symlink("1", dir+"/run/current"), os.Symlink("../etc", dir+"/run/away"), os.Chown(dir+"/run", app, app),
		os.Chown(dir+"/run/1", app, app), os.Lchown(dir+"/run/current", app, app), os.Lchown(dir+"/run/away", app, app),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir + "/run/s", dir + "/run/current/s"} {
		c := unixServer(path)
		c.Mode, c.UID, c.GID = 0o770, app, app
		s := mustOpen(t, c)
		st, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if sys := st.Sys().(*syscall.Stat_t); st.Mode() != os.ModeSocket|0o770 || sys.Uid != app || sys.Gid != app {
			t.Errorf("%s: %v, owner %d:%d", path, st.Mode(), sys.Uid, sys.Gid)
		}
		if _, err := Open([]config.Server{c}, io.Discard); err == nil || !strings.HasPrefix(err.Error(), inUse) {
			t.Errorf("a second server: %v", err)
		}
		c.Mode = 0o777
		var waiting net.Conn
		s = next(t, s, func() { waiting = request(t, "unix", path) }, c)
		if got := answer(t, waiting); got != "second" {
			t.Errorf("over a reload: %s", got)
		}
		if st, err := os.Lstat(path); err != nil || st.Mode() != os.ModeSocket|0o777 {
			t.Errorf("after a reload: %v, %v", st, err)
		}
		s.Close()
		if names, err := os.ReadDir(dir + "/run/1"); err != nil || len(names) != 0 {
			t.Errorf("left over: %v, %v", names, err)
		}
	}
	c := unixServer(dir + "/run/away/s")
	c.Section = "unix_http_server"
	_, err := Open([]config.Server{c}, io.Discard)
	want := "Cannot open an HTTP server: socket.error reported errno.EPERM (1)\n  [unix_http_server] file=" + c.File + ": link " + dir +
		"/run/away of user 65534"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
