//go:build !linux

package main

import (
	"fmt"
	"os"
	"os/exec"
)

const insideArgument = "inside"

func confine(*exec.Cmd) {}

// inside fails: code that is wrong on purpose runs only in a sandbox.
func inside([]string) int {
	fmt.Fprintln(os.Stderr, "mutants: the sandbox needs Linux")
	return 125
}
