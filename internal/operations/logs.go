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
	log, err := s.logOf(name, channel)
	if err != nil {
		return nil, err
	}
	return readLog(log, offset, length)
}

// TailLog reads the end of a log of a process; see logs.Tail. A log that does not exist or cannot be read has no data and is
// not an error. Source: tailProcessStdoutLog.
func (s *Service) TailLog(name string, channel api.Channel, offset, length int64) (data []byte, next int64, overflow bool, err error) {
	log, err := s.logOf(name, channel)
	if err != nil || log.Path == "" {
		return nil, 0, false, err
	}
	if data, next, overflow, err = logs.Tail(log, offset, length); err != nil {
		return nil, offset, false, nil
	}
	return data, next, overflow, nil
}

// LogSource returns a log of a process; false if there is none. It works during a shutdown too.
func (s *Service) LogSource(name string, channel api.Channel) (log logs.Source, ok bool) {
	_ = s.sup.Read(func(v supervisor.View) {
		if p, err := s.find(v, name); err == nil {
			log = p.LogSource(channel)
		}
	})
	return log, log.Path != ""
}

// logOf returns a log of a process, with an empty path if it has none.
func (s *Service) logOf(name string, channel api.Channel) (log logs.Source, err error) {
	err = s.Read(func(v supervisor.View) error {
		p, err := s.find(v, name)
		if err == nil {
			log = p.LogSource(channel)
		}
		return err
	})
	return log, err
}

// ReadMainLog reads a part of the main log; see logs.Read.
func (s *Service) ReadMainLog(offset, length int64) ([]byte, error) {
	if err := s.CheckRunning(); err != nil {
		return nil, err
	}
	return readLog(logs.Source{Path: s.Log().Path()}, offset, length)
}

// maxAuditLines is how many lines of the audit log a call can read.
const maxAuditLines = 1000

// ReadAuditLog returns the last n lines of the audit log, without their ends, the oldest first.
func (s *Service) ReadAuditLog(n int64) ([][]byte, error) {
	if err := s.CheckRunning(); err != nil {
		return nil, err
	}
	switch {
	case n < 0:
		return nil, api.NewFault(api.BadArguments, "")
	case s.Audit().Path() == "":
		return nil, api.NewFault(api.NoFile, "audit_log")
	}
	lines, err := s.Audit().Last(int(min(n, maxAuditLines)))
	if err != nil {
		return nil, api.NewFault(api.Failed, err.Error())
	}
	return lines, nil
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
func readLog(log logs.Source, offset, length int64) ([]byte, error) {
	if log.Path == "" {
		return nil, api.NewFault(api.NoFile, "")
	}
	data, err := logs.Read(log, offset, length)
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, logs.ErrArguments):
		return nil, api.NewFault(api.BadArguments, "")
	case errors.Is(err, fs.ErrNotExist):
		return nil, api.NewFault(api.NoFile, log.Path)
	}
	return nil, api.NewFault(api.Failed, "") // without the reason, as the original
}
