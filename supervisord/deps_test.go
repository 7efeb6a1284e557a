package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestNoOtherWayToStart shows that nothing in the daemon can start a process but package child: os/exec would wait for its
// children itself, and race with the loop for how they ended.
func TestNoOtherWayToStart(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/gosupervisor/supervisor/internal/child") {
		t.Fatal("package child is not among the dependencies: the list is wrong")
	}
	if slices.Contains(deps, "os/exec") {
		t.Error("the daemon depends on os/exec")
	}
}
