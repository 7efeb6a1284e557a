package signame

import (
	"syscall"
	"testing"
)

// On Linux the real-time signals between the first and the last have no name and cannot be configured.
func TestRealTime(t *testing.T) {
	for signal, want := range map[syscall.Signal]string{
		34: "SIGRTMIN", 35: "signal 35", 63: "signal 63", 64: "SIGRTMAX", syscall.SIGIO: "SIGPOLL",
	} {
		if got := Name(signal); got != want {
			t.Errorf("Name(%d) = %s, want %s", signal, got, want)
		}
	}
	if _, err := Parse("35"); err == nil {
		t.Error("Parse accepts 35")
	}
	if got, err := Parse("rtmax"); got != 64 || err != nil {
		t.Errorf("Parse(rtmax) = %d, %v", got, err)
	}
}
