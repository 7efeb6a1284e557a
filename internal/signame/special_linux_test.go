package signame

import (
	"syscall"
	"testing"
)

// TestRealTime shows that the signals between the first and the last have no name to print, as in the original, but can be named.
func TestRealTime(t *testing.T) {
	for signal, want := range map[syscall.Signal]string{
		34: "SIGRTMIN", 35: "signal 35", 63: "signal 63", 64: "SIGRTMAX", syscall.SIGIO: "SIGPOLL",
	} {
		if got := Name(signal); got != want {
			t.Errorf("Name(%d) = %s, want %s", signal, got, want)
		}
	}
	for text, want := range map[string]syscall.Signal{
		"rtmax": 64, "RTMIN": 34, "RTMIN+3": 37, "sigrtmin+0": 34, "RTMIN+30": 64, "SIGRTMAX-1": 63, "RTMAX-30": 34, "35": 35, "63": 63,
	} {
		if got, err := Parse(text); got != want || err != nil {
			t.Errorf("Parse(%s) = %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"RTMIN+31", "RTMAX-31", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN+-1", "RTMIN++1", "RTMIN+256", "RTMIN+ 1",
		"RT+1", "TERM+1", "32", "33", "65"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("Parse(%s) = %d", text, got)
		}
	}
}
