package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPackagesHaveAreas checks that each package of the programs is in one area, or that there is a reason why it is in none, and that
// the tables name no others.
func TestPackagesHaveAreas(t *testing.T) {
	t.Chdir("../..")
	count := map[string]int{}
	for _, a := range areas {
		for _, p := range a.packages {
			count[p]++
		}
	}
	for p := range unchanged {
		count[p]++
	}
	for _, p := range packages(t, "internal", "supervisord", "supervisorctl") {
		if count[p] != 1 {
			t.Errorf("package %s is %d times in the tables, not once", p, count[p])
		}
		delete(count, p)
	}
	for p := range count {
		t.Errorf("there is no package %s", p)
	}
}

// packages returns the directories below others that have Go files beside those of tests.
func packages(t *testing.T, below ...string) (found []string) {
	t.Helper()
	for _, top := range below {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			dir := filepath.Dir(path)
			if d.IsDir() && d.Name() == "testdata" {
				return fs.SkipDir
			}
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !slices.Contains(found, dir) {
				found = append(found, dir)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestScriptsHaveAreas checks that each area of scripts belongs to an area, and that no expression names one that does not exist.
func TestScriptsHaveAreas(t *testing.T) {
	entries, err := os.ReadDir("../scripts")
	if err != nil {
		t.Fatal(err)
	}
	exist := map[string]bool{}
	for _, e := range entries {
		exist[e.Name()] = true
		if !slices.ContainsFunc(areas, func(a *area) bool { return regexp.MustCompile("^(" + a.scripts + ")$").MatchString(e.Name()) }) {
			t.Errorf("the scripts of %s belong to no area", e.Name())
		}
	}
	for _, a := range areas {
		for name := range strings.SplitSeq(a.scripts, "|") {
			if !exist[name] {
				t.Errorf("%s: there are no scripts of %s", a.name, name)
			}
		}
	}
}
