package main

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// TestHoldZombie shows that a process that has ended is not held, though its parent has not waited for it. covers: REP-G10
func TestHoldZombie(t *testing.T) {
	child, err := os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	held, err := hold(child.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer held.release()
	if held.fd < 0 {
		t.Skip("the kernel has no descriptors of processes")
	}
	if err := held.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	held.wait()
	if p, err := hold(child.Pid); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := child.Wait(); err != nil {
		t.Error(err)
	}
}
