package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/notify"
)

// open opens a spool that must be usable.
func open(t *testing.T, dir string) (*spool, notify.State, []notify.Input) {
	t.Helper()
	s, state, inputs, err := openSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s, state, inputs
}

// temporary returns a directory below which only we can replace anything.
func temporary(t *testing.T) string {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSpool reads back what was written, also if the end of the journal or the state is damaged.
func TestSpool(t *testing.T) {
	dir := filepath.Join(temporary(t), "a", "spool")
	s, state, inputs := open(t, dir)
	if state.Inputs != 0 || inputs != nil {
		t.Errorf("a new spool has %+v, %v", state, inputs)
	}
	for n := range uint64(3) {
		if err := s.append(notify.Input{Number: n + 1, ID: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := openSpool(dir); !errors.Is(err, errInUse) {
		t.Errorf("a second process: %v", err)
	}
	s.close()
	journal, state0 := filepath.Join(dir, journalName), filepath.Join(dir, stateName)
	text, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(text) {
		if err := os.WriteFile(journal, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, _, inputs := open(t, dir)
		if want := strings.Count(string(text[:cut]), "\n"); len(inputs) != want {
			t.Errorf("of %d bytes %d inputs are read, want %d", cut, len(inputs), want)
		}
		if err := s.append(notify.Input{Number: 9}); err != nil {
			t.Error(err)
		}
		s.close()
		s, _, inputs = open(t, dir)
		if inputs[len(inputs)-1].Number != 9 {
			t.Errorf("after %d bytes the last input is %+v", cut, inputs[len(inputs)-1])
		}
		s.close()
	}
	s, _, _ = open(t, dir)
	if err := s.save(notify.State{Inputs: 7}); err != nil {
		t.Fatal(err)
	}
	s.close()
	s, state, inputs = open(t, dir)
	if state.Inputs != 7 || len(inputs) != 0 {
		t.Errorf("after save: %+v, %v", state, inputs)
	}
	s.close()
	if err := os.WriteFile(state0, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, state, _ = open(t, dir)
	if _, err := os.Stat(state0 + ".broken"); err != nil || state.Inputs != 0 {
		t.Errorf("a damaged state: %v, %+v", err, state)
	}
}

// TestSpoolIsPrivate refuses directories of others, and makes its own private.
func TestSpoolIsPrivate(t *testing.T) {
	dir := temporary(t)
	mine := filepath.Join(dir, "mine")
	if err := os.Mkdir(mine, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, mine)
	if info, err := os.Stat(mine); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	link, file := filepath.Join(dir, "link"), filepath.Join(dir, "file")
	if err := errors.Join(os.Symlink(mine, link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	refused := map[string]string{link: "not a directory", file: "not a directory", filepath.Join(file, "x"): "not a directory"}
	if os.Geteuid() == 0 {
		theirs := filepath.Join(dir, "theirs")
		below := filepath.Join(theirs, "x")
		if err := errors.Join(os.Mkdir(theirs, 0o755), os.Mkdir(below, 0o700), os.Chown(theirs, 1234, 1234)); err != nil {
			t.Fatal(err)
		}
		refused[theirs], refused[below] = "belongs to another user", "can replace it"
	}
	for path, want := range refused {
		if _, _, _, err := openSpool(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// TestDeadLetters keeps the last ones.
func TestDeadLetters(t *testing.T) {
	dir := temporary(t)
	s, _, _ := open(t, filepath.Join(dir, "spool"))
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range maxDead + 3 {
		if i == 7 { // another process has sent it
			if names, err := deadLetters(s.dir); err != nil || os.Remove(s.path(deadName, names[0])) != nil {
				t.Fatal(names, err)
			}
		}
		d := notify.Dead{Target: "ops", Message: notify.Message{ID: fmt.Sprint("msg_", i), Made: begin.Add(time.Duration(i) * time.Millisecond)}}
		if _, err := s.bury(d); err != nil {
			t.Fatal(err)
		}
	}
	names, err := deadLetters(s.dir)
	if err != nil || len(names) != maxDead || names[0] != "20260102T030405.003000000Z-msg_3.json" {
		t.Errorf("%d dead letters from %s on, %v", len(names), names[0], err)
	}
}
