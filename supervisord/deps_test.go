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

// modules are the modules that the daemon contains, and the package that uses each.
var modules = map[string]string{
	"github.com/coreos/go-systemd/v22":   "", // one of its packages
	"github.com/fsnotify/fsnotify":       "filewatch",
	"github.com/hashicorp/go-envparse":   "envfile",
	"github.com/klauspost/compress":      "logs",
	"github.com/netresearch/go-cron":     "schedule",
	"golang.org/x/crypto":                "", // some of its packages
	"golang.org/x/sys":                   "", // many of ours use it
	"gopkg.in/ini.v1":                    "inifile",
	"github.com/gosupervisor/supervisor": "",
}

// TestModules shows which modules the daemon contains, and that each but x/sys is used by one package only.
func TestModules(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{.Path}} {{$.ImportPath}} {{join $.Imports " "}}{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		module, importer, imports := fields[0], fields[1], fields[2:]
		if _, ok := modules[module]; !ok {
			t.Errorf("module %s is not in the list", module)
		}
		found[module] = true
		for used, by := range modules {
			if by != "" && module != used && slices.Contains(imports, used) && !strings.HasSuffix(importer, "/internal/"+by) {
				t.Errorf("%s is used by %s", used, importer)
			}
		}
	}
	for module := range modules {
		if !found[module] {
			t.Errorf("module %s is in the list and not in the daemon", module)
		}
	}
}
