package safefile

import "golang.org/x/sys/unix"

// Entry is the file that a name of a directory led to when the Entry was made. On Linux, changes apply to that file, even
// if the name leads to another one by then; elsewhere they are refused in that case, and never follow a link. Close releases it.
type Entry struct {
	Info
	fd   int // O_PATH; -1 where there is none
	dir  *Dir
	name string
}

// Close releases the entry.
func (e *Entry) Close() {
	if e.fd >= 0 {
		_ = unix.Close(e.fd)
	}
}
