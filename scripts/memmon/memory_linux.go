package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// memoryOfAll reads /proc, which is there also where no ps is installed.
func memoryOfAll() (memories, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := memories{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil { // it has just gone
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

// parseStat reads /proc/PID/stat: "PID (name) state parent ...", the resident pages being field 24. The name may hold
// anything.
func parseStat(data []byte) (pid int, m memory, err error) {
	first, _, _ := bytes.Cut(data, []byte(" "))
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 22 {
		return 0, m, fmt.Errorf("%q is not what it should be", data)
	}
	var numbers [3]int64
	for i, field := range [][]byte{first, fields[1], fields[21]} {
		if numbers[i], err = strconv.ParseInt(string(field), 10, 64); err != nil {
			return 0, m, err
		}
	}
	return int(numbers[0]), memory{parent: int(numbers[1]), bytes: numbers[2] * int64(os.Getpagesize())}, nil
}
