// Package logs writes the main log and the logs of children, and reads windows of them: rotating files, syslog, the
// debug copy in the main log, automatic names. It starts no goroutine, knows no process, and takes no lock while it
// calls anyone outside. Everything here may be called from any goroutine.
package logs
