package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

// maxPIDFile is the largest pid file in bytes. There may be blanks around the number.
const maxPIDFile = 1024

// pidFile is a pid file that was read.
type pidFile struct {
	path string
	pid  int
	info safefile.Info
}

// readPIDFile reads a regular file with one number. As root it follows no link of an unprivileged user to what is not that user's.
func readPIDFile(path string) (f pidFile, err error) {
	f.path = path
	fd, info, err := safefile.OpenRead(path, safefile.None)
	if err != nil {
		return f, fmt.Errorf("cannot open %s: %w", path, err)
	}
	defer unix.Close(fd)
	if f.info = info; !info.IsRegular() {
		return f, fmt.Errorf("%s is not a regular file", path)
	}
	text := make([]byte, maxPIDFile+1)
	n, err := readFull(fd, text)
	switch {
	case err != nil:
		return f, fmt.Errorf("cannot read %s: %w", path, err)
	case n > maxPIDFile:
		return f, fmt.Errorf("%s is larger than %d bytes", path, maxPIDFile)
	}
	if f.pid, err = strconv.Atoi(strings.TrimSpace(string(text[:n]))); err != nil {
		return f, fmt.Errorf("%s contains no process id", path)
	}
	if f.pid <= 1 || f.pid == os.Getpid() {
		return f, fmt.Errorf("%s contains %d, which is not the process id of a command", path, f.pid)
	}
	return f, nil
}

// readFull reads until the buffer is full or the file ends.
func readFull(fd int, b []byte) (n int, err error) {
	for n < len(b) {
		m, err := unix.Read(fd, b[n:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return n, err
		case m == 0:
			return n, nil
		}
		n += m
	}
	return n, nil
}

// refuse returns why the process in the file must not be signaled, or an empty string. Root can signal every process. So if another
// user can write the file, the process must be one that this user could signal as well, or one that our command has started.
func (f *pidFile) refuse(p process) string {
	owner, all := f.info.UID, f.info.Mode&0o002 != 0
	group := f.info.Mode&0o020 != 0 && f.info.GID != 0
	if os.Geteuid() != 0 || owner == 0 && !all && !group || p.ofCommand() {
		return ""
	}
	u, err := p.users()
	switch {
	case err != nil:
		return fmt.Sprintf("its user is unknown: %v", err)
	case owner != 0 && !all && (u.real == owner || u.saved == owner):
		return ""
	case all:
		return fmt.Sprintf("all users can write %s", f.path)
	case owner == 0:
		return fmt.Sprintf("group %d can write %s", f.info.GID, f.path)
	}
	return fmt.Sprintf("it runs as user %d, and %s belongs to user %d", u.real, f.path, owner)
}

// users are the user ids of a process that decide who may signal it.
type users struct{ real, saved uint32 }

// ofCommand reports whether our command has started the process: it descends from us, or has inherited the variables by which
// supervisord names our program.
func (p process) ofCommand() bool { return p.descends(os.Getpid()) || p.hasOurNames() }
