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
	here := filepath.Join(t.TempDir(), "supervisord")
	if err := os.WriteFile(here, nil, 0o700); err != nil {
		t.Fatal(err)
	}
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
	_, err = contenders(settings{ours: here + "-missing"}, "")
	if err == nil || !strings.Contains(err.Error(), "cannot measure ours") {
		t.Errorf("a missing daemon: %v", err)
	}
}
