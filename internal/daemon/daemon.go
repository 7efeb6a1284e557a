// Package daemon is what supervisord does to itself at its start and end: limits, user, detaching from the terminal,
// inherited descriptors, the pid file. Only main calls it, from one goroutine, before the loop runs or after it ended.
package daemon
