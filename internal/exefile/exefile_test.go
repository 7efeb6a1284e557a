package exefile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// TestWrite writes programs and executes them at once, while other goroutines start processes.
func TestWrite(t *testing.T) {
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var done atomic.Bool
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for !done.Load() {
				if err := exec.Command(program).Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 200 {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := Write(path, text, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command(path).Run(); err != nil {
			t.Error(err)
			break
		}
	}
	done.Store(true)
	others.Wait()
}
