package ctl

import (
	"os"
	"strings"
)

// history is the lines that were typed in this session and before. Errors of its file are ignored. Source: history_file.
type history struct {
	file   string // empty: none
	before []string
	typed  []string
}

// openHistory reads the file.
func openHistory(file string) *history {
	h := &history{file: file}
	if file == "" {
		return h
	}
	text, err := os.ReadFile(file)
	if err == nil && len(text) > 0 {
		h.before = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	return h
}

// add adds a line and returns true, unless it is empty or the same as the last one.
func (h *history) add(line string) bool {
	last := ""
	if n := len(h.typed); n > 0 {
		last = h.typed[n-1]
	} else if n := len(h.before); n > 0 {
		last = h.before[n-1]
	}
	if line == "" || line == last {
		return false
	}
	h.typed = append(h.typed, line)
	return true
}

// save appends the new lines to the file, which other sessions may have appended to.
func (h *history) save() {
	if h.file == "" || len(h.typed) == 0 {
		return
	}
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteString(strings.Join(h.typed, "\n") + "\n")
}
