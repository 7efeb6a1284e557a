package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/notify"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// spool is a directory with the state of the machine, a journal of the inputs since, and dead letters. A nil *spool keeps nothing.
type spool struct {
	dir     string
	lock    *os.File
	journal *os.File
	size    int64    // of the journal up to its last whole line
	stored  int64    // the size of the state
	dead    []string // the names of the dead letters, the oldest first; nil: not read yet
	broken  bool     // an input could not be written: the journal lacks it, and is not used before the state is written
}

const (
	stateName   = "state.json"
	journalName = "journal"
	lockName    = "lock"
	deadName    = "dead"

	// journalSize is the size at which the state is written anew.
	journalSize = 1 << 20
	// maxDead is the number of dead letters that are kept.
	maxDead = 1000
)

// errInUse means that another process has the spool.
var errInUse = errors.New("the spool is in use by another supervisor-notify: there can be one listener, with numprocs=1")

// openSpool opens or makes a spool, and returns the state and the inputs after it. Parts that cannot be read are put aside.
func openSpool(dir string) (s *spool, state notify.State, inputs []notify.Input, err error) {
	refused := func(err error) (*spool, notify.State, []notify.Input, error) {
		return nil, state, nil, fmt.Errorf("cannot use the spool %s: %w", dir, err)
	}
	if err := makePrivate(dir); err != nil {
		return refused(err)
	}
	s = &spool{dir: dir}
	if s.lock, err = os.OpenFile(s.path(lockName), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return refused(err)
	}
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = s.lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errInUse
		}
		return refused(err)
	}
	if state, err = s.readState(); err == nil {
		inputs, err = s.readJournal()
	}
	if err != nil {
		_ = s.lock.Close()
		return refused(err)
	}
	return s, state, inputs, nil
}

// makePrivate makes a directory that only we can use.
func makePrivate(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("it is not a directory")
	case int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid():
		return errors.New("it belongs to another user")
	case os.Geteuid() == 0 && !safefile.IsProtected(dir):
		return errors.New("users other than root can replace it")
	case info.Mode().Perm() != 0o700:
		return os.Chmod(dir, 0o700)
	}
	return nil
}

func (s *spool) path(names ...string) string {
	return filepath.Join(append([]string{s.dir}, names...)...)
}

// readState returns the stored state, the zero one if there is none.
func (s *spool) readState() (state notify.State, err error) {
	text, err := os.ReadFile(s.path(stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err == nil && json.Unmarshal(text, &state) != nil {
		logf("the state in the spool cannot be read, and is now %s.broken", stateName)
		return notify.State{}, os.Rename(s.path(stateName), s.path(stateName+".broken"))
	}
	s.stored = int64(len(text))
	return state, err
}

// readJournal returns the inputs of the journal, and opens it for more. The last line may be a part of one.
func (s *spool) readJournal() (inputs []notify.Input, err error) {
	s.journal, err = os.OpenFile(s.path(journalName), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(s.journal)
	if err != nil {
		return nil, err
	}
	unreadable := 0
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			break
		}
		var in notify.Input
		if json.Unmarshal(line, &in) == nil {
			inputs = append(inputs, in)
		} else {
			unreadable++
		}
		s.size += int64(len(line)) + 1
		text = rest
	}
	if unreadable > 0 {
		logf("%d lines of the journal in the spool cannot be read", unreadable)
	}
	return inputs, s.journal.Truncate(s.size)
}

// append writes an input to the journal.
func (s *spool) append(in notify.Input) error {
	line, err := json.Marshal(in)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err = s.journal.Write(line); err != nil {
		_ = s.journal.Truncate(s.size)
		s.broken = true
		return err
	}
	s.size += int64(len(line))
	return nil
}

// save writes the state, after which the journal begins anew.
func (s *spool) save(state notify.State) error {
	text, err := json.Marshal(state)
	if err == nil {
		err = replaceFile(s.path(stateName), text, true)
	}
	if err == nil {
		err = s.journal.Truncate(0)
	}
	if err != nil {
		s.broken = true
		return err
	}
	s.size, s.stored, s.broken = 0, int64(len(text)), false
	return nil
}

// isLong reports whether the journal is so long that the state should be written.
func (s *spool) isLong() bool { return s.size > journalSize+s.stored }

// replaceFile writes a file whose name never leads to a part of it; with sync, not even after a failure of power.
func replaceFile(path string, text []byte, sync bool) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if sync {
		err = errors.Join(err, f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		_ = os.Remove(path + ".new")
	}
	return err
}

// bury keeps a message that will not be delivered. The oldest of too many are removed.
func (s *spool) bury(d notify.Dead) (path string, err error) {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(s.path(deadName), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if s.dead == nil {
		if s.dead, err = deadLetters(s.dir); err != nil {
			return "", err
		}
	}
	name := d.Message.Made.UTC().Format("20060102T150405.000000000Z") + "-" + d.Message.ID + ".json"
	path = s.path(deadName, name)
	if err := replaceFile(path, text, false); err != nil {
		return "", err
	}
	if at, known := slices.BinarySearch(s.dead, name); !known {
		s.dead = slices.Insert(s.dead, at, name)
	}
	for len(s.dead) > maxDead {
		if e := os.Remove(s.path(deadName, s.dead[0])); !errors.Is(e, fs.ErrNotExist) { // it may have been sent again
			err = errors.Join(err, e)
		}
		s.dead = s.dead[1:]
	}
	return path, err
}

// deadLetters returns the names of the dead letters of a spool, the oldest first.
func deadLetters(dir string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, deadName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// close gives the spool to the next process.
func (s *spool) close() { _ = errors.Join(s.journal.Close(), s.lock.Close()) }
