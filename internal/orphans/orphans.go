// Package orphans records the children of supervisord in a file beside its pid file, so that the next supervisord finds those
// that outlived one that was killed, and can stop them. It does not watch processes: the record is read once, by Open, and
// then only written. One goroutine at a time may use a Record; Stop blocks, and is for a goroutine of its own.
package orphans

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/safefile"
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
	UID           int    // of its process; -1: not known
	Plan          []Step // in place of StopSignal and StopWait; nil: these
}

// String is the namespec.
func (c Child) String() string { return api.Namespec(c.Group, c.Name) }

// Record is the file. It gets a line at each start and none at an exit: a process that has ended, or began later than its
// line was written, is not the recorded child. The file is rewritten when most lines are outdated.
type Record struct {
	path      string
	boot      string
	instance  string
	survivors []entry // children of earlier runs that still ran when the file was written last
	fd        int     // -1: not open
	lines     int
	failed    bool // the last write failed; the next start rewrites the file
}

// fewLines is the number of lines up to which a file is not rewritten.
const fewLines = 1024

// Running returns the process id of another supervisord that runs and keeps the record at path for the same instance, 0 if there is
// none, or if that cannot be known. Instance is what Open was given.
func Running(path, instance string) (pid int) {
	boot := bootID()
	if boot == "" {
		return 0
	}
	text, err := safefile.ReadOwn(path, maxSize)
	if err != nil {
		return 0
	}
	head, _, _ := strings.Cut(string(text), "\n")
	owner, err := parseOwner(head, boot, ticksNow())
	if err != nil || owner == nil || owner.instance != instance || owner.PID == os.Getpid() || !owner.alive() || !isNamedAsWe(owner.PID) {
		return 0
	}
	return owner.PID
}

// Open reads the record at path, logs which children of earlier runs still run, and starts a new record there, in which they
// stay. Their processes are held until Release or Stop. If the supervisord that wrote the record still runs, the file is not
// changed, and r is nil. The methods of a nil Record do nothing. Open returns one as well on systems that do not report when a
// process began. A file that cannot be ours is ignored with a warning and replaced. Instance
// is what distinguishes this supervisord from others that use the same path by mistake.
func Open(path, instance string, log *logs.Main) (r *Record, found []*Survivor) {
	boot := bootID()
	if boot == "" {
		return nil, nil
	}
	owner, entries := read(path, boot, ticksNow(), log)
	if owner != nil && owner.PID != os.Getpid() && owner.alive() {
		log.Warnf("supervisord with pid %d still runs and keeps %s: children that outlive us will not be found again",
			owner.PID, path)
		return nil, nil
	}
	r = &Record{path: path, boot: boot, instance: instance, fd: -1}
	for _, s := range holdAll(entries) { // all at once: a process that is held keeps its id
		if !s.recognized() {
			log.Warnf("pid %d is not %q of an earlier supervisord any more, and is left alone", s.PID, s)
			s.release()
			continue
		}
		log.Warnf("%q of an earlier supervisord still runs with pid %d", s, s.PID)
		r.survivors = append(r.survivors, s.entry)
		found = append(found, s)
	}
	if err := r.rewrite(nil); err != nil {
		log.Warnf("children that outlive supervisord may not be found again: cannot write %q: %v", path, err)
		return nil, found
	}
	return r, found
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
	return fmt.Errorf("cannot write %q: %w", r.path, err)
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
	text := fmt.Appendf(nil, "%s %d %d %s %q\n", header, os.Getpid(), now, r.boot, r.instance)
	r.lines = 0
	add := func(e entry) {
		text = e.format(text, e.at)
		r.lines++
	}
	r.survivors = slices.DeleteFunc(r.survivors, func(e entry) bool { return !e.alive() })
	for _, e := range r.survivors {
		add(e) // with its old time: the process id may have been reused since
	}
	if running != nil {
		running(func(c Child) bool {
			if e := (entry{c, now}); e.alive() {
				add(e)
			}
			return true
		})
	}
	return r.replace(text)
}

// replace makes a new file with the text and keeps it open.
func (r *Record) replace(text []byte) error {
	dir, base, err := safefile.OpenDir(r.path, safefile.None)
	if err != nil {
		return err
	}
	defer dir.Close()
	temporary := base + ".new"
	_ = dir.Unlink(temporary)
	fd, _, err := dir.Open(temporary, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = write(fd, text)
	if err == nil {
		err = dir.Rename(temporary, base)
	}
	if err != nil {
		_ = syscall.Close(fd)
		_ = dir.Unlink(temporary)
		return err
	}
	r.fd = fd
	return nil
}

// remove removes the file.
func (r *Record) remove() {
	if dir, base, err := safefile.OpenDir(r.path, safefile.None); err == nil {
		_ = dir.Unlink(base)
		dir.Close()
	}
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
		r.remove()
	}
	r.closeFile()
}
