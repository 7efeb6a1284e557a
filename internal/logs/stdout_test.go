package logs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// mainLogPath makes the test binary write a line to a main log with a copy on its standard output, and nothing else.
const mainLogPath = "LOGS_TEST_MAIN_LOG"

func TestMain(m *testing.M) {
	path, ok := os.LookupEnv(mainLogPath)
	if !ok {
		os.Exit(m.Run())
	}
	log, err := OpenMain(MainOptions{Path: path, Level: api.Info, MaxBytes: 1, Backups: 1, Stdout: true})
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	log.Infof("one")
	log.Infof("two")
	log.Close()
	Flush(10 * time.Second)
}

func TestCopyOnStandardOutput(t *testing.T) {
	dir := t.TempDir()
	plain, toFile := filepath.Join(dir, "main.log"), filepath.Join(dir, "out")
	for _, c := range []struct {
		name, path string
		redirect   bool
	}{
		{"a file and a copy", plain, false},
		{"the file is the standard output, a pipe", "/dev/stdout", false},
		{"the file is the standard output, a file", "/dev/stdout", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), mainLogPath+"="+c.path)
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			if c.redirect {
				f, err := os.Create(toFile)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				cmd.Stdout = f
			}
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v: %s", err, out.String())
			}
			if b, err := os.ReadFile(toFile); c.redirect {
				out.Write(b)
				if err != nil {
					t.Error(err)
				}
			}
			got := out.String()
			if strings.Count(got, "INFO one\n") != 1 || strings.Count(got, "INFO two\n") != 1 {
				t.Errorf("got %q", got)
			}
		})
	}
	if b, err := os.ReadFile(plain + ".1"); err != nil || !strings.HasSuffix(string(b), "INFO two\n") {
		t.Errorf("the file did not rotate: %q, %v", b, err)
	}
}
