package faults

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/exefile"
)

// faulty builds, once, a supervisord that fails where the case says. FAULTY names one that is built already.
var faulty = sync.OnceValues(func() (path string, err error) {
	if path := os.Getenv("FAULTY"); path != "" {
		return filepath.Abs(path)
	}
	dir, err := os.MkdirTemp("/tmp", "ff")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "supervisord")
	cmd := exec.Command("go", "build", "-tags", "upgradefaults", "-o", path, "../../supervisord")
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("%w: %s", err, out)
	}
	cleanups = append(cleanups, func() { os.RemoveAll(dir) })
	return path, nil
})

// upgraded is a daemon whose program can be replaced.
type upgraded struct {
	*daemon
	faults string   // the file for the program that fails
	busy   []string // refusals
}

// beginUpgrade begins a case about upgrades.
func (f *fault) beginUpgrade(s setup) *upgraded {
	f.Helper()
	dir, err := os.MkdirTemp("/tmp", "fu")
	if err != nil {
		f.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	s.program = filepath.Join(dir, "supervisord")
	s.env = append(s.env, "SUPERVISORD_FAULTS="+filepath.Join(dir, "faults"))
	u := &upgraded{daemon: f.prepare(s), faults: filepath.Join(dir, "faults")}
	u.program = s.program
	u.install(cmp.Or(s.first, supervisord))
	u.launch(s)
	if !poll(func() bool { return u.answers() || !u.runs() }) || !u.runs() {
		f.stop("supervisord does not come up: %s", u.tail())
	}
	return u
}

// install puts another program in place of the one that has been started.
func (u *upgraded) install(program string) {
	u.Helper()
	err := exefile.Copy(program, u.program+".new", 0o755)
	if err == nil {
		err = os.Rename(u.program+".new", u.program)
	}
	if err != nil {
		u.stop("%v", err)
	}
}

// installFaulty puts a program in place that fails.
func (u *upgraded) installFaulty(steps ...string) {
	u.Helper()
	path, err := faulty()
	if err != nil {
		u.stop("%v", err)
	}
	u.fails(steps...)
	u.install(path)
}

// fails sets what a program that fails does.
func (u *upgraded) fails(steps ...string) {
	u.Helper()
	if err := os.WriteFile(u.faults, []byte(strings.Join(steps, "\n")+"\n"), 0o644); err != nil {
		u.stop("%v", err)
	}
}

// upgrade asks for an upgrade, again as long as supervisord is busy.
func (u *upgraded) upgrade() (err error) {
	pollFor(time.Minute, func() bool {
		_, err = u.call("upgrade", false)
		if err != nil && strings.Contains(err.Error(), "refused: busy") {
			u.busy = append(u.busy, err.Error())
			return false
		}
		return true
	})
	return err
}

// tail returns the end of the main log, for messages. The output has lines of writers.
func (u *upgraded) tail() string { return string(lastBytes(u.log(), 2500)) }

func (u *upgraded) mustUpgrade() {
	u.Helper()
	if err := u.upgrade(); err != nil {
		u.stop("%v: %s", err, u.tail())
	}
}

// release lets what waits for the FIFO go on, unless supervisord has ended.
func (u *upgraded) release(fifo string) {
	u.Helper()
	if !poll(func() bool {
		fd, err := unix.Open(fifo, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err == nil || !u.runs()
	}) {
		u.stop("nothing waits for %s", fifo)
	}
}
