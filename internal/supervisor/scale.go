package supervisor

import (
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/statefile"
)

// Scaling has the numbers of processes that are kept, for a reading of the configuration; nil: there are none.
func Scaling(kept *statefile.File) *config.Scaling {
	numbers := kept.Data().Scaled
	if len(numbers) == 0 {
		return nil
	}
	s := &config.Scaling{Numprocs: make(map[string]config.Numprocs, len(numbers))}
	for program, n := range numbers {
		s.Numprocs[program] = config.Numprocs{To: n.To, File: n.File}
	}
	return s
}

func (s *Supervisor) scaling() *config.Scaling { return Scaling(s.Kept()) }

// ForgetScaled forgets the numbers of processes that the configuration file has changed since.
func ForgetScaled(kept *statefile.File, cfg *config.Config) {
	if len(cfg.Outdated) == 0 {
		return
	}
	c := statefile.Change{Scale: map[string]statefile.Scale{}}
	for _, program := range cfg.Outdated {
		c.Scale[program] = statefile.Scale{}
	}
	kept.Apply(c)
}

// ReadScaled reads the configuration with a number of processes of a program. Found is false if the files have no such program. It is
// not to be called in the loop.
func (s *Supervisor) ReadScaled(program string, numprocs int) (cfg *config.Config, scaled config.Scaled, found bool, err error) {
	scaling := s.scaling()
	if scaling == nil {
		scaling = &config.Scaling{Numprocs: map[string]config.Numprocs{}}
	}
	scaling.Numprocs[program] = config.Numprocs{To: numprocs, File: -1}
	cfg, err = s.readConfig(scaling)
	scaled, found = scaling.Found[program]
	return cfg, scaled, found, err
}

// BeginScale returns false if the number of processes of the program is being changed. EndScale follows.
func (l *Loop) BeginScale(program string) bool {
	if l.scaling[program] {
		return false
	}
	if l.scaling == nil {
		l.scaling = map[string]bool{}
	}
	l.scaling[program] = true
	return true
}

// EndScale is called after a change of the number of processes.
func (l *Loop) EndScale(program string) { delete(l.scaling, program) }
