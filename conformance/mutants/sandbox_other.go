//go:build !linux

package main

import (
	"fmt"
	"os"
	"os/exec"
)

const insideArgument = "inside"

func confine(*exec.Cmd) {}

// inside refuses: code that is wrong on purpose is run only where it can do no harm.
func inside([]string) int {
	fmt.Fprintln(os.Stderr, "mutants: needs Linux, for a sandbox")
	return 125
}
