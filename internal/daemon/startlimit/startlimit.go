// Package startlimit knows the limit of open files that the process was started with. The Go runtime raises the soft
// limit to the hard one while package syscall is initialised, so the value must be read before that: packages without
// imports are initialised in the order of their paths, and ours comes before "syscall". Hence no imports here, and a
// system call by hand. Only package daemon may use it.
package startlimit

var soft, hard uint64
var known bool

// Files is the soft and hard limit of open files at the start; known is false where we have no way to tell.
func Files() (softLimit, hardLimit uint64, ok bool) { return soft, hard, known }
