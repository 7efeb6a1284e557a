package child

import (
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A shim that was killed after its report leaves nothing for a later child with its id, and reports of several shims do not mix.
func TestReports(t *testing.T) {
	var f failureReports
	fd := f.writeEnd()
	if fd < 0 {
		t.Fatal("no pipe")
	}
	t.Cleanup(func() { unix.Close(f.in); unix.Close(f.out) })
	const exited127, killed = syscall.WaitStatus(failedStart << 8), syscall.WaitStatus(syscall.SIGKILL)
	take := func(pid int, status syscall.WaitStatus) string { return f.take(Exit{PID: pid, Status: status}) }
	for i := range 3 {
		fmt.Fprintf(fdWriter(fd), "%d reason %d\x00", 100+i, i)
	}
	if got := take(101, killed); got != "" {
		t.Errorf("of a killed one: %q", got)
	}
	if got := take(101, exited127); got != "" {
		t.Errorf("of another one with its id: %q", got)
	}
	if a, b := take(102, exited127), take(100, exited127); a != "reason 2" || b != "reason 0" {
		t.Errorf("%q, %q", a, b)
	}
	fmt.Fprint(fdWriter(fd), "7 first h")
	if got := take(7, exited127); got != "" {
		t.Errorf("of half a report: %q", got)
	}
	fmt.Fprint(fdWriter(fd), "alf\x00")
	if got := take(7, 1<<8); got != "" {
		t.Errorf("of another status: %q", got)
	}
	if got := take(7, exited127); got != "first half" || len(f.reasons) != 0 {
		t.Errorf("%q, %v remain", got, f.reasons)
	}
}

type fdWriter int

func (fd fdWriter) Write(p []byte) (int, error) { return unix.Write(int(fd), p) }
