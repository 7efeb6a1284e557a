package daemon

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// quiet is how long supervisord must have done nothing before memory is returned. It is longer than most clients pause between
// two calls, which would pay for memory that they need again, and than startsecs usually is.
const quiet = 2 * time.Second

// Releaser returns memory to the system after each burst of work, such as the start of programs or the answer to a monitor: what
// was freed, and pages of the executable. It needs a timer only until then. Any goroutine may call Used.
type Releaser struct {
	// Drop, if not nil, drops what is kept to make further work faster. It is set before the first use.
	Drop func()

	state     atomic.Int32 // one of the following
	mu        sync.Mutex   // guards the field below
	allocated uint64       // bytes since the start, at the last collection
}

// The states of a Releaser.
const (
	released = iota // there is no timer
	waiting         // the timer runs
	used            // the timer runs, and something was done since it was started
)

// Used notes that something was done. It allocates nothing unless it starts the timer.
func (r *Releaser) Used() {
	switch r.state.Load() {
	case released:
		if r.state.CompareAndSwap(released, waiting) {
			time.AfterFunc(quiet, r.expire)
		}
	case waiting:
		r.state.CompareAndSwap(waiting, used)
	}
}

// expire starts the timer again if something was done while it ran.
func (r *Releaser) expire() {
	if !r.state.CompareAndSwap(waiting, released) {
		r.state.Store(waiting)
		time.AfterFunc(quiet, r.expire)
		return
	}
	r.Release()
}

// Release returns memory now.
func (r *Releaser) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Drop != nil {
		r.Drop()
	}
	r.collect()
	releasePages()
}

// collect returns freed memory, which takes some milliseconds, if there can be much: a few short answers leave little. Meanwhile the
// runtime has one processor only, because free pages that a processor holds are returned when it is removed or idle.
func (r *Releaser) collect() {
	var now runtime.MemStats
	if runtime.ReadMemStats(&now); now.TotalAlloc-r.allocated < now.HeapAlloc/8 {
		return
	}
	r.allocated = now.TotalAlloc
	processors := runtime.GOMAXPROCS(1)
	runtime.GC() // what a sync.Pool holds survives one collection
	debug.FreeOSMemory()
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.SetDefaultGOMAXPROCS() // and goes on following the limits of a container
	} else {
		runtime.GOMAXPROCS(processors)
	}
}
