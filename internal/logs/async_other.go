//go:build unix && !linux

package logs

import "os"

// openBlocking prepares writing to a descriptor that blocks, which takes a thread while it does.
func (w *asyncWriter) openBlocking() {
	file := os.NewFile(uintptr(w.fd), "log")
	w.write, w.close = file.Write, func() { file.Close() }
}
