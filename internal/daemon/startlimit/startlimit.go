// Package startlimit has the limit of open files that the process was started with. The Go runtime raises the soft limit to
// the hard one while package syscall is initialized, so the value must be read before that. Packages without imports are
// initialized in the order of their paths, and this one comes before "syscall": hence no imports here, and a system call in
// assembly. Only package daemon uses it.
package startlimit

var soft, hard uint64
var known bool

// Files returns the soft and hard limit of open files at the start; ok is false on systems where they cannot be read.
func Files() (softLimit, hardLimit uint64, ok bool) { return soft, hard, known }
