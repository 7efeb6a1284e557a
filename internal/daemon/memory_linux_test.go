package daemon

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// resident returns how many kB of our executable are in memory, by the permissions of the mapping.
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
	found, permissions := map[string]int{}, ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if words := strings.Fields(line); len(words) > 1 && len(words[1]) == 4 && strings.Contains(words[0], "-") {
			permissions = ""
			if strings.HasSuffix(line, exe) {
				permissions = words[1]
			}
		}
		var kb int
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kb); n == 1 && permissions != "" {
			found[permissions] += kb
		}
	}
	return found
}

// TestReleasePages shows that pages of the executable, code and constants, leave memory.
func TestReleasePages(t *testing.T) {
	advise(unix.MADV_POPULATE_READ)
	before := resident(t)
	releasePages()
	after := resident(t)
	for _, permissions := range []string{"r--p", "r-xp"} {
		if after[permissions] > before[permissions]-200 {
			t.Errorf("%s: %d kB before, %d kB after", permissions, before[permissions], after[permissions])
		}
	}
}
