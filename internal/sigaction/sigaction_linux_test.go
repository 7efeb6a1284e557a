package sigaction

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// An action that was set does what it says, and the one before comes back.
func TestSet(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	defer signal.Stop(signals)
	kill := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil { // it is handled before this returns, or ignored
			t.Fatal(err)
		}
	}
	before := Set(syscall.SIGUSR2, Ignore)
	kill()
	if was := Set(syscall.SIGUSR2, before); was != Ignore {
		t.Errorf("the action was %v", was)
	}
	select {
	case s := <-signals:
		t.Errorf("%v was not ignored", s)
	default:
	}
	kill()
	<-signals
}
