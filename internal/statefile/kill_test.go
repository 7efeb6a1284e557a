package statefile

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// writes makes changes until the process is killed, and prints a line when each is on disk.
func writes(path string) {
	f := New()
	f.Open(path, func(format string, args ...any) { fmt.Printf(format+"\n", args...); os.Exit(1) })
	for i := 0; ; i++ {
		c := Change{Disable: []string{fmt.Sprint("program", i%500)}}
		if i%1000 >= 500 {
			c = Change{Enable: c.Disable}
		}
		if err := <-f.Apply(c); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ok")
	}
}

func TestMain(m *testing.M) {
	if path := os.Getenv("STATEFILE_WRITES"); path != "" {
		writes(path)
	}
	os.Exit(m.Run())
}

// TestKilled kills a process a hundred times while it writes the file: the file is whole each time, and can be read.
// covers: L10-g
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for i := range 100 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "STATEFILE_WRITES="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 1 + i%7 {
			if !lines.Scan() || lines.Text() != "ok" {
				t.Fatalf("%q", lines.Text())
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		if d, err := readFile(path); err != nil || len(d.Disabled) == 0 {
			t.Fatalf("%d: %+v, %v", i, d, err)
		}
	}
}
