package spool

import (
	"errors"
	"os"
	"time"
)

// soon has what was written on disk within a second.
func (s *Spool) soon() {
	if len(s.unsynced) == 0 || s.unsynced[len(s.unsynced)-1] != s.file {
		s.unsynced = append(s.unsynced, s.file)
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(syncAfter, func() { _ = s.Sync() })
	}
}

// retire closes the last segment once it is on disk.
func (s *Spool) retire() {
	if s.file == nil {
		return
	}
	if len(s.unsynced) == 0 || s.unsynced[len(s.unsynced)-1] != s.file {
		_ = s.file.Close()
	}
	s.file = nil
}

// Sync returns when what was written is on disk. It holds no lock while it waits for the disk.
func (s *Spool) Sync() (err error) {
	s.mu.Lock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	files, current := s.unsynced, s.file
	s.unsynced = nil
	s.mu.Unlock()
	for _, f := range files {
		err = errors.Join(err, syncData(f))
		if f != current {
			_ = f.Close()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !errors.Is(err, os.ErrClosed) {
		s.syncErr = err
	}
	return err
}

// SyncError returns the last error of writing to disk, once.
func (s *Spool) SyncError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.syncErr
	s.syncErr = nil
	return err
}
