package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "10000": 10000, "1kb": 1 << 10, "200MB": 200 << 20, "3 Gb": 3 << 30} {
		if got, err := Bytes(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "2m": 2 * time.Minute, "1H": time.Hour,
		"1d": 24 * time.Hour, "5s": 5 * time.Second} {
		if got, err := Seconds(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "MB", "x", "-1", "1TB", "9999999999GB", "1.5MB"} {
		if n, err := Bytes(bad); err == nil {
			t.Errorf("%s: %d", bad, n)
		}
	}
}

func TestNames(t *testing.T) {
	list := []string{"a", "g:b"}
	for _, c := range []struct {
		group, name string
		want        bool
	}{{"a", "a", true}, {"x", "a", true}, {"g", "b", true}, {"b", "b", false}, {"g", "c", false}} {
		if got := Named(list, c.group, c.name); got != c.want {
			t.Errorf("%s:%s: %t", c.group, c.name, got)
		}
	}
	if a, b := Namespec("a", "a"), Namespec("g", "a"); a != "a" || b != "g:a" {
		t.Errorf("%s, %s", a, b)
	}
}

// TestSend shows what the command is given, and that no text can add a header.
func TestSend(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail")
	m := Mailer{To: "a@b\nBcc: x@y", Command: "cat >" + file + "; echo said"}
	m.Send("s\r\nX: y", "text\n")
	got, err := os.ReadFile(file)
	if want := "To: a@b Bcc: x@y\nSubject: s  X: y\n\ntext\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if err := Pipe("exit 3", ""); err == nil {
		t.Error("a command that fails is no error")
	}
	(&Mailer{Command: "echo >>" + file}).Send("to nobody", "")
	if again, _ := os.ReadFile(file); string(again) != string(got) {
		t.Error("something was sent to nobody")
	}
}
