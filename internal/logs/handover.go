package logs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// TargetsState is the state of the targets that may block, with what is queued for them.
type TargetsState struct {
	Targets []TargetState `json:"targets,omitempty"`
	Rotated []JobState    `json:"rotated,omitempty"` // logs whose rotated files wait
	Remotes []RemoteState `json:"remotes,omitempty"`
	Journal *JournalState `json:"journal,omitempty"`
}

// TargetKey identifies a target in the state: device and inode of what its descriptor leads to, or device 0 and a number for syslog.
type TargetKey struct {
	Device uint64 `json:"dev,omitempty"`
	Inode  uint64 `json:"ino"`
}

// TargetState is a target that may block, which is in use or has something queued.
type TargetState struct {
	TargetKey
	FD       int          `json:"fd,omitempty"`
	Syslog   *SyslogRoute `json:"syslog,omitempty"`  // in place of FD
	Journal  *SyslogRoute `json:"journal,omitempty"` // likewise
	Queue    [][]byte     `json:"queue,omitempty"`
	Dropping bool         `json:"dropping,omitempty"`
	Failed   string       `json:"failed,omitempty"` // the error that the next write returns
	Failures int64        `json:"failures,omitempty"`
}

// SyslogRoute is how to reach a syslog daemon, to which the next program connects anew.
type SyslogRoute struct {
	Path string `json:"path"`
	Lost int    `json:"lost,omitempty"` // records since it could not be reached
}

// ErrFrozen is returned by Freeze if a write to a target cannot be interrupted.
var ErrFrozen = errors.New("busy: a log is still being written")

// Freeze stops the goroutines that write to slow targets, and has everything queued that comes, until Thaw. If a write cannot be
// interrupted before the deadline, they go on and the error is ErrFrozen.
func Freeze(deadline time.Time) error {
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	var waits []<-chan struct{}
	for _, w := range writers.freeze(true) {
		if stopped := w.freeze(); stopped != nil {
			waits = append(waits, stopped)
		}
	}
	if ended := rotated.freeze(); ended != nil {
		waits = append(waits, ended)
	}
	for _, r := range remotes.freeze(true) {
		if stopped := r.stop(); stopped != nil {
			waits = append(waits, stopped)
		}
	}
	for _, stopped := range waits {
		select {
		case <-stopped:
		case <-late.C:
			Thaw()
			return ErrFrozen
		}
	}
	return nil
}

// Thaw lets the targets go on after Freeze.
func Thaw() {
	for _, w := range writers.freeze(false) {
		w.thaw()
		writers.retire(w)
	}
	rotated.thaw()
	for _, r := range remotes.freeze(false) {
		r.thaw()
	}
}

// Begin lets imported targets go on. It comes after the import of all that uses them.
func Begin() { Thaw() }

// freeze notes whether asyncWriters are frozen that come from now on, and returns those there are.
func (r *registry) freeze(frozen bool) []*asyncWriter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen = frozen
	return r.sorted()
}

// sorted returns the asyncWriters in a fixed order. The lock is held.
func (r *registry) sorted() []*asyncWriter {
	all := make([]*asyncWriter, 0, len(r.at))
	for _, w := range r.at {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *asyncWriter) int {
		return cmp.Or(cmp.Compare(a.key.dev, b.key.dev), cmp.Compare(a.key.ino, b.key.ino))
	})
	return all
}

// freeze returns nil, or a channel that closes when the goroutine has ended.
func (w *asyncWriter) freeze() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = true
	if !w.busy {
		return nil
	}
	if w.interrupt != nil {
		w.interrupt(true)
	}
	w.stopped = make(chan struct{})
	return w.stopped
}

func (w *asyncWriter) thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.write == nil {
		w.open()
	}
	if w.interrupt != nil {
		w.interrupt(false)
	}
	w.frozen, w.stopped = false, nil
	if len(w.queue) > 0 && !w.busy {
		w.start()
	}
}

// Export returns the state of the targets, which are frozen.
func Export(w *handover.Writer) (s TargetsState) {
	writers.mu.Lock()
	defer writers.mu.Unlock()
	for _, target := range writers.sorted() {
		s.Targets = append(s.Targets, target.export(w))
	}
	s.Rotated = rotated.export()
	for _, r := range remotes.all() {
		s.Remotes = append(s.Remotes, r.export())
	}
	s.Journal = TheJournal.export()
	return s
}

func (k TargetKey) purpose() string { return fmt.Sprintf("log target %d:%d", k.Device, k.Inode) }

func (k inode) export() TargetKey { return TargetKey{k.dev, k.ino} }

func (w *asyncWriter) export(to *handover.Writer) TargetState {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := TargetState{TargetKey: w.key.export(), Queue: slices.Clone(w.queue), Dropping: w.dropping, Failures: w.failures}
	if w.failed != nil {
		s.Failed = w.failed.Error()
	}
	if c := w.syslog; c != nil { // a record that was sent in part is sent again
		s.Syslog = &SyslogRoute{c.path, c.lost}
		return s
	}
	if c := w.journal; c != nil {
		s.Journal = &SyslogRoute{c.path, c.lost}
		return s
	}
	s.FD = to.Descriptor(w.fd, s.purpose())
	if len(s.Queue) > 0 {
		s.Queue[0] = s.Queue[0][w.sent:]
	}
	return s
}

// Import takes the targets over. It comes before the import of what uses them; all that comes is queued until Begin.
func Import(r *handover.Reader, s TargetsState) {
	writers.mu.Lock()
	defer writers.mu.Unlock()
	writers.frozen = true
	rotated.restore(s.Rotated)
	for _, target := range s.Targets {
		writers.put(importTarget(r, target), inode{target.Device, target.Inode})
		if target.Device == 0 {
			writers.private = max(writers.private, target.Inode)
		}
	}
	TheJournal.restore(r, s.Journal)
	remotes.freeze(true)
	for _, remote := range s.Remotes {
		importRemote(remote)
	}
}

func importTarget(r *handover.Reader, s TargetState) *asyncWriter {
	w := &asyncWriter{}
	if s.Syslog != nil {
		c := newSyslogConn(s.Syslog.Path, nil)
		c.lost = s.Syslog.Lost
		w = c.writer()
	} else if s.Journal != nil {
		c := newJournalConn(s.Journal.Path)
		c.lost, c.tried = s.Journal.Lost, time.Now()
		c.what.Store(new("output for journald"))
		w = c.writer()
	} else {
		w.fd = r.Descriptor(s.FD, s.purpose())
		w.close = func() { _ = unix.Close(w.fd) }
	}
	w.queue, w.dropping, w.failures = s.Queue, s.Dropping, s.Failures
	for _, p := range w.queue {
		w.size += len(p)
	}
	if s.Failed != "" {
		w.failed = errors.New(s.Failed)
	}
	return w
}

// use returns the asyncWriter of an imported target, for one more user.
func (r *registry) use(from *handover.Reader, key TargetKey) *asyncWriter {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.at[inode{key.Device, key.Inode}]
	if w == nil {
		from.Fail(fmt.Errorf("%s is not in the state", key.purpose()))
		return nil
	}
	w.refs++
	return w
}
