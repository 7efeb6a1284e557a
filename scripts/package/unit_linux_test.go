package package_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	boolean = `yes|no`
	mode    = `0[0-7]{3}`
)

// directives are those that the unit and the drop-in use, by section, with the form of their values.
var directives = map[string]map[string]string{
	"Unit": {"Description": `.+`, "Documentation": `(man:[a-z.]+\([0-9]\) ?)+`, "After": `[a-z-]+\.target`},
	"Service": {
		"Type": `notify`, "ExecStart": `/.+`, "ExecReload": `/.+`, "KillMode": `process|mixed`, "TimeoutStopSec": `infinity|[0-9]+s?`,
		"Restart": `on-failure`, "RestartSec": `[0-9]+s`, "OOMPolicy": `continue`, "TasksMax": `infinity|[0-9]+`,
		"LimitNOFILE": `[0-9]+:[0-9]+`, "UMask": mode, "Delegate": boolean,
		"DelegateSubgroup": `[a-z]+`,
		"NoNewPrivileges":  boolean, "RestrictSUIDSGID": boolean, "ProtectSystem": `strict|full|yes|no`, "ReadWritePaths": `(/[a-z/]+ ?)+`,
		"ProtectHome": `yes|no|read-only|tmpfs`, "PrivateTmp": boolean, "ProtectKernelTunables": boolean, "ProtectKernelModules": boolean,
		"ProtectKernelLogs": boolean, "ProtectHostname": boolean, "ProtectClock": boolean, "RestrictRealtime": boolean,
		"LockPersonality": boolean, "SystemCallArchitectures": `native`,
	},
	"Install": {"WantedBy": `[a-z-]+\.target`, "Alias": `[a-z]+\.service`},
}

// parseUnit returns the directives of the files, later ones replacing earlier ones, and complains about unknown ones.
func parseUnit(t *testing.T, files ...string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		section := ""
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if name, ok := strings.CutPrefix(line, "["); ok {
				section = strings.TrimSuffix(name, "]")
				continue
			}
			name, value, _ := strings.Cut(line, "=")
			form, ok := directives[section][name]
			if !ok || !regexp.MustCompile(`^(`+form+`)$`).MatchString(value) {
				t.Errorf("%s: [%s] %s: unknown, or not of the form %s", file, section, line, form)
			}
			values[name] = value
		}
	}
	return values
}

// TestUnit checks the unit and the drop-in: systemd accepts them where it is installed, and elsewhere they have known directives.
func TestUnit(t *testing.T) {
	values := parseUnit(t, "supervisor.service", "hardened.conf")
	for name, want := range map[string]string{"OOMPolicy": "continue", "TasksMax": "infinity", "KillMode": "process", "NoNewPrivileges": "yes"} {
		if values[name] != want {
			t.Errorf("%s=%s, want %s", name, values[name], want)
		}
	}
	// The paths of the packaged configuration must be writable.
	configured, err := os.ReadFile("supervisord.conf")
	if err != nil {
		t.Fatal(err)
	}
	writable := strings.Fields(values["ReadWritePaths"])
	for _, match := range regexp.MustCompile(`(?m)^(?:file|logfile|pidfile|childlogdir)=(.*)$`).FindAllSubmatch(configured, -1) {
		inside := false
		for _, dir := range writable {
			inside = inside || strings.HasPrefix(string(match[1])+"/", dir+"/")
		}
		if !inside {
			t.Errorf("ReadWritePaths=%s lacks %s", values["ReadWritePaths"], match[1])
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd is not installed: the directives were compared with a list only")
	}
	verify(t)
}

// verify has systemd check both files.
func verify(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	unit, err := os.ReadFile("supervisor.service")
	if err != nil {
		t.Fatal(err)
	}
	// The program that the unit starts may not be installed.
	unit = bytes.Replace(unit, []byte("ExecStart=/usr/bin/supervisord"), []byte("ExecStart=/bin/sh"), 1)
	dropIn, err := os.ReadFile("hardened.conf")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"supervisor.service": unit, "supervisor.service.d/hardened.conf": dropIn} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("systemd-analyze", "verify", "--man=no", "supervisor.service")
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
	out, err := cmd.CombinedOutput()
	// systemd before 254 does not know it, and says so, without harm: docs/howto-cgroup.md.
	text := regexp.MustCompile(`(?m)^.*: Unknown key (name )?'DelegateSubgroup' in section '?\[?Service\]?'?, ignoring\.\n`).ReplaceAllString(string(out), "")
	if err != nil || text != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, text)
	}
	// In tenths; without the drop-in it is 96.
	cmd = exec.Command("systemd-analyze", "security", "--offline=yes", "--threshold=75", filepath.Join(dir, "supervisor.service"))
	out, err = cmd.CombinedOutput()
	if bytes.Contains(out, []byte("unrecognized option")) {
		t.Log("this systemd-analyze cannot tell how exposed a unit is that is not installed")
	} else if err != nil {
		t.Errorf("the drop-in leaves too much: %v\n%s", err, out)
	}
}
