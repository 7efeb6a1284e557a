package freeport

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestGet lets several processes ask for more ports than are in a block: none is returned twice, and each can be listened on.
func TestGet(t *testing.T) {
	if os.Getenv("FREEPORT_COUNT") != "" {
		var all []string
		for range size + 10 {
			port, err := Get()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, strconv.Itoa(port))
		}
		os.Stdout.WriteString("ports " + strings.Join(all, " ") + "\n")
		var wait [1]byte
		_, _ = os.Stdin.Read(wait[:]) // the parent keeps all processes until it has the answers of all
		return
	}
	seen := map[string]bool{}
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestGet$")
		cmd.Env = append(os.Environ(), "FREEPORT_COUNT=1")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer in.Close()
		var text strings.Builder
		for buffer := make([]byte, 4096); !strings.Contains(text.String(), "\n"); {
			n, err := out.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(buffer[:n])
		}
		list := strings.Fields(text.String())[1:]
		if len(list) != size+10 {
			t.Fatalf("%d ports", len(list))
		}
		for _, port := range list {
			if seen[port] {
				t.Errorf("port %s was returned twice", port)
			}
			seen[port] = true
			n, err := strconv.Atoi(port)
			if err != nil || n <= first || n > last {
				t.Fatalf("port %q, %v", port, err)
			}
			l, err := listen("127.0.0.1", n)
			if err != nil {
				t.Error(err)
				continue
			}
			l.Close()
		}
	}
}
