package fleet_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gosupervisor/supervisor/"

// allowed are the packages of this module that a fleet may depend on: those with which any program uses supervisord from outside, and
// pure ones.
var allowed = []string{
	"internal/api", "internal/glob", "internal/ini", "internal/pyrepr", "internal/quit", "internal/safefile", "internal/sock",
	"internal/timezone", "internal/xmlrpc", "supervisorctl/client", "supervisord/childutils",
}

func isFleet(path string) bool {
	return strings.HasPrefix(path+"/", "internal/fleet/") || path == "scripts/fleet" || path == "scripts/fleethub"
}

// isEngine reports whether a package is of a module that only the programs of a fleet may contain.
func isEngine(path string) bool { return strings.HasPrefix(path, "github.com/nats-io/") }

// TestDependencies shows that the programs of a fleet do not contain the daemon, and that no other package contains anything of a fleet.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-C", "../..", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	fleets := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		path := strings.TrimPrefix(fields[0], module)
		if isFleet(path) {
			fleets++
		}
		for _, dep := range fields[1:] {
			inner, own := strings.CutPrefix(dep, module)
			switch {
			case isFleet(path) && own && !isFleet(inner) && !slices.Contains(allowed, inner):
				t.Errorf("%s depends on %s", path, inner)
			case !isFleet(path) && (own && isFleet(inner) || isEngine(dep)):
				t.Errorf("%s depends on %s", path, dep)
			}
		}
	}
	if fleets < 2 {
		t.Errorf("%d packages of a fleet: the list is wrong", fleets)
	}
}
