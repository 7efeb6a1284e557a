// Package parentthread has the thread that is the parent of children with a death signal, on Linux: the signal comes when the thread
// that has started the child ends, and not the process. The same thread must execute the next program in an upgrade, which ends all
// others. In that program it is the main thread.
//
// The thread exists from its first use on, in a program that takes over from another one from the beginning. Any goroutine may call
// Do, except one that Do runs.
package parentthread

import (
	"runtime"
	"sync"
)

var thread struct {
	mu      sync.Mutex
	held    bool // the main thread is it
	serving bool // another one is
	used    bool // by this program or one before
	calls   chan func()
	release chan struct{} // closed: the main thread is not needed
}

func init() { thread.calls, thread.release = make(chan func()), make(chan struct{}) }

// Hold makes the main thread the one. It is called while packages are initialized, and Main afterwards.
func Hold() {
	runtime.LockOSThread()
	thread.held = true
}

// Main runs main, in another goroutine if this one has to stay in the main thread, and does not return before main does.
func Main(main func()) {
	if !thread.held {
		main()
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		main()
	}()
	for {
		select {
		case f := <-thread.calls:
			f()
		case <-thread.release:
			runtime.UnlockOSThread()
			<-ended
			return
		case <-ended:
			return
		}
	}
}

// Release gives the main thread up, if the program that was executed before has started nothing that needs it.
func Release() {
	thread.mu.Lock()
	defer thread.mu.Unlock()
	if thread.held && !thread.used {
		thread.held = false
		close(thread.release)
	}
}

// Use notes that a program before this one has started children by this thread.
func Use() {
	thread.mu.Lock()
	thread.used = true
	thread.mu.Unlock()
}

// Used reports whether the thread has done anything, also in a program before this one.
func Used() bool {
	thread.mu.Lock()
	defer thread.mu.Unlock()
	return thread.used
}

// Exists reports whether there is the thread.
func Exists() bool {
	thread.mu.Lock()
	defer thread.mu.Unlock()
	return thread.held || thread.serving
}

// Do runs f in the thread, and returns after it.
func Do(f func()) {
	done := make(chan struct{})
	call := func() {
		defer close(done)
		f()
	}
	thread.mu.Lock()
	thread.used = true
	if !thread.held && !thread.serving {
		thread.serving = true
		go serve()
	}
	thread.mu.Unlock()
	thread.calls <- call
	<-done
}

// serve is the thread in a program that has not taken over. It is never unlocked, and never ends.
func serve() {
	runtime.LockOSThread()
	for f := range thread.calls {
		f()
	}
}
