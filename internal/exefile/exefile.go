// Package exefile writes programs that this process can execute at once, while other goroutines start processes. It owns nothing.
// Any goroutine may call it.
package exefile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Write writes a program of exactly that mode; the umask does not count.
//
// No process is started meanwhile: it would inherit a descriptor that is open for writing, and keep it until after it has executed
// its program. Linux does not execute a file as long as one is open for writing anywhere (ETXTBSY, "text file busy").
func Write(path string, program []byte, mode fs.FileMode) error {
	syscall.ForkLock.RLock() // is held for writing where a process is started
	defer syscall.ForkLock.RUnlock()
	return errors.Join(os.WriteFile(path, program, mode), os.Chmod(path, mode))
}

// Copy copies a program to a file of mode mode.
func Copy(from, to string, mode fs.FileMode) error {
	program, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return Write(to, program, mode)
}

// CopyFS copies a tree that has programs, like os.CopyFS.
func CopyFS(dir string, from fs.FS) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.CopyFS(dir, from)
}
