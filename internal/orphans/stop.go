package orphans

import (
	"cmp"
	"slices"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// Stop stops the children as a shutdown would: from the highest priority of groups, then of processes, to the lowest, those of
// equal priority together, and with SIGKILL after their stopwaitsecs. It blocks until they have ended or cannot be stopped.
func Stop(children []Child, log *logs.Main) {
	children = slices.Clone(children)
	order := func(a, b Child) int {
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
func stopTogether(children []Child, log *logs.Main) {
	var targets []*target
	for _, c := range children {
		t, ok := openTarget(c)
		if !ok {
			continue // it has ended
		}
		defer t.close()
		log.Infof("stopping '%s' (pid %d) of an earlier supervisord with %s", c, c.PID, signame.Name(c.StopSignal))
		if err := t.signal(c.StopSignal, c.StopAsGroup); err != nil {
			log.Warnf("cannot signal '%s' (pid %d): %v", c, c.PID, err)
		}
		targets = append(targets, t)
	}
	began := time.Now()
	for _, t := range targets { // all deadlines count from the same moment, so that the order does not matter
		if t.wait(time.Until(began.Add(t.StopWait))) {
			continue
		}
		log.Warnf("killing '%s' (pid %d) of an earlier supervisord with SIGKILL", t, t.PID)
		if err := t.signal(syscall.SIGKILL, t.KillAsGroup); err != nil {
			log.Warnf("cannot kill '%s' (pid %d): %v", t, t.PID, err)
		}
	}
	for _, t := range targets {
		if t.wait(killWait) {
			log.Infof("'%s' (pid %d) of an earlier supervisord is gone", t, t.PID)
		} else {
			log.Errorf("'%s' (pid %d) of an earlier supervisord cannot be stopped", t, t.PID)
		}
	}
}
