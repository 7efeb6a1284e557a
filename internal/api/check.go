package api

// CheckResult is the outcome of a health check that a client has run. Text is why it failed, empty if it succeeded.
type CheckResult struct {
	Check        string // "liveness" or "readiness"
	OK           bool
	Text         string
	Milliseconds int
}
