package daemon

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestReleaser shows that memory is returned once after each burst of work, never during one, and that nothing wakes an idle daemon.
func TestReleaser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var releases atomic.Int32
		r := Releaser{Drop: func() { releases.Add(1) }}
		for _, step := range []struct {
			name     string
			uses     int
			interval time.Duration // after each use
			rest     time.Duration // after the last
			want     int32         // releases so far
		}{
			{"nothing was done", 0, 0, time.Hour, 0},
			{"a monitor that calls every second", 100, time.Second, 0, 0},
			{"its end", 0, 0, 2*quiet + 1, 1},
			{"idle", 0, 0, time.Hour, 1},
			{"one call", 1, 0, quiet + 1, 2},
			{"idle again", 0, 0, time.Hour, 2},
			{"a monitor that calls every ten seconds", 10, 10 * time.Second, 0, 12},
		} {
			for range step.uses {
				r.Used()
				time.Sleep(step.interval)
			}
			time.Sleep(step.rest)
			synctest.Wait()
			if got := releases.Load(); got != step.want {
				t.Errorf("%s: %d releases, want %d", step.name, got, step.want)
			}
		}
		if r.state.Load() != released {
			t.Error("a timer is left")
		}
	})
}

// TestReleaserCollects shows that freed memory is collected, what a sync.Pool holds included, and that a daemon that has allocated
// little since then is spared another collection.
func TestReleaserCollects(t *testing.T) {
	var r Releaser
	r.collect()
	first := r.allocated
	if first == 0 {
		t.Fatal("the first time nothing was collected")
	}
	if r.collect(); r.allocated != first {
		t.Error("a second collection, although nothing was allocated")
	}
	collected := make(chan struct{})
	pool := sync.Pool{}
	func() {
		large := make([]byte, 8<<20)
		runtime.AddCleanup(&large[0], func(done chan struct{}) { close(done) }, collected)
		pool.Put(&large)
	}()
	r.collect()
	select {
	case <-collected:
	case <-time.After(20 * time.Second):
		t.Error("a buffer in a pool was not collected")
	}
	runtime.KeepAlive(&pool)
}
