// Package signame converts between signals and their names: SIGTERM, term, 15. It sends none. Any goroutine may call it.
package signame

import (
	"errors"
	"strconv"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// named is a signal under one of its names.
type named struct {
	name   string // without SIG
	signal syscall.Signal
}

// common are the names that every system has. Of two names of one signal the one to print comes first.
var common = []named{
	{"HUP", syscall.SIGHUP}, {"INT", syscall.SIGINT}, {"QUIT", syscall.SIGQUIT}, {"ILL", syscall.SIGILL},
	{"TRAP", syscall.SIGTRAP}, {"ABRT", syscall.SIGABRT}, {"IOT", syscall.SIGABRT}, {"BUS", syscall.SIGBUS},
	{"FPE", syscall.SIGFPE}, {"KILL", syscall.SIGKILL}, {"USR1", syscall.SIGUSR1}, {"SEGV", syscall.SIGSEGV},
	{"USR2", syscall.SIGUSR2}, {"PIPE", syscall.SIGPIPE}, {"ALRM", syscall.SIGALRM}, {"TERM", syscall.SIGTERM},
	{"CHLD", syscall.SIGCHLD}, {"CONT", syscall.SIGCONT}, {"STOP", syscall.SIGSTOP}, {"TSTP", syscall.SIGTSTP},
	{"TTIN", syscall.SIGTTIN}, {"TTOU", syscall.SIGTTOU}, {"URG", syscall.SIGURG}, {"XCPU", syscall.SIGXCPU},
	{"XFSZ", syscall.SIGXFSZ}, {"VTALRM", syscall.SIGVTALRM}, {"PROF", syscall.SIGPROF},
	{"WINCH", syscall.SIGWINCH}, {"SYS", syscall.SIGSYS},
}

// Name returns the name to print, such as SIGTERM, or "signal 35" for a signal without a name. Source:
// supervisor.options.decode_wait_status.
func Name(signal syscall.Signal) string {
	for _, names := range [][]named{common, special} {
		for _, n := range names {
			if n.signal == signal {
				return "SIG" + n.name
			}
		}
	}
	return "signal " + strconv.Itoa(int(signal))
}

// Parse reads a number, or a name in any case with or without SIG, also RTMIN+3 and RTMAX-3. A number must be 0 or that of a signal
// with such a name; what 0 means is the caller's decision. The error has the original's text. Source: stopsignal, signalProcess.
func Parse(value string) (syscall.Signal, error) {
	if n, ok := pyrepr.ParseInt(value, 10); ok {
		signal := syscall.Signal(n)
		if n < 0 || n > 0 && strings.HasPrefix(Name(signal), "signal ") && !isRealTime(n) {
			return 0, errors.New("value " + pyrepr.Quote(value) + " is not a valid signal number")
		}
		return signal, nil
	}
	name := strings.TrimPrefix(strings.ToUpper(pyrepr.TrimSpace(value)), "SIG")
	for _, names := range [][]named{common, special} {
		for _, n := range names {
			if n.name == name {
				return n.signal, nil
			}
		}
	}
	if signal, ok := realTime(name); ok {
		return signal, nil
	}
	return 0, errors.New("value " + pyrepr.Quote(value) + " is not a valid signal name")
}

func isRealTime(n int) bool { return firstRealTime <= n && n <= lastRealTime }

// realTime reads RTMIN+n and RTMAX-n.
func realTime(name string) (signal syscall.Signal, ok bool) {
	for _, base := range []struct {
		prefix     string
		from, sign int
	}{{"RTMIN+", firstRealTime, 1}, {"RTMAX-", lastRealTime, -1}} {
		if text, found := strings.CutPrefix(name, base.prefix); found {
			n, err := strconv.ParseUint(text, 10, 8)
			number := base.from + base.sign*int(n)
			return syscall.Signal(number), err == nil && isRealTime(number)
		}
	}
	return 0, false
}
