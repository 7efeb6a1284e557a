package upgrade

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestMainPackage compares with package debug/buildinfo, for stripped programs of 64 and 32 bits, and files that are
// none.
// covers: L12-f
func TestMainPackage(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "go.mod")
	if err := os.WriteFile(source, []byte("module example.com/other\n\ngo 1.26\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	paths := []string{"/bin/sh", source, dir, os.Args[0]}
	for _, arch := range []string{runtime.GOARCH, "386"} {
		path := filepath.Join(dir, arch)
		cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", path, ".")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		paths = append(paths, path)
	}
	for _, path := range paths {
		pkg, module, _ := mainPackage(path)
		var wantPackage, wantModule string
		if want, err := buildinfo.ReadFile(path); err == nil {
			wantPackage, wantModule = want.Path, want.Main.Path
		}
		if pkg != wantPackage || module != wantModule {
			t.Errorf("%s: %q, %q, want %q, %q", path, pkg, module, wantPackage, wantModule)
		}
	}
	if pkg, _, _ := mainPackage(filepath.Join(dir, "386")); pkg != "example.com/other" {
		t.Errorf("a program has the package %q", pkg)
	}
}

// FuzzBuildInfo reads arbitrary files: no text at most.
func FuzzBuildInfo(f *testing.F) {
	header := append([]byte("\x7fELF\x02\x01"), make([]byte, 58)...)
	header[32], header[54], header[56] = 64, 56, 1
	segment := make([]byte, 56)
	segment[0], segment[4], segment[8], segment[32] = 1, 6, 120, 120
	info := append([]byte(infoMagic+"\x08\x02"), make([]byte, 16)...)
	info = append(info, "\x01v\x2a"+"0123456789abcdefpath\tmain\n0123456789abcdef"...)
	f.Add(append(append(header, segment...), info...))
	f.Fuzz(func(_ *testing.T, text []byte) {
		buildInfo(bytes.NewReader(text))
		infoText(text)
	})
}
