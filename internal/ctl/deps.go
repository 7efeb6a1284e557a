package ctl

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// deps prints what processes depend on: of the names, or of all that depend on something.
func (c *Controller) deps(names []string) error {
	all := len(names) == 0 || slices.Contains(names, "all")
	var specs []string
	if all {
		infos, err := c.server.AllProcessInfo(c.ctx)
		if err != nil {
			return err
		}
		for _, info := range infos {
			specs = append(specs, info.Group+":"+info.Name)
		}
	}
	for _, name := range names {
		if found, err := c.specs(name); err != nil {
			return err
		} else if !all {
			specs = append(specs, found...)
		}
	}
	for _, spec := range specs {
		list, err := c.server.Dependencies(c.ctx, spec)
		if faultCode(err) == api.BadName { // removed meanwhile
			continue
		}
		if err != nil {
			return c.depsFault(err)
		}
		if len(list) > 0 || !all {
			c.printDeps(spec, list)
		}
	}
	return nil
}

// specs returns the processes that a name means, and reports a name that nothing has.
func (c *Controller) specs(name string) ([]string, error) {
	if name == "all" {
		return nil, nil
	}
	specs, err := c.server.ExpandName(c.ctx, name)
	switch faultCode(err) {
	case api.BadName:
		c.reportNoMatch(name, c.out)
		return nil, nil
	case api.UnknownMethod: // Dependencies is refused, too
		return []string{name}, nil
	}
	return specs, err
}

// depsFault reports that the server does not know dependencies; any other error is returned.
func (c *Controller) depsFault(err error) error {
	return c.printFault(err, map[int]string{api.UnknownMethod: "the server cannot do this: supervisor.getDependencies"})
}

func (c *Controller) printDeps(spec string, list []api.Dependency) {
	if len(list) == 0 {
		c.println(shortSpec(spec) + ": no dependencies")
		return
	}
	c.println(shortSpec(spec))
	width := 0
	for _, d := range list {
		width = max(width, len(depName(d)))
	}
	for _, d := range list {
		met, text := "not met", d.Text
		if d.Met {
			met = "met"
		}
		if d.Optional {
			text += ", optional"
		}
		c.println(fmt.Sprintf("  %-*s   %-7s   %s", width, depName(d), met, text))
	}
}

// explainWaits adds the states of what processes wait for to what infos have about it.
func (c *Controller) explainWaits(infos []api.ProcessInfo) {
	for i := range infos {
		if infos[i].More == nil || infos[i].More.WaitsFor == "" {
			continue
		}
		list, err := c.server.Dependencies(c.ctx, infos[i].Group+":"+infos[i].Name)
		var unmet []string
		for _, d := range list {
			if !d.Met {
				unmet = append(unmet, d.Name+":"+d.Condition+" ("+d.Text+")")
			}
		}
		if err == nil && unmet != nil { // else it waits for the stop of others, or no more
			more := *infos[i].More
			more.WaitsFor = strings.Join(unmet, ", ")
			infos[i].More = &more
		}
	}
}

// depName is a dependency as in depends_on.
func depName(d api.Dependency) string {
	if d.Optional {
		return "-" + d.Name + ":" + d.Condition
	}
	return d.Name + ":" + d.Condition
}

// shortSpec is the name of a process in output, given group:process.
func shortSpec(spec string) string {
	group, process, _ := strings.Cut(spec, ":")
	return api.Namespec(group, process)
}

// depStarter starts processes after what they depend on.
type depStarter struct {
	*Controller
	seen map[string]bool // processes whose turn has come, as group:process
}

// startWithDeps starts processes, each after those that it depends on and that are not met, and waits for these. It ends at the first
// failure.
func (c *Controller) startWithDeps(names []string, wait bool) error {
	s := &depStarter{c, map[string]bool{}}
	for _, name := range names {
		specs, err := c.specs(name)
		if err != nil {
			return err
		}
		for _, spec := range specs {
			if s.seen[spec] {
				continue
			}
			err := s.start(spec, wait)
			if err != nil || c.status != 0 {
				return err
			}
		}
	}
	return nil
}

// start starts a process after what it depends on.
func (s *depStarter) start(spec string, wait bool) error {
	before, err := s.server.ProcessInfo(s.ctx, spec)
	if err != nil {
		return err
	}
	if ok, err := s.meet(spec); !ok || err != nil {
		return err
	}
	op := s.startOperation(wait)
	request := op.process
	op.process = func(name string) ([]client.ProcessStatus, error) {
		results, err := request(name)
		// One that waited for what was started now has been started automatically.
		if faultCode(err) == api.AlreadyStarted && !before.State.IsRunning() {
			err = s.awaitStart(name, wait)
		}
		return results, err
	}
	return s.applyTo(op, spec)
}

// awaitStart waits for the end of a start as the server does for a client that has requested it.
func (s *depStarter) awaitStart(spec string, wait bool) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		info, err := s.server.ProcessInfo(s.ctx, spec)
		switch {
		case err != nil:
			return err
		case info.SpawnErr != "":
			return &client.Fault{Code: api.SpawnError, Text: spec}
		case !wait || info.State == api.Running:
			return nil
		case info.State != api.Starting:
			return &client.Fault{Code: api.AbnormalTermination, Text: spec}
		}
		select {
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-tick.C:
		}
	}
}

// meet starts what a process depends on, and waits until it is met. If it is not ok, and err is nil, the failure was printed.
func (s *depStarter) meet(spec string) (ok bool, err error) {
	s.seen[spec] = true
	list, err := s.server.Dependencies(s.ctx, spec)
	if err != nil {
		return false, s.depsFault(err)
	}
	for _, d := range list {
		if d.Met {
			continue
		}
		on, err := s.server.ExpandName(s.ctx, d.Name)
		if faultCode(err) == api.BadName { // it was removed
			s.println(shortSpec(spec) + ": ERROR (dependencies are not met: " + depName(d) + ")")
			s.status = exitNotRunning
			return false, nil
		}
		if err != nil {
			return false, err
		}
		started, ok, err := s.begin(on)
		if !ok || err != nil {
			return false, err
		}
		if ok, err := s.await(spec, d, on, started); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// begin starts those of the processes that do not run, and what they depend on.
func (s *depStarter) begin(specs []string) (started []string, ok bool, err error) {
	for _, spec := range specs {
		info, err := s.server.ProcessInfo(s.ctx, spec)
		if err != nil {
			return nil, false, err
		}
		if s.seen[spec] || info.State.IsRunning() {
			continue
		}
		if ok, err := s.meet(spec); !ok || err != nil {
			return nil, false, err
		}
		_, err = s.server.StartProcess(s.ctx, spec, false)
		switch code := faultCode(err); {
		case code == api.AlreadyStarted:
			continue
		case code != 0:
			if err := s.printResult(s.startOperation(false), shortSpec(spec), code, ""); err != nil {
				return nil, false, err
			}
			s.status = exitNotRunning
			return nil, false, nil
		case err != nil:
			return nil, false, err
		}
		started = append(started, spec)
	}
	return started, true, nil
}

// await waits until a dependency of a process is met, or one of the processes behind it has failed.
func (s *depStarter) await(spec string, d api.Dependency, on, started []string) (ok bool, err error) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	suspects := map[string]int{} // processes that had ended, and when
	for {
		list, err := s.server.Dependencies(s.ctx, spec)
		if err != nil {
			return false, s.depsFault(err)
		}
		if slices.ContainsFunc(list, func(now api.Dependency) bool { return now.Met && depName(now) == depName(d) }) {
			for _, name := range started {
				s.println(shortSpec(name) + ": started")
			}
			s.out.Flush()
			return true, nil
		}
		for _, name := range on {
			info, err := s.server.ProcessInfo(s.ctx, name)
			if err != nil {
				return false, err
			}
			last, suspect := suspects[name]
			delete(suspects, name)
			if info.State.IsStopped() && (info.More == nil || info.More.NextStart == nil) {
				if suspect && last == info.Stop || info.State == api.Fatal { // else it may be restarted at once
					s.println(shortSpec(name) + ": ERROR (" + info.Description + ")")
					s.status = exitNotRunning
					return false, nil
				}
				suspects[name] = info.Stop
			}
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return false, s.ctx.Err()
		}
	}
}
