package api

// Condition is what decides whether all is well with a process.
type Condition struct {
	State     State
	Unhealthy bool // a check or a watchdog says so
	Expected  bool // EXITED: as it is configured
	Coming    bool // it will be started again by itself, or an automatic start of it waits
	Idle      bool // STOPPED: it does not start by itself, and was not stopped: see autostart, disable and cron
}

// Ready reports whether the process does what it is there for.
func (c Condition) Ready() bool {
	switch c.State {
	case Running:
		return !c.Unhealthy
	case Exited:
		return c.Expected && !c.Coming
	case Stopped:
		return c.Idle && !c.Coming
	}
	return false
}

// Live reports whether the process does what it is there for, is on its way to that, or was stopped.
func (c Condition) Live() bool {
	switch c.State {
	case Starting, Stopping, Backoff, Stopped:
		return true
	case Running:
		return !c.Unhealthy
	case Exited:
		return c.Expected || c.Coming
	}
	return false // FATAL, UNKNOWN
}
