package spool

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

// meta is what the spool knows besides events.
type meta struct {
	Name    string    `json:"name"`
	Epoch   uint64    `json:"epoch"`
	Acked   fleet.Rev `json:"acked"`
	Dropped uint64    `json:"dropped,omitempty"`
}

const metaName = "spool.json"

// readMeta reads the file, or returns what a new spool has. A file that is damaged counts as none: the epoch then is the time, as in a
// new spool.
func readMeta(root *os.Root, now time.Time) (meta, error) {
	data, err := root.ReadFile(metaName)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return meta{}, err
	}
	var m meta
	if err != nil || json.Unmarshal(data, &m) != nil || m.Name == "" || m.Epoch == 0 {
		return meta{Name: rand.Text(), Epoch: uint64(max(now.Unix(), 1))}, nil
	}
	return m, nil
}

// write replaces the file, and returns when it is on disk.
func (m meta) write(root *os.Root) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	const temporary = metaName + ".new"
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, syncData(f), f.Close()); err != nil {
		return err
	}
	return root.Rename(temporary, metaName)
}

// makeDir makes the directory of a spool. One that others can change is refused: what is in it would be believed.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	if st.Mode&0o022 != 0 || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("spool %s can be changed by other users than uid %d", dir, os.Geteuid())
	}
	return nil
}

// TakenError says that another process uses a spool.
type TakenError struct {
	Dir string
	PID int // 0: not known
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("spool %s is used by another agent, pid %d", e.Dir, e.PID)
}

// takeLock takes the lock of a spool, which this process has until it ends, and writes the process id into its file.
func takeLock(root *os.Root, dir string) (*os.File, error) {
	f, err := root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		text, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &os.PathError{Op: "lock", Path: dir, Err: err}
		}
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return nil, &TakenError{Dir: dir, PID: pid}
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return f, err
}
