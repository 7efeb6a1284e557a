// Package orphans remembers the children of supervisord in a file beside its pid file, so that the next supervisord finds
// those that outlived one that was killed, and can stop them. It watches nobody: a record is read once, at the start, and
// then only written. The loop writes it; Stop works in a goroutine of its own.
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

// Child is a child as it is remembered: what tells it from others of the same process id, and how to stop it.
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

// Record is the file. A line is written for each start and none for an exit: a process that has ended, or began later than
// its line says, is no child of ours. The file is put together anew when dead lines are in the majority.
type Record struct {
	path   string
	boot   string
	kept   []Child // of earlier lives
	fd     int     // -1: not open
	lines  int
	failed bool // the last write failed; the next start writes everything
}

// fewLines is how many lines a file may have whatever they are.
const fewLines = 1024

// Open reads the record at path and begins it anew for us. Living are the children of an earlier supervisord that still
// run; they stay in the record. If that supervisord itself still runs, the record is left alone: rival is its process id,
// and r is nil. A nil Record takes everything and remembers nothing; a system on which processes cannot be told apart by
// the moment of their start has no other.
func Open(path string) (r *Record, living []Child, rival int, err error) {
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
			r.kept = append(r.kept, c.Child)
		}
	}
	if err := r.rewrite(nil); err != nil {
		return nil, r.kept, 0, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return r, r.kept, 0, nil
}

// entry is a line: a child, or supervisord itself, and a moment at which it ran already, in the kernel's ticks since boot.
type entry struct {
	Child
	at int64
}

// alive is true if the process still runs. One that began after the moment has only the number in common.
func (e entry) alive() bool {
	began, ok := startOf(e.PID)
	return ok && began <= e.at+1
}

const header = "supervisord"

// format appends the line of a child.
func (c *Child) format(b []byte, at int64) []byte {
	return fmt.Appendf(b, "%d %d %d %d %d %t %t %d %q %q\n", c.PID, at, c.GroupPriority, c.Priority, int(c.StopSignal),
		c.StopAsGroup, c.KillAsGroup, int64(c.StopWait/time.Second), c.Group, c.Name)
}

// parse reads what format wrote. A line that was cut off by the end of the daemon does not count.
func parse(line string) (e entry, ok bool) {
	var signal int
	var wait int64
	n, err := fmt.Sscanf(line, "%d %d %d %d %d %t %t %d %q %q\n", &e.PID, &e.at, &e.GroupPriority, &e.Priority, &signal,
		&e.StopAsGroup, &e.KillAsGroup, &wait, &e.Group, &e.Name)
	e.StopSignal, e.StopWait = syscall.Signal(signal), time.Duration(wait)*time.Second
	return e, n == 10 && err == nil && e.PID > 1
}

// read takes the file apart. Of one that is no record, or of before the machine's last start, nothing counts. Of two lines
// with one process id the later one does.
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
	places := map[int]int{}
	for lines.Scan() {
		e, ok := parse(lines.Text())
		if !ok {
			continue
		}
		if place, again := places[e.PID]; again {
			children[place] = e
			continue
		}
		places[e.PID] = len(children)
		children = append(children, e)
	}
	return &entry{Child: Child{PID: pid}, at: at}, children
}

// Add remembers a child that was just started. Running are all that run now, for when the file is put together anew. The
// error is returned for the first of a row of failures.
func (r *Record) Add(c Child, running iter.Seq[Child]) error {
	if r == nil {
		return nil
	}
	var err error
	if r.failed || r.lines > fewLines && r.lines > 2*(count(running)+len(r.kept)) {
		err = r.rewrite(running)
	} else {
		err = write(r.fd, c.format(nil, ticksNow()))
		r.lines++
	}
	again := r.failed
	r.failed = err != nil
	if err == nil || again {
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

// rewrite puts the file together anew. All that run now may be said to have run now.
func (r *Record) rewrite(running iter.Seq[Child]) error {
	r.forget()
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
	kept := r.kept[:0]
	for _, c := range r.kept {
		before := r.lines
		if add(c); r.lines > before {
			kept = append(kept, c)
		}
	}
	r.kept = kept
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

// write writes p whole; half a line of a start would be taken for none.
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

func (r *Record) forget() {
	if r.fd >= 0 {
		_ = syscall.Close(r.fd)
		r.fd = -1
	}
}

// Close ends a life in which all children have been stopped. The file goes, unless children of earlier lives still run.
func (r *Record) Close() {
	if r == nil {
		return
	}
	if r.rewrite(nil) != nil || len(r.kept) == 0 {
		_ = os.Remove(r.path)
	}
	r.forget()
}
