// Package logs writes the main log and the logs of children, and reads parts of them: rotating files, syslog, the copy of
// output in the main log at debug, automatic names. No write blocks: for a target whose reader is slow (a pipe, a
// terminal, a socket, syslog) a goroutine writes what is queued, and ends when the queue is empty. The package decides
// nothing about processes. Everything here may be called from any goroutine. Its locks are held while it writes, also to
// the writer that NewMain got, and not while it calls anything else outside.
package logs
