package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// fault is one case with what it found out.
type fault struct {
	*testing.T
	mu      sync.Mutex
	Case    string   `json:"case"`
	Says    string   `json:"says"` // what must hold
	Figures []string `json:"figures"`
	Wrong   []string `json:"wrong"`   // what did not hold
	Skipped string   `json:"skipped"` // why nothing was found out
}

// begin begins a case. Says is the sentence that it shows.
func begin(t *testing.T, says string) *fault {
	t.Helper()
	f := &fault{T: t, Case: strings.TrimPrefix(t.Name(), "Test"), Says: says}
	t.Cleanup(f.end)
	return f
}

// figure notes something measured.
func (f *fault) figure(format string, args ...any) {
	f.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	f.Figures = append(f.Figures, text)
	f.Log(text)
}

// wrong notes something that should not be, and goes on.
func (f *fault) wrong(format string, args ...any) {
	f.Helper()
	f.mu.Lock()
	f.Wrong = append(f.Wrong, fmt.Sprintf(format, args...))
	f.mu.Unlock()
	f.Errorf(format, args...)
}

// stop notes something after which the case cannot go on.
func (f *fault) stop(format string, args ...any) {
	f.Helper()
	f.wrong(format, args...)
	f.FailNow()
}

func (f *fault) skip(why string) {
	f.Helper()
	f.Skipped = why
	f.Skip(why)
}

// needRoot skips the case for users who cannot make a namespace.
func (f *fault) needRoot() {
	f.Helper()
	if os.Getuid() != 0 {
		f.skip("needs root, for a namespace or another user")
	}
}

func (f *fault) end() {
	path := os.Getenv("FAULTS_RESULTS")
	if path == "" {
		return
	}
	line, err := json.Marshal(f)
	if err != nil {
		f.Error(err)
		return
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		f.Error(err)
		return
	}
	defer out.Close()
	if _, err := out.Write(append(line, '\n')); err != nil {
		f.Error(err)
	}
}

// either is the first number for ours and the second for the original, for which some would take hours.
func either(ours, original int) int {
	if reference {
		return original
	}
	return ours
}
