package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// readMemory reads /proc, which needs no ps.
func readMemory() (memories, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := memories{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil { // it has ended meanwhile
			continue
		}
		pid, m, err := parseStat(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all[pid] = m
	}
	return all, nil
}

// parseStat parses /proc/PID/stat: "PID (name) state parent ...", where field 24 is the number of resident pages. The name
// may contain blanks and parentheses.
func parseStat(data []byte) (pid int, m memory, err error) {
	first, _, _ := bytes.Cut(data, []byte(" "))
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 22 {
		return 0, m, fmt.Errorf("%q has too few fields", data)
	}
	var numbers [3]int64
	for i, field := range [][]byte{first, fields[1], fields[21]} {
		if numbers[i], err = strconv.ParseInt(string(field), 10, 64); err != nil {
			return 0, m, err
		}
	}
	return int(numbers[0]), memory{parent: int(numbers[1]), bytes: numbers[2] * int64(os.Getpagesize())}, nil
}
