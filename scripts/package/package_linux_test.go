// Package package_test checks that the packages are as docs/packages.md says. It needs the tools that build them, and for some tests
// root and a Debian machine.
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
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dist returns the directory of the packages, which `make package-test` sets. Without it the tests are skipped, since building the
// packages takes minutes.
func dist(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PACKAGES")
	if dir == "" {
		t.Skip("PACKAGES is not set to the directory of the packages; make package-test sets it")
	}
	return dir
}

// TestReproducible builds the packages from a copy of the tree in another directory. They must have the same bytes.
func TestReproducible(t *testing.T) {
	first := dist(t)
	tree, second := t.TempDir(), t.TempDir()
	// Including uncommitted files.
	copied := exec.Command("sh", "-c", "git ls-files -z --cached --others --exclude-standard | "+
		`while IFS= read -r -d "" f; do test ! -e "$f" || cp --parents "$f" "$0"; done`, tree)
	copied.Path, copied.Args[0] = "/bin/bash", "bash"
	copied.Dir = "../.."
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// A repository of its own, so that its history differs.
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
		t.Fatalf("%v, %v; want three packages and an SBOM", built, err)
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

// own are the files of only one kind of package.
var own = map[string][]string{
	"deb": {"/etc/init.d", "/etc/init.d/supervisor", "/lib", "/lib/systemd", "/lib/systemd/system", "/lib/systemd/system/supervisor.service",
		"/usr/lib", "/usr/lib/tmpfiles.d", "/usr/lib/tmpfiles.d/supervisor.conf"},
	"rpm": {"/usr/lib", "/usr/lib/systemd", "/usr/lib/systemd/system", "/usr/lib/systemd/system/supervisor.service",
		"/usr/lib/tmpfiles.d", "/usr/lib/tmpfiles.d/supervisor.conf"},
	"apk": {"/etc/init.d", "/etc/init.d/supervisor"},
}

// TestContents unpacks the three kinds and compares the names, modes and bytes of their files.
func TestContents(t *testing.T) {
	dir := dist(t)
	if _, err := exec.LookPath("bsdtar"); err != nil {
		t.Skip("bsdtar, which unpacks all kinds, is not installed")
	}
	for _, arch := range []string{"amd64", "arm64"} {
		trees := map[string]map[string]string{}
		for kind := range architectures {
			trees[kind] = contents(t, find(t, dir, kind, arch), kind)
			for _, path := range own[kind] {
				if trees[kind][path] == "" && kind != "rpm" { // an RPM has no entries for directories of other packages
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

// contents returns the files of a package by path: mode, size and checksum, or the target of a link.
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
		if err != nil || name == "" || strings.HasPrefix(name, "/.") { // the metadata of an apk
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

// TestDebian installs, upgrades, removes and purges the Debian package in a copy of this machine, one case after the other, since
// dpkg locks its database.
// covers: L12-j
func TestDebian(t *testing.T) {
	dir := dist(t)
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	if _, err := os.Stat("/var/lib/dpkg/info/supervisor.list"); err != nil {
		t.Skip("needs Debian's supervisor, which scripts/setup reference installs")
	}
	cases := []string{"fresh", "upgrade", "versions"}
	files, err := filepath.Glob("testdata/[a-z]*")
	if err != nil || len(files) != len(cases)+3 { // and the programs around them
		t.Fatalf("%v, %v", files, err)
	}
	slices.Sort(cases)
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			file, err := filepath.Abs("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			args := []string{t.TempDir(), dir, file}
			if name == "versions" {
				args = append(args, nextPackages(t))
			}
			cmd := exec.Command("testdata/sandbox", args...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// next is the directory of the packages of the version after this one, which it builds.
var next = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "next"); err != nil {
		return "", err
	}
	cmd := exec.Command("./build", dir, runtime.GOARCH)
	cmd.Env = append(os.Environ(), "VERSION=5.0.1", "COMPRESSION=gzip")
	if out, err := cmd.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if built {
		dir, _ := next()
		os.RemoveAll(dir)
	}
	os.Exit(status)
}

var built bool

// nextPackages returns the directory of next.
func nextPackages(t *testing.T) string {
	t.Helper()
	built = true
	dir, err := next()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// architectures are the names that packages have for one, by kind.
var architectures = map[string]map[string]string{
	"deb": {"amd64": "amd64", "arm64": "arm64"},
	"rpm": {"amd64": "x86_64", "arm64": "aarch64"},
	"apk": {"amd64": "x86_64", "arm64": "aarch64"},
}

// find returns the package of a kind in a directory.
func find(t *testing.T, dir, kind, arch string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "supervisor*"+architectures[kind][arch]+"."+kind))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s for %s: %v, %v", kind, arch, found, err)
	}
	return found[0]
}

// TestRoots installs, upgrades and removes RPM and Alpine packages in roots of their own, with a supervisord that runs.
// covers: L12-j
func TestRoots(t *testing.T) {
	dir := dist(t)
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	for kind, needs := range map[string][]string{"rpm": {"busybox", "rpm"}, "apk": {"busybox", "bsdtar"}} {
		t.Run(kind, func(t *testing.T) {
			for _, program := range needs {
				if _, err := exec.LookPath(program); err != nil {
					t.Skip("there is no " + program + ", which scripts/setup roots installs")
				}
			}
			cmd := exec.Command("testdata/root", t.TempDir(), kind, find(t, dir, kind, runtime.GOARCH), find(t, nextPackages(t), kind, runtime.GOARCH))
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
