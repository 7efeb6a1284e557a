package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// modules are the modules that supervisor-notify contains.
var modules = []string{
	"github.com/gosupervisor/supervisor",
	"github.com/hashicorp/go-envparse", // config
	"github.com/kolo/xmlrpc",           // childutils
	"github.com/netresearch/go-cron",   // config
	"github.com/spf13/pflag",
	"github.com/wneessen/go-mail",
	"golang.org/x/crypto", // config
	"golang.org/x/sys",
	"golang.org/x/text", // go-mail
}

// TestModules shows which modules the program contains, and that the daemon and supervisorctl contain none of its own.
func TestModules(t *testing.T) {
	if got := modulesOf(t, "."); !slices.Equal(got, modules) {
		t.Errorf("modules %q, want %q", got, modules)
	}
	own := []string{"github.com/gosupervisor/supervisor/internal/notify", "github.com/gosupervisor/supervisor/scripts/notify"}
	for _, program := range []string{"../../supervisord", "../../supervisorctl"} {
		if modules := modulesOf(t, program); slices.Contains(modules, "github.com/wneessen/go-mail") || slices.Contains(modules, "golang.org/x/text") {
			t.Errorf("%s contains %q", program, modules)
		}
		deps := list(t, "-deps", program)
		for _, name := range own {
			if slices.Contains(deps, name) {
				t.Errorf("%s contains %s", program, name)
			}
		}
	}
}

// modulesOf returns the modules of a program.
func modulesOf(t *testing.T, program string) []string {
	found := list(t, "-deps", "-f", `{{with .Module}}{{.Path}}{{end}}`, program)
	slices.Sort(found)
	return slices.Compact(found)
}

func list(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}
