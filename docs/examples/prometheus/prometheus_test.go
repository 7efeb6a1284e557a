// Package prometheus_test checks the examples for Prometheus and Grafana: promtool judges rules and expressions, and each metric that they
// name is one of supervisord.
package prometheus_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/metrics"
)

// promtool runs promtool in a directory, or skips the test.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("there is no promtool; scripts/setup prometheus installs it")
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestRules(t *testing.T) {
	promtool(t, ".", "check", "rules", "supervisor.rules.yml", "node-exporter.rules.yml")
	promtool(t, ".", "test", "rules", "supervisor.rules_test.yml")
}

// TestConfiguration checks the scrape configuration without the files of its credentials.
func TestConfiguration(t *testing.T) {
	promtool(t, ".", "check", "config", "--syntax-only", "prometheus.yml")
}

// panel is what a panel of a dashboard asks for.
type panel struct {
	Title   string `json:"title"`
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

// TestDashboard has promtool read each expression of the dashboard, as Grafana sends it.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels     []panel `json:"panels"`
		Templating struct {
			List []struct {
				Name       string `json:"name"`
				Definition string `json:"definition"`
			} `json:"list"`
		} `json:"templating"`
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	sent := strings.NewReplacer("$job", "supervisor", "$instance", "a:1|b:1", "$group", ".*", "$__rate_interval", "1m0s")
	var exprs []string
	add := func(where, expr string) {
		if expr = sent.Replace(expr); strings.Contains(expr, "$") {
			t.Errorf("%s: a variable is left in %s", where, expr)
		}
		exprs = append(exprs, expr)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			add(p.Title, target.Expr)
		}
	}
	variables := map[string]bool{}
	for _, v := range dashboard.Templating.List {
		variables[v.Name] = true
		if expr, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			expr, _, _ = strings.Cut(strings.TrimSuffix(expr, ")"), ", "+v.Name)
			add(v.Name, expr)
		}
	}
	if len(exprs) < 20 || !variables["job"] || !variables["instance"] || !variables["group"] {
		t.Fatalf("only %d expressions, variables %v", len(exprs), variables)
	}
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for i, expr := range exprs {
		quoted, err := json.Marshal(expr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&rules, "  - record: expression%d\n    expr: %s\n", i, quoted)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, "check", "rules", "rules.yml")
}

// TestNames finds each metric that the examples name in the table of supervisord.
func TestNames(t *testing.T) {
	known := map[string]bool{}
	for _, f := range metrics.Families {
		known[f.Name] = true
	}
	name := regexp.MustCompile(`\b(?:supervisor|process)_[a-z_]+\b`)
	for _, file := range []string{"supervisor.rules.yml", "supervisor.rules_test.yml", "node-exporter.rules.yml", "grafana-dashboard.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range name.FindAllString(string(text), -1) {
			if !known[found] {
				t.Errorf("%s: supervisord has no metric %s", file, found)
			}
		}
	}
}
