package daemon

import (
	"runtime"
	"sync"
)

// spareThreads is how many threads may block in system calls at once in addition to those that run Go code.
const spareThreads = 8

// ReserveThreads makes the runtime create the threads that it may need later, and keep them. At the system's limit of
// processes no thread can be created either, and a runtime that needs one then aborts: the daemon would die of the limit that
// it has to report.
func ReserveThreads() {
	n := runtime.GOMAXPROCS(0) + spareThreads
	var all, started sync.WaitGroup
	release := make(chan struct{})
	started.Add(n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			started.Done()
			<-release
		})
	}
	started.Wait()
	close(release)
	all.Wait()
}
