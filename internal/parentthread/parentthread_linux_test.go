package parentthread

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// heldVariable makes the test binary a program that takes over from another one, whose main thread is held, or an ordinary one.
const heldVariable = "PARENTTHREAD_HELD"

func init() {
	if role := os.Getenv(heldVariable); role != "" && role != "ordinary" {
		Hold()
	}
}

func TestMain(m *testing.M) {
	if role := os.Getenv(heldVariable); role != "" {
		Main(func() { held(role) })
		os.Stdout.WriteString(" end")
		return
	}
	os.Exit(m.Run())
}

// held writes whether there is the thread, and whether Do runs in the main thread.
func held(role string) {
	if role == "used" {
		Use()
	}
	if role != "kept" {
		Release()
	}
	exists := Exists()
	Do(func() {
		switch main := syscall.Gettid() == os.Getpid(); {
		case !exists: // any thread may be the one
			os.Stdout.WriteString("a thread")
		case main:
			os.Stdout.WriteString("main thread")
		default:
			os.Stdout.WriteString("another thread")
		}
	})
}

// What Do runs is always in one thread.
func TestDo(t *testing.T) {
	threads := map[int]bool{}
	for range 100 {
		Do(func() { threads[syscall.Gettid()] = true })
	}
	if len(threads) != 1 || !Exists() || !Used() {
		t.Errorf("threads %v, exists: %t, used: %t", threads, Exists(), Used())
	}
}

// In a program that takes over it is the main thread, unless that was released, which is without effect if it has children. In others it
// does not exist before its first use.
func TestHeld(t *testing.T) {
	for role, want := range map[string]string{"kept": "main thread end", "used": "main thread end", "released": "a thread end", "ordinary": "a thread end"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), heldVariable+"="+role)
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", role, got, err, want)
		}
	}
}
