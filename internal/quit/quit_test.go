package quit

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestMain is the program that TestDefault starts, if QUIT is set.
func TestMain(m *testing.M) {
	if os.Getenv("QUIT") == "" {
		os.Exit(m.Run())
	}
	limit := syscall.Rlimit{} // no core file
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &limit)
	Default()
	_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
	<-time.After(time.Minute)
}

// TestDefault shows that SIGQUIT ends a program that prints nothing. covers: REP-F8
func TestDefault(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "QUIT=1")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	if out.Len() > 0 {
		t.Errorf("it printed %s", out.Bytes())
	}
	end, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		t.Fatal(err)
	case runtime.GOOS == "linux" && end.Signal() != syscall.SIGQUIT:
		t.Errorf("%v", c.ProcessState)
	case runtime.GOOS != "linux" && end.ExitStatus() != status:
		t.Errorf("%v", c.ProcessState)
	}
}
