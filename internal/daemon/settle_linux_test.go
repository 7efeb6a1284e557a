package daemon

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// resident is how many kB of our executable are in our memory, by the rights of the mapping.
func resident(t *testing.T) map[string]int {
	t.Helper()
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found, rights := map[string]int{}, ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if words := strings.Fields(line); len(words) > 1 && len(words[1]) == 4 && strings.Contains(words[0], "-") {
			rights = ""
			if strings.HasSuffix(line, exe) {
				rights = words[1]
			}
		}
		var kb int
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kb); n == 1 && rights != "" {
			found[rights] += kb
		}
	}
	return found
}

// TestSettle lets go of what the executable brought into memory, code and constants; what is needed comes back.
func TestSettle(t *testing.T) {
	advise(unix.MADV_POPULATE_READ)
	before := resident(t)
	Settle()
	after := resident(t)
	for _, rights := range []string{"r--p", "r-xp"} {
		if after[rights] > before[rights]-200 {
			t.Errorf("%s: %d kB before, %d kB after", rights, before[rights], after[rights])
		}
	}
}
