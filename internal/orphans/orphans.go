// Package orphans records the children of supervisord in a file beside its pid file, so that the next supervisord finds those
// that outlived one that was killed, and can stop them. It does not watch processes: the record is read once, by Open, and
// then only written. One goroutine at a time may use a Record; Stop blocks, and is for a goroutine of its own.
package orphans

import (
	"bufio"
	"bytes"
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Child is a child in the record: its process id and name, and how to stop it.
type Child struct {
	PID           int
	Group, Name   string
	GroupPriority int
	Priority      int
	StopSignal    syscall.Signal
	StopAsGroup   bool
	KillAsGroup   bool
	StopWait      time.Duration
}

// String is the namespec.
func (c Child) String() string { return api.Namespec(c.Group, c.Name) }

// Record is the file. It gets a line at each start and none at an exit: a process that has ended, or began later than its
// line was written, is not the recorded child. The file is rewritten when most lines are outdated.
type Record struct {
	path      string
	boot      string
	survivors []Child // children of earlier runs that still ran when the file was written last
	fd        int     // -1: not open
	lines     int
	failed    bool // the last write failed; the next start rewrites the file
}

// fewLines is the number of lines up to which a file is not rewritten.
const fewLines = 1024

// Open reads the record at path and starts a new one there. Survivors are the children of earlier runs that still run; they
// stay in the record. If the supervisord that wrote the record still runs, otherPID is its process id, the file is not
// changed, and r is nil. The methods of a nil Record do nothing. Open returns one as well on systems that do not report when a
// process began.
func Open(path string) (r *Record, survivors []Child, otherPID int, err error) {
	boot := bootID()
	if boot == "" {
		return nil, nil, 0, nil
	}
	r = &Record{path: path, boot: boot, fd: -1}
	owner, children := r.read()
	if owner != nil && owner.PID != os.Getpid() && owner.alive() {
		return nil, nil, owner.PID, nil
	}
	for _, c := range children {
		if c.alive() {
			r.survivors = append(r.survivors, c.Child)
		}
	}
	if err := r.rewrite(nil); err != nil {
		return nil, r.survivors, 0, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return r, r.survivors, 0, nil
}

// entry is a line: a child, or supervisord itself, and a time at which it was running, in the kernel's ticks since boot.
type entry struct {
	Child
	at int64
}

// alive reports whether the process still runs. One that began after the entry was written is another with the same id.
func (e entry) alive() bool {
	began, ok := startOf(e.PID)
	return ok && began <= e.at+1
}

// header is the first word of the file. The process id of supervisord, a time and the id of the boot follow.
const header = "supervisord"

// format appends the line of a child. A new field goes to its end, where an older supervisord ignores it.
func (c *Child) format(b []byte, at int64) []byte {
	return fmt.Appendf(b, "%d %d %d %d %d %t %t %d %q %q\n", c.PID, at, c.GroupPriority, c.Priority, int(c.StopSignal),
		c.StopAsGroup, c.KillAsGroup, int64(c.StopWait/time.Second), c.Group, c.Name)
}

// parse reads a line that format wrote. It is not ok if supervisord was killed in the middle of writing it.
func parse(line string) (e entry, ok bool) {
	var signal int
	var wait int64
	n, _ := fmt.Sscanf(line, "%d %d %d %d %d %t %t %d %q %q", &e.PID, &e.at, &e.GroupPriority, &e.Priority, &signal,
		&e.StopAsGroup, &e.KillAsGroup, &wait, &e.Group, &e.Name)
	e.StopSignal, e.StopWait = syscall.Signal(signal), time.Duration(wait)*time.Second
	return e, n == 10 && e.PID > 1
}

// read parses the file. It returns nothing if the file is not a record, or is older than the last boot. Of two lines with the
// same process id it takes the later.
func (r *Record) read() (owner *entry, children []entry) {
	data, err := os.ReadFile(r.path)
	if err != nil {
		return nil, nil
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data)+1)
	if !lines.Scan() {
		return nil, nil
	}
	head := strings.Fields(lines.Text())
	if len(head) != 4 || head[0] != header || head[3] != r.boot {
		return nil, nil
	}
	pid, err1 := strconv.Atoi(head[1])
	at, err2 := strconv.ParseInt(head[2], 10, 64)
	if err1 != nil || err2 != nil {
		return nil, nil
	}
	indexes := map[int]int{}
	for lines.Scan() {
		e, ok := parse(lines.Text())
		if !ok {
			continue
		}
		if i, known := indexes[e.PID]; known {
			children[i] = e
			continue
		}
		indexes[e.PID] = len(children)
		children = append(children, e)
	}
	return &entry{Child: Child{PID: pid}, at: at}, children
}

// Add records a child that was just started. Running yields all children, for when the file is rewritten. Of consecutive
// failures only the first returns its error.
func (r *Record) Add(c Child, running iter.Seq[Child]) error {
	if r == nil {
		return nil
	}
	var err error
	if r.failed || r.lines > fewLines && r.lines > 2*(count(running)+len(r.survivors)) {
		err = r.rewrite(running)
	} else {
		err = write(r.fd, c.format(nil, ticksNow()))
		r.lines++
	}
	failedBefore := r.failed
	r.failed = err != nil
	if err == nil || failedBefore {
		return nil
	}
	return fmt.Errorf("cannot write %s: %w", r.path, err)
}

func count(running iter.Seq[Child]) (n int) {
	for range running {
		n++
	}
	return n
}

// rewrite replaces the file by one with the survivors and the running children that have not ended.
func (r *Record) rewrite(running iter.Seq[Child]) error {
	r.closeFile()
	now := ticksNow()
	text := fmt.Appendf(nil, "%s %d %d %s\n", header, os.Getpid(), now, r.boot)
	r.lines = 0
	add := func(c Child) bool {
		if began, ok := startOf(c.PID); ok && began <= now {
			text = c.format(text, now)
			r.lines++
		}
		return true
	}
	alive := r.survivors[:0]
	for _, c := range r.survivors {
		before := r.lines
		if add(c); r.lines > before {
			alive = append(alive, c)
		}
	}
	r.survivors = alive
	if running != nil {
		running(add)
	}
	temporary := r.path + ".new"
	_ = os.Remove(temporary)
	const flags = syscall.O_WRONLY | syscall.O_CREAT | syscall.O_EXCL | syscall.O_APPEND | syscall.O_CLOEXEC
	fd, err := syscall.Open(temporary, flags, 0o600)
	if err != nil {
		return err
	}
	err = write(fd, text)
	if err == nil {
		err = os.Rename(temporary, r.path)
	}
	if err != nil {
		_ = syscall.Close(fd)
		_ = os.Remove(temporary)
		return err
	}
	r.fd = fd
	return nil
}

// write writes all of p; a short write is ENOSPC.
func write(fd int, p []byte) error {
	for {
		n, err := syscall.Write(fd, p)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return err
		case n < len(p):
			return syscall.ENOSPC
		default:
			return nil
		}
	}
}

func (r *Record) closeFile() {
	if r.fd >= 0 {
		_ = syscall.Close(r.fd)
		r.fd = -1
	}
}

// Close closes the record after all children have been stopped. It removes the file unless survivors of earlier runs remain.
func (r *Record) Close() {
	if r == nil {
		return
	}
	if r.rewrite(nil) != nil || len(r.survivors) == 0 {
		_ = os.Remove(r.path)
	}
	r.closeFile()
}
