package orphans

import (
	"cmp"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// Release lets go of the processes.
func Release(survivors []*Survivor) {
	for _, s := range survivors {
		s.release()
	}
}

// Stop stops the survivors as a shutdown would: from the highest priority of groups, then of processes, to the lowest, those of
// equal priority together, and each by its stop plan. It blocks until they have ended or cannot be stopped, and releases
// them. It signals only processes that Open recognized and has held since.
func Stop(survivors []*Survivor, log *logs.Main) {
	defer Release(survivors)
	children := slices.Clone(survivors)
	order := func(a, b *Survivor) int {
		return cmp.Or(cmp.Compare(b.GroupPriority, a.GroupPriority), cmp.Compare(b.Priority, a.Priority))
	}
	slices.SortStableFunc(children, order)
	for len(children) > 0 {
		n := 1
		for n < len(children) && order(children[0], children[n]) == 0 {
			n++
		}
		stopTogether(children[:n], log)
		children = children[n:]
	}
}

// killWait is how long a child may take to end after SIGKILL.
const killWait = 10 * time.Second

// stopTogether stops children of one priority.
func stopTogether(children []*Survivor, log *logs.Main) {
	var targets []*Survivor
	for _, s := range children {
		if err := s.held(); err != nil {
			log.Warnf("%q (pid %d) of an earlier supervisord is left alone, its process cannot be held: %v", s, s.PID, err)
			continue
		}
		if s.wait(0) {
			continue // it has ended
		}
		step := s.plan()[0]
		log.Infof("stopping %q (pid %d) of an earlier supervisord with %s", s, s.PID, signame.Name(step.Signal))
		s.send(step.Signal, log)
		targets = append(targets, s)
	}
	takeSteps(targets, log)
	for _, t := range targets {
		if t.wait(killWait) {
			log.Infof("%q (pid %d) of an earlier supervisord is gone", t, t.PID)
		} else {
			log.Errorf("%q (pid %d) of an earlier supervisord cannot be stopped", t, t.PID)
		}
	}
}
