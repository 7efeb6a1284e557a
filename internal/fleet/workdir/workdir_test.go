package workdir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	var taken *TakenError
	if !errors.As(err, &taken) || taken.PID != os.Getpid() {
		t.Errorf("a second time: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err = Open(path); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	_ = d.Close()
	if err := os.Chmod(path, 0o770); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(path); err == nil || !strings.Contains(err.Error(), "can be changed by other users") {
		t.Errorf("a directory of a group: %v", err)
	}
}
