package api

// Why is the word for the cause of the end of a child.
type Why string

// The causes. The first ones are those that supervisord itself decides about.
const (
	WhyRequest    Why = "request"
	WhyShutdown   Why = "shutdown"
	WhyNotReady   Why = "not-ready"
	WhyUnhealthy  Why = "unhealthy"
	WhyWatchdog   Why = "watchdog"
	WhyMemory     Why = "memory"
	WhyAge        Why = "age"
	WhySchedule   Why = "schedule"
	WhyFile       Why = "file"
	WhyDependency Why = "dependency"
	WhyUpdate     Why = "update"
	WhyScale      Why = "scale"

	WhyExit   Why = "exit"   // it ended by itself
	WhySignal Why = "signal" // a signal of another process
	WhyOOM    Why = "oom"    // the system had no memory for it
	WhySpawn  Why = "spawn"  // there was no child
)

// Reason is why a child ended. Text has details, such as "HTTP 503"; it may be empty.
type Reason struct {
	Why  Why
	Text string
}

// String returns the reason as in "unhealthy (HTTP 503)".
func (r Reason) String() string {
	if r.Text == "" {
		return string(r.Why)
	}
	return string(r.Why) + " (" + r.Text + ")"
}

// ByDaemon reports whether supervisord itself ended the child.
func (r Reason) ByDaemon() bool {
	switch r.Why {
	case "", WhyExit, WhySignal, WhyOOM, WhySpawn:
		return false
	}
	return true
}

// Shown reports whether clients see the reason: those that the state and the exit status show as well are left out.
func (r Reason) Shown() bool {
	switch r.Why {
	case "", WhyRequest, WhyShutdown, WhyExit, WhySignal:
		return false
	}
	return true
}
