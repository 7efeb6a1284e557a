package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == childArgument {
		os.Exit(childMain(os.Args[2:]))
	}
	if len(os.Args) > 2 && os.Args[1] == bareArgument {
		os.Exit(bareMain(os.Args[2:]))
	}
	if len(os.Args) > 2 && os.Args[1] == proberArgument {
		os.Exit(proberMain(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{{"-only", "("}, {"-repeat", "0"}, {"-peers", "init"}, {"-peers", ""}, {"more"}, {"-nosuch"}} {
		if _, err := parse(args, &bytes.Buffer{}); err == nil {
			t.Errorf("parse(%q) succeeded", args)
		}
	}
}

func TestParseQuickIsOnce(t *testing.T) {
	set, err := parse([]string{"-quick", "-repeat", "9", "-reference", ""}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if set.repeat != 1 || set.reference != "" || !filepath.IsAbs(set.ours) {
		t.Errorf("settings %+v", set)
	}
}

func TestContenders(t *testing.T) {
	here := writeFile(t, "supervisord", 0o700)
	all, err := contenders(settings{ours: here}, "/baseline")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].who != ours || all[1].who != baseline {
		t.Errorf("contenders %+v, want ours and the baseline", all)
	}
	if want := filepath.Join(filepath.Dir(here), "supervisorctl"); all[0].ctl != want {
		t.Errorf("ctl %s, want %s", all[0].ctl, want)
	}
	for _, wrong := range []string{here + "-missing", filepath.Dir(here), writeFile(t, "not-executable", 0o600)} {
		_, err = contenders(settings{ours: wrong}, "")
		if err == nil || !strings.Contains(err.Error(), "cannot measure ours: ") || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestLaunchFails checks that a daemon that cannot be executed is an error that names it, and leaves nothing behind.
func TestLaunchFails(t *testing.T) {
	base := t.TempDir()
	wrong := writeFile(t, "supervisord", 0o700)
	turn := &turn{bench: &bench{base: base}, contender: contender{who: ours, daemon: wrong}}
	_, err := turn.launch(t.Context(), load{programs: 1})
	if err == nil || !strings.Contains(err.Error(), wrong) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// writeFile creates a file without content and returns its path.
func writeFile(t *testing.T, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, nil, mode); err != nil {
		t.Fatal(err)
	}
	return path
}
