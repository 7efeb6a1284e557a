// Package quit gives SIGQUIT its default effect, for commands. Go's runtime would print the stacks of all goroutines and exit with
// status 2. Call Default from main, before other goroutines start.
package quit

import (
	"os"
	"os/signal"
	"syscall"
)

// status is what a shell shows for a program that SIGQUIT has ended.
const status = 128 + int(syscall.SIGQUIT)

// Default gives SIGQUIT its default effect, the death of the program by this signal. Where that is not possible the program exits
// with the status that a shell would show. signal.Notify has no effect on SIGQUIT afterwards.
func Default() {
	if restore(syscall.SIGQUIT) {
		return
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGQUIT)
	go func() {
		<-signals
		os.Exit(status)
	}()
}
