package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestOthersStaySmall checks that the libraries of the screen are in no other program.
func TestOthersStaySmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../supervisord", "../../supervisorctl").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if strings.HasPrefix(dep, "charm.land/") || strings.HasPrefix(dep, "github.com/charmbracelet/") || strings.HasSuffix(dep, "/internal/screen\n") {
			t.Errorf("supervisord or supervisorctl contains %s", dep)
		}
	}
}
