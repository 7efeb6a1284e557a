package ctl

import (
	"os"
	"testing"
	"time"
)

// TestWaitInput makes each descriptor readable, in either order of their numbers.
func TestWaitInput(t *testing.T) {
	for i, name := range []string{"the first", "the second"} {
		var readers [2]*os.File
		var ready *os.File
		for j := range readers {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			readers[j] = r
			if i == j {
				ready = w
			}
		}
		for _, pair := range [][2]int{{0, 1}, {1, 0}} {
			done := make(chan error, 1)
			go func() { done <- waitInput(int(readers[pair[0]].Fd()), int(readers[pair[1]].Fd())) }()
			if _, err := ready.WriteString("x"); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("%s is readable: %v", name, err)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s is readable, and waitInput has not returned", name)
			}
		}
	}
}
