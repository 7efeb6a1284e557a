// Package package_test holds the packages to what docs/packages.md says of them. It needs what the packages are built with,
// and for a part of it root and a Debian machine.
package package_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dist is where the packages are: `make package-test` says it. Without it nothing of this runs, since building them takes
// minutes on a machine that never did.
func dist(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PACKAGES")
	if dir == "" {
		t.Skip("PACKAGES does not say where the packages are; make package-test does")
	}
	return dir
}

// TestReproducible builds the packages from a copy of the tree in another place; they must be the same to the byte.
func TestReproducible(t *testing.T) {
	first := dist(t)
	tree, second := t.TempDir(), t.TempDir()
	// With what is not committed yet.
	copied := exec.Command("sh", "-c", "git ls-files -z --cached --others --exclude-standard | "+
		`while IFS= read -r -d "" f; do test ! -e "$f" || cp --parents "$f" "$0"; done`, tree)
	copied.Path, copied.Args[0] = "/bin/bash", "bash"
	copied.Dir = "../.."
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// A tree of its own, and not part of this one's history.
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "-m", "x"},
	} {
		if out, err := exec.Command("git", append([]string{"-C", tree}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	epoch, err := exec.Command("git", "-C", "../..", "log", "-1", "--format=%ct").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(tree, "scripts/package/build"), second, runtime.GOARCH)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strings.TrimSpace(string(epoch)), "COMPRESSION=gzip")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built, err := filepath.Glob(second + "/supervisor*")
	if err != nil || len(built) != 4 {
		t.Fatalf("%v, %v; want three packages and a list of what is in them", built, err)
	}
	for _, path := range built {
		again, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		once, err := os.ReadFile(filepath.Join(first, filepath.Base(path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, again) {
			t.Errorf("%s: two builds differ", filepath.Base(path))
		}
	}
}

// Files that only one kind of package has.
var own = map[string][]string{
	"deb": {"/etc/init.d", "/etc/init.d/supervisor", "/lib", "/lib/systemd", "/lib/systemd/system", "/lib/systemd/system/supervisor.service",
		"/usr/lib", "/usr/lib/tmpfiles.d", "/usr/lib/tmpfiles.d/supervisor.conf"},
	"rpm": {"/usr/lib", "/usr/lib/systemd", "/usr/lib/systemd/system", "/usr/lib/systemd/system/supervisor.service",
		"/usr/lib/tmpfiles.d", "/usr/lib/tmpfiles.d/supervisor.conf"},
	"apk": {"/etc/init.d", "/etc/init.d/supervisor"},
}

// TestContents unpacks the three kinds and compares what is in them: names, modes and bytes.
func TestContents(t *testing.T) {
	dir := dist(t)
	if _, err := exec.LookPath("bsdtar"); err != nil {
		t.Skip("bsdtar, which unpacks all kinds, is not installed")
	}
	for arch, names := range map[string][]string{"amd64": {"amd64", "x86_64", "x86_64"}, "arm64": {"arm64", "aarch64", "aarch64"}} {
		trees := map[string]map[string]string{}
		for i, kind := range []string{"deb", "rpm", "apk"} {
			found, err := filepath.Glob(filepath.Join(dir, "supervisor*"+names[i]+"."+kind))
			if err != nil || len(found) != 1 {
				t.Fatalf("%s for %s: %v, %v", kind, arch, found, err)
			}
			trees[kind] = contents(t, found[0], kind)
			for _, path := range own[kind] {
				if trees[kind][path] == "" && kind != "rpm" { // an RPM has no entries for directories that others own
					t.Errorf("%s for %s: no %s", kind, arch, path)
				}
				delete(trees[kind], path)
			}
		}
		for _, kind := range []string{"rpm", "apk"} {
			if diff := cmp.Diff(filesOnly(trees["deb"]), filesOnly(trees[kind])); diff != "" {
				t.Errorf("%s: deb and %s differ (-deb +%s):\n%s", arch, kind, kind, diff)
			}
		}
		if len(trees["deb"]) < 40 {
			t.Errorf("%s: only %d files", arch, len(trees["deb"]))
		}
	}
}

func filesOnly(tree map[string]string) map[string]string {
	files := map[string]string{}
	for path, what := range tree {
		if !strings.HasPrefix(what, "d") {
			files[path] = what
		}
	}
	return files
}

// contents are the files of a package by path: mode, size and a sum of their bytes, or where a link leads.
func contents(t *testing.T, path, kind string) map[string]string {
	t.Helper()
	to := t.TempDir()
	unpack := exec.Command("bsdtar", "-xpf", path, "-C", to)
	if kind == "deb" {
		unpack = exec.Command("dpkg-deb", "-x", path, to)
	}
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, out)
	}
	tree := map[string]string{}
	err := filepath.WalkDir(to, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, to)
		info, err := d.Info()
		if err != nil || name == "" || strings.HasPrefix(name, "/.") { // what an apk says about itself
			return err
		}
		what := info.Mode().String()
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(file)
			if err != nil {
				return err
			}
			what += " " + target
		}
		if info.Mode().IsRegular() {
			sum, err := exec.Command("sha256sum", file).Output()
			if err != nil {
				return err
			}
			what += fmt.Sprintf(" %d %.64s", info.Size(), sum)
		}
		tree[name] = what
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestDebian installs, upgrades, removes and purges the Debian package in a copy of this machine, one case after the other
// because the package manager of a machine is one.
func TestDebian(t *testing.T) {
	dir := dist(t)
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	if _, err := os.Stat("/var/lib/dpkg/info/supervisor.list"); err != nil {
		t.Skip("needs Debian's supervisor, which scripts/setup reference installs")
	}
	cases := []string{"fresh", "upgrade"}
	files, err := filepath.Glob("testdata/[a-z]*")
	if err != nil || len(files) != len(cases)+2 {
		t.Fatalf("%v, %v", files, err)
	}
	slices.Sort(cases)
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			file, err := filepath.Abs("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("testdata/sandbox", t.TempDir(), dir, file)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
