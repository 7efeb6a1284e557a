package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// fault is a case with its results.
type fault struct {
	*testing.T
	mu      sync.Mutex
	Case    string   `json:"case"`
	Says    string   `json:"says"` // the requirement
	Figures []string `json:"figures"`
	Wrong   []string `json:"wrong"`   // violations
	Skipped string   `json:"skipped"` // the reason, if the case was skipped
}

// begin begins a case. says is the requirement that it checks.
func begin(t *testing.T, says string) *fault {
	t.Helper()
	f := &fault{T: t, Case: strings.TrimPrefix(t.Name(), "Test"), Says: says}
	t.Cleanup(f.end)
	return f
}

// figure records a measurement.
func (f *fault) figure(format string, args ...any) {
	f.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	f.Figures = append(f.Figures, text)
	f.Log(text)
}

// wrong records a violation and continues.
func (f *fault) wrong(format string, args ...any) {
	f.Helper()
	f.mu.Lock()
	f.Wrong = append(f.Wrong, fmt.Sprintf(format, args...))
	f.mu.Unlock()
	f.Errorf(format, args...)
}

// stop records a violation and ends the case.
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

// needRoot skips the case if namespaces cannot be created.
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

// either returns the first number for ours and the second for the original, with which some cases would take hours.
func either(ours, original int) int {
	if reference {
		return original
	}
	return ours
}
