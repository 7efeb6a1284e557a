package logs

import "github.com/gosupervisor/supervisor/internal/api"

// Sink is where one output channel of a process writes to: any of a file, syslog and, at level debug, the main log.
// What is nil is left out; the zero value throws everything away.
type Sink struct {
	Process string // the process's name, for syslog and the main log
	Channel api.Channel
	File    *File
	Syslog  *Syslog
	Main    *Main
}

// Write takes a chunk as it came from the pipe. A file that cannot be written to is reported in the main log once; the
// rest goes on.
func (s *Sink) Write(chunk []byte) {
	if len(chunk) == 0 {
		return
	}
	if s.File != nil {
		if _, news := s.File.Write(chunk); news != nil {
			s.tell(news)
		}
	}
	if s.Syslog != nil {
		s.Syslog.Send(s.Process+" ", string(chunk))
	}
	s.Main.output(s.Process, s.Channel, chunk)
}

// tell reports news of the file in the main log.
func (s *Sink) tell(news error) {
	s.Main.Warnf("%s", tell("log file "+s.File.Path()+" of process '"+s.Process+"'", news))
}

// Room is nil while the sink takes more; otherwise the channel closes when it does so again. Whoever cannot wait writes
// all the same.
func (s *Sink) Room() <-chan struct{} {
	if s.File == nil {
		return nil
	}
	return s.File.Room()
}

// Echo takes a chunk that belongs in the main log only: what is captured stays out of the file and of syslog.
func (s *Sink) Echo(chunk []byte) {
	if len(chunk) > 0 {
		s.Main.output(s.Process, s.Channel, chunk)
	}
}

// Reopen opens the file again if there is one. On failure the old one stays in use.
func (s *Sink) Reopen() error {
	if s.File == nil {
		return nil
	}
	return s.File.Reopen()
}

// Clear empties the file if there is one.
func (s *Sink) Clear() error {
	if s.File == nil {
		return nil
	}
	return s.File.Clear()
}

// Close closes the file if there is one. Syslog and the main log belong to others.
func (s *Sink) Close() {
	if s.File == nil {
		return
	}
	if news := s.File.Close(); news != nil {
		s.tell(news)
	}
}
