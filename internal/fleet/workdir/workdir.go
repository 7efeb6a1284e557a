// Package workdir makes the directories in which agents and hubs keep what they know, and locks them, so that each belongs to one
// process. What is in them is believed, so that one that other users can change is refused. It holds no state; any goroutine may call it.
package workdir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Dir is a directory that belongs to this process until Close.
type Dir struct {
	*os.Root
	lock *os.File
}

// Close gives the directory up.
func (d *Dir) Close() error { return errors.Join(d.lock.Close(), d.Root.Close()) }

// TakenError says that another process has a directory.
type TakenError struct {
	Path string
	PID  int // 0: not known
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("%s is used by another process, pid %d", e.Path, e.PID)
}

// Open makes a directory, if it is not there, and takes it.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return nil, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&0o022 != 0 || int(st.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("%s can be changed by other users than uid %d", path, os.Geteuid())
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(root, path)
	if err != nil {
		root.Close()
		return nil, err
	}
	return &Dir{root, lock}, nil
}

// takeLock takes the lock, which this process has until it ends, and writes the process id into its file.
func takeLock(root *os.Root, path string) (*os.File, error) {
	f, err := root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		text, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &os.PathError{Op: "lock", Path: path, Err: err}
		}
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return nil, &TakenError{Path: path, PID: pid}
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
