package daemon

import (
	"runtime"
	"sync"
)

// spareThreads is how many threads may wait in system calls at once beside those that run Go code.
const spareThreads = 8

// ReserveThreads has the runtime start the threads that we may come to need, and keep them. When no process can be made any
// more, no thread can either, and a runtime that needs one then ends the program: the daemon would die of the limit that it
// has to report.
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
