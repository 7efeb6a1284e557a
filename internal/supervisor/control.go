package supervisor

import (
	"cmp"
	"slices"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// signal does what a signal to supervisord asks for.
func (s *Supervisor) signal(sig syscall.Signal) {
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT:
		s.log.Warnf("received %s indicating exit request", signame.Name(sig))
		s.Shutdown()
	case syscall.SIGHUP:
		if s.Mood() == api.MoodShutdown {
			s.log.Warnf("ignored %s indicating restart request (shutdown in progress)", signame.Name(sig))
			return
		}
		s.log.Warnf("received %s indicating restart request", signame.Name(sig))
		s.rereadAndRestart()
	case syscall.SIGUSR2:
		s.log.Infof("received %s indicating log reopen request", signame.Name(sig))
		s.reopenLogs()
	default:
		s.log.Blatherf("received %s indicating nothing", signame.Name(sig))
	}
}

// rereadAndRestart restarts if the configuration can be read; a wrong one is reported and everything goes on as it is.
// The reading is done outside the loop.
func (s *Supervisor) rereadAndRestart() {
	go func() {
		cfg, err := s.options.Read()
		_ = s.Do(func() { // an error says that a shutdown was faster
			if err != nil {
				s.log.Errorf("cannot restart, the configuration is wrong and everything goes on as it is: %s",
					config.Explain(err))
				return
			}
			s.Restart(cfg)
		})
	}()
}

// reopenLogs opens the main log and the logs of live children again.
func (s *Supervisor) reopenLogs() {
	s.log.Infof("supervisord logreopen")
	if err := s.log.Reopen(); err != nil {
		s.log.Warnf("cannot reopen %s, going on with the old file: %v", s.log.Path(), err)
	}
	for _, p := range s.Processes() {
		p.Reopen()
	}
}

// Shutdown begins to stop everything; Run then ends.
func (s *Supervisor) Shutdown() { s.mood.Store(int32(api.MoodShutdown)) }

// Restart begins to stop everything; Run then ends with cfg. A shutdown that has begun goes on.
func (s *Supervisor) Restart(cfg *config.Config) {
	if s.Mood() != api.MoodShutdown {
		s.next = cfg
		s.mood.Store(int32(api.MoodRestarting))
	}
}

// Read reads the configuration again, for a reread or a restart. It may be called from any goroutine, and should not be
// called in the loop, which must not wait for a disk.
func (s *Supervisor) Read() (*config.Config, error) { return s.options.Read() }

// Reread takes a new reading of the configuration: its groups are what can be added from now on. It returns how they
// differ from the active ones. Nothing that runs changes.
func (s *Supervisor) Reread(cfg *config.Config) config.Diff {
	s.read = cfg
	active := make([]*config.Group, 0, len(s.groups))
	for _, g := range slices.SortedFunc(slices.Values(s.groups), func(a, b *Group) int { return cmp.Compare(a.since, b.since) }) {
		active = append(active, g.Config)
	}
	return config.Compare(active, cfg.Groups)
}

// Known are the groups of the last reading of the configuration.
func (s *Supervisor) Known() []*config.Group { return s.read.Groups }

// SendRemoteComm makes an event of what a client sent. Source: sendRemoteCommEvent.
func (s *Supervisor) SendRemoteComm(typ, data string) {
	s.host.Events.Emit(events.RemoteCommunication, events.Remote(typ, data))
}
