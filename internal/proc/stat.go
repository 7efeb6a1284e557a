package proc

import (
	"bytes"
	"fmt"
)

// stat is a process: numbers of its file stat.
type stat struct {
	pid, parent, group int
	start              uint64 // when it began, in ticks since the system was started
	own, ended         uint64 // time of processors in ticks: its own, and that of children that have ended
	threads            int64
	pages              int64 // resident
	fds                int64 // open descriptors, as far as they have been read
}

// notRead is the value of what has not been read.
const notRead = -2

// The places of fields in stat, behind the name of the command, see proc_pid_stat(5).
const (
	parentField  = 1
	groupField   = 2
	userField    = 11 // and after it system time, and both of ended children
	threadsField = 17
	startField   = 19
	pagesField   = 21
)

// parseStat reads the file stat of a process. The name of the command may contain blanks and parentheses.
func parseStat(text []byte) (stat, error) {
	var fields [pagesField + 1]uint64
	rest := text[bytes.LastIndexByte(text, ')')+1:]
	for i := range fields {
		rest = bytes.TrimLeft(rest, " ")
		end := bytes.IndexByte(rest, ' ')
		if end < 0 {
			end = len(bytes.TrimRight(rest, "\n"))
		}
		ok := end > 0
		switch {
		case i == parentField, i == groupField, i >= userField && i < userField+4, i == threadsField, i == startField, i == pagesField:
			if ok {
				fields[i], ok = number(rest[:end])
			}
		}
		if !ok {
			return stat{}, fmt.Errorf("not a stat file: %q", text)
		}
		rest = rest[end:]
	}
	return stat{
		parent: int(fields[parentField]), group: int(fields[groupField]), start: fields[startField],
		own: fields[userField] + fields[userField+1], ended: fields[userField+2] + fields[userField+3],
		threads: int64(fields[threadsField]), pages: int64(fields[pagesField]), fds: notRead,
	}, nil
}

// number returns the value of decimal digits, which has less than 2^63. A negative number counts as 0: the kernel has such where the
// process has just ended.
func number(digits []byte) (n uint64, ok bool) {
	if len(digits) > 1 && digits[0] == '-' {
		_, ok = number(digits[1:])
		return 0, ok
	}
	for _, c := range digits {
		if c < '0' || c > '9' || n > (1<<63-1-9)/10 {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, len(digits) > 0
}

// parsePSS returns the proportional memory in the file smaps_rollup of a process, in bytes.
func parsePSS(text []byte) (n int64, ok bool) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "Pss:" && string(fields[2]) == "kB" {
			kB, ok := number(fields[1])
			return int64(min(kB, 1<<52)) << 10, ok
		}
	}
	return 0, false
}
