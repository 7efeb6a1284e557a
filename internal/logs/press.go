package logs

import (
	"errors"
	"runtime"
	gc "runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/rotation"
)

// JobState is a log whose rotated files are to be compressed or removed.
type JobState struct {
	Path    string          `json:"path"`
	Owner   int             `json:"owner,omitempty"`
	Policy  rotation.Policy `json:"policy"`
	Backups int             `json:"backups"`
	Limit   int64           `json:"limit,omitempty"` // of the file itself
	Other   int             `json:"other,omitempty"` // the user to whom the files are given; 0: root, or none
}

// keeper compresses and removes rotated files, one log after the other, in a goroutine that exists only while a log waits. It has a thread
// of its own, with the lowest priority, which ends with it.
type keeper struct {
	stop atomic.Bool // the goroutine is to end

	mu      sync.Mutex
	waiting []JobState // each log once
	busy    bool       // the goroutine exists
	frozen  bool       // no goroutine is started
	idle    chan struct{}
	ended   chan struct{}
	failing map[string]bool // logs of which a file could not be compressed, which was reported
	report  *Main
}

// rotated is the keeper of all logs.
var rotated keeper

// ReportRotatedTo has failures to compress rotated files reported in a log.
func ReportRotatedTo(m *Main) {
	rotated.mu.Lock()
	defer rotated.mu.Unlock()
	rotated.report = m
}

// Kept returns a channel that closes when all rotated files have been compressed or removed that are to be.
func Kept() <-chan struct{} {
	rotated.mu.Lock()
	defer rotated.mu.Unlock()
	if !rotated.busy && len(rotated.waiting) == 0 {
		idle := make(chan struct{})
		close(idle)
		return idle
	}
	if rotated.idle == nil {
		rotated.idle = make(chan struct{})
	}
	return rotated.idle
}

// EndKeeping gives up what is being compressed, at the end of the program. It waits no longer than timeout.
func EndKeeping(timeout time.Duration) {
	ended := rotated.freeze()
	if ended == nil {
		return
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
}

// add has the rotated files of a log looked at.
func (k *keeper) add(j JobState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = slices.DeleteFunc(k.waiting, func(other JobState) bool { return other.Path == j.Path })
	k.waiting = append(k.waiting, j)
	k.start()
}

// start starts the goroutine if it is needed. The lock is held.
func (k *keeper) start() {
	if !k.busy && !k.frozen && len(k.waiting) > 0 {
		k.busy = true
		go k.run()
	}
}

// freeze has the goroutine end and returns a channel that closes when it has, nil if there is none.
func (k *keeper) freeze() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.frozen = true
	if !k.busy {
		return nil
	}
	k.stop.Store(true)
	if k.ended == nil {
		k.ended = make(chan struct{})
	}
	return k.ended
}

// thaw has the keeper go on.
func (k *keeper) thaw() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.frozen = false
	if !k.busy { // else it goes on by itself, or has not noticed yet
		k.stop.Store(false)
	}
	k.start()
}

// run does what waits.
func (k *keeper) run() {
	runtime.LockOSThread() // and not unlocked: the thread ends
	lowerPriority()
	var press press
	k.mu.Lock()
	for len(k.waiting) > 0 && !k.stop.Load() {
		j := k.waiting[0]
		k.waiting = slices.Delete(k.waiting, 0, 1)
		k.mu.Unlock()
		err := k.tend(&press, &j)
		k.mu.Lock()
		if errors.Is(err, errStopped) && !slices.ContainsFunc(k.waiting, func(other JobState) bool { return other.Path == j.Path }) {
			k.waiting = slices.Insert(k.waiting, 0, j)
		}
	}
	k.mu.Unlock()
	go k.finish(press.used()) // in another thread, as all others wait for the one that collects garbage
}

// finish returns the memory that compressions have taken.
func (k *keeper) finish(used bool) {
	if used {
		gc.FreeOSMemory()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy = false
	k.stop.Store(false)
	closeIfWaited(&k.ended)
	if len(k.waiting) == 0 {
		k.waiting = nil
		closeIfWaited(&k.idle)
	}
	k.start() // something may have come meanwhile
}

// export returns the logs that wait. The keeper is frozen.
func (k *keeper) export() []JobState {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.waiting)
}

// restore has logs wait until the keeper is thawed.
func (k *keeper) restore(waiting []JobState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting, k.frozen = waiting, true
}

// tend compresses the rotated files of a log, and removes those that are not kept.
func (k *keeper) tend(p *press, j *JobState) error {
	r, err := openRow(Source{j.Path, j.Owner}, j.Other)
	if err != nil {
		return err
	}
	defer r.close()
	keep := rotation.Retention{Dated: j.Policy.Dated, Count: j.Backups, MaxAge: j.Policy.MaxAge, Space: -1}
	if j.Policy.MaxTotal > 0 {
		keep.Space = max(0, j.Policy.MaxTotal-j.Limit)
	}
	files, parts, err := r.files()
	if err != nil {
		return err
	}
	r.removeAll(parts)
	if j.Policy.Compress != rotation.Uncompressed {
		if err := k.compressAll(p, r, j, keep.Own(files)); err != nil {
			return err
		}
	}
	return k.removeSurplus(r, keep)
}

// removeSurplus removes what is not kept.
func (k *keeper) removeSurplus(r *row, keep rotation.Retention) error {
	renames.Lock()
	defer renames.Unlock()
	files, _, err := r.files()
	if err != nil {
		return err
	}
	for _, f := range keep.Surplus(keep.Own(files), time.Now()) {
		r.remove(r.name(f.Name))
	}
	return nil
}

// compressAll compresses the files that are not, from the newest to the oldest.
func (k *keeper) compressAll(p *press, r *row, j *JobState, files []rotation.File) error {
	renames.Lock()
	for i, f := range files {
		if rotation.IsCopy(files, i) {
			r.remove(r.name(f.Name))
		}
	}
	renames.Unlock()
	for _, f := range files {
		if f.Form != rotation.Uncompressed {
			continue
		}
		switch err := p.compress(r, f.Name, j.Policy.Compress, &k.stop); {
		case err == nil:
		case errors.Is(err, errStopped):
			return err
		case errors.Is(err, errChanging), errors.Is(err, syscall.ENOENT): // it has been renamed, removed or written to
		default:
			k.failed(j.Path, r.shown(r.name(f.Name)), err)
			return nil
		}
	}
	k.succeeded(j.Path)
	return nil
}

// failed reports that a file could not be compressed, once until all of its log can.
func (k *keeper) failed(path, file string, err error) {
	k.mu.Lock()
	known := k.failing[path]
	if k.failing == nil {
		k.failing = map[string]bool{}
	}
	k.failing[path] = true
	report := k.report
	k.mu.Unlock()
	if !known {
		report.Warnf("could not compress %s: %v, it stays as it is", file, err)
	}
}

func (k *keeper) succeeded(path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.failing, path)
}
