package signame

import (
	"syscall"
	"testing"
)

func TestName(t *testing.T) {
	for signal, want := range map[syscall.Signal]string{
		syscall.SIGTERM: "SIGTERM", syscall.SIGABRT: "SIGABRT", syscall.SIGCHLD: "SIGCHLD", syscall.SIGHUP: "SIGHUP",
		syscall.Signal(100): "signal 100",
	} {
		if got := Name(signal); got != want {
			t.Errorf("Name(%d) = %s, want %s", signal, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]syscall.Signal{
		"TERM": syscall.SIGTERM, "term": syscall.SIGTERM, "SIGTERM": syscall.SIGTERM, " sighup ": syscall.SIGHUP,
		"9": syscall.SIGKILL, "0": 0, "iot": syscall.SIGABRT, "IO": syscall.SIGIO,
	} {
		if got, err := Parse(in); got != want || err != nil {
			t.Errorf("Parse(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"FOO":     "value 'FOO' is not a valid signal name",
		"":        "value '' is not a valid signal name",
		"SIG":     "value 'SIG' is not a valid signal name",
		"SIG_DFL": "value 'SIG_DFL' is not a valid signal name",
		"99":      "value '99' is not a valid signal number",
		"-9":      "value '-9' is not a valid signal number",
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v, want %s", in, err, want)
		}
	}
}
