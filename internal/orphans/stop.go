package orphans

import (
	"cmp"
	"slices"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// Stop stops the children as a shutdown would: one priority after the other, the highest first, of groups and then of
// processes, all of one priority at once, with SIGKILL after their stopwaitsecs. It returns when they are gone, or cannot be
// stopped.
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

// killWait is how long a child may take to be gone after SIGKILL.
const killWait = 10 * time.Second

// stopTogether stops children of one priority.
func stopTogether(children []Child, log *logs.Main) {
	var victims []*victim
	for _, c := range children {
		v, ok := hold(c)
		if !ok {
			continue // it has ended meanwhile
		}
		defer v.release()
		log.Infof("stopping '%s' (pid %d) of an earlier supervisord with %s", c, c.PID, signame.Name(c.StopSignal))
		if err := v.signal(c.StopSignal, c.StopAsGroup); err != nil {
			log.Warnf("cannot signal '%s' (pid %d): %v", c, c.PID, err)
		}
		victims = append(victims, v)
	}
	began := time.Now()
	for _, v := range victims { // the one that may take longest decides, so the order does not matter
		if v.gone(time.Until(began.Add(v.StopWait))) {
			continue
		}
		log.Warnf("killing '%s' (pid %d) of an earlier supervisord with SIGKILL", v, v.PID)
		if err := v.signal(syscall.SIGKILL, v.KillAsGroup); err != nil {
			log.Warnf("cannot kill '%s' (pid %d): %v", v, v.PID, err)
		}
	}
	for _, v := range victims {
		if v.gone(killWait) {
			log.Infof("'%s' (pid %d) of an earlier supervisord is gone", v, v.PID)
		} else {
			log.Errorf("'%s' (pid %d) of an earlier supervisord cannot be stopped", v, v.PID)
		}
	}
}
