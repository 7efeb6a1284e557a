package main

import (
	"os"
	"testing"
)

// TestMemory finds this process and counts descendants, also if the parents form a cycle.
func TestMemory(t *testing.T) {
	all, err := readMemory()
	if err != nil {
		t.Fatal(err)
	}
	own, ok := all.of(os.Getpid(), false)
	if !ok || own < 1<<20 || own > 1<<32 || all[os.Getpid()].parent != os.Getppid() {
		t.Errorf("%d bytes, %t, %+v", own, ok, all[os.Getpid()])
	}
	m := memories{1: {0, 10}, 2: {1, 20}, 3: {2, 40}, 4: {2, 80}, 5: {9, 160}, 9: {5, 320}}
	for pid, want := range map[int]int64{1: 150, 2: 140, 3: 40, 5: 480} {
		if got, ok := m.of(pid, true); got != want || !ok {
			t.Errorf("%d: %d, want %d", pid, got, want)
		}
	}
	if _, ok := m.of(7, true); ok {
		t.Error("there is no 7")
	}
	for _, bad := range []string{"", "1 (x) S 2", "x (a b) c) S 1 " + "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5"} {
		if _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
