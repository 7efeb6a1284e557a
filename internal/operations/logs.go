package operations

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// ReadLog reads a part of a log of a process; see logs.Read.
func (s *Service) ReadLog(name string, channel api.Channel, offset, length int64) ([]byte, error) {
	path, err := s.logPath(name, channel)
	if err != nil {
		return nil, err
	}
	return readLog(path, offset, length)
}

// TailLog reads the end of a log of a process; see logs.Tail. A log that does not exist or cannot be read has no data and is
// not an error. Source: tailProcessStdoutLog.
func (s *Service) TailLog(name string, channel api.Channel, offset, length int64) (data []byte, next int64, overflow bool, err error) {
	path, err := s.logPath(name, channel)
	if err != nil || path == "" {
		return nil, 0, false, err
	}
	if data, next, overflow, err = logs.Tail(path, offset, length); err != nil {
		return nil, offset, false, nil
	}
	return data, next, overflow, nil
}

// LogPath returns the path of a log of a process; false if there is none. It works during a shutdown too.
func (s *Service) LogPath(name string, channel api.Channel) (path string, ok bool) {
	_ = s.sup.Read(func(v supervisor.View) {
		if p, err := Find(v, name); err == nil {
			path = p.Logfile(channel)
		}
	})
	return path, path != ""
}

// logPath returns the path of a log of a process, empty if it has none.
func (s *Service) logPath(name string, channel api.Channel) (path string, err error) {
	err = s.Read(func(v supervisor.View) error {
		p, err := Find(v, name)
		if err == nil {
			path = p.Logfile(channel)
		}
		return err
	})
	return path, err
}

// ReadMainLog reads a part of the main log; see logs.Read.
func (s *Service) ReadMainLog(offset, length int64) ([]byte, error) {
	if err := s.CheckRunning(); err != nil {
		return nil, err
	}
	return readLog(s.Log().Path(), offset, length)
}

// ClearMainLog empties the main log.
func (s *Service) ClearMainLog() error {
	if err := s.CheckRunning(); err != nil {
		return err
	}
	log := s.Log()
	if _, err := os.Stat(log.Path()); err != nil {
		return api.NewFault(api.NoFile, "")
	}
	log.Infof("reopening log file")
	if err := log.Clear(); err != nil {
		return Failed(err)
	}
	return nil
}

// readLog is logs.Read with faults.
func readLog(path string, offset, length int64) ([]byte, error) {
	if path == "" {
		return nil, api.NewFault(api.NoFile, "")
	}
	data, err := logs.Read(path, offset, length)
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, logs.ErrArguments):
		return nil, api.NewFault(api.BadArguments, "")
	case errors.Is(err, fs.ErrNotExist):
		return nil, api.NewFault(api.NoFile, path)
	}
	return nil, api.NewFault(api.Failed, "") // without the reason, as the original
}
