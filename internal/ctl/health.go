package ctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// healthTime is how long the answer to health may take.
const healthTime = 5 * time.Second

// health prints a line for each process that is not well, or that all are. The status is 0 or 1, as those want that run it to probe a
// container: also 1 if there is no answer.
func (c *Controller) health(args []string) error {
	live := false
	names, err := parseFlags(args, nil, map[string]*bool{"--live": &live})
	if err == nil {
		for _, name := range names {
			if len(name) > 1 && name[0] == '-' {
				err = errors.New("bad option " + name)
			}
		}
	}
	if err != nil {
		return c.invalidArg(err.Error())
	}
	before := c.ctx
	ctx, cancel := context.WithTimeout(c.ctx, healthTime)
	defer cancel()
	c.ctx = ctx
	defer func() { c.ctx = before }()
	switch err := c.printHealth(names, live); {
	case err == nil:
	case ctx.Err() != nil && before.Err() == nil:
		c.println("ERROR: no answer within 5 seconds")
		c.status = exitGeneric
	default:
		c.printError(err)
		c.status = exitGeneric
	}
	return nil
}

func (c *Controller) printHealth(names []string, live bool) error {
	health, err := c.server.Health(c.ctx, live)
	var problem *client.Problem
	switch {
	case errors.Is(err, client.ErrNoAPI):
		health, err = c.healthByCalls(live)
	case errors.As(err, &problem):
		return c.apiError(err)
	}
	if err != nil {
		return err
	}
	if !c.wantsAll(names) {
		found, err := c.matching(names, c.out)
		if err != nil {
			return err
		}
		health.Processes = len(found)
		health.Problems = slices.DeleteFunc(health.Problems, func(p client.HealthProblem) bool {
			return !slices.ContainsFunc(found, func(info api.ProcessInfo) bool { return info.Group == p.Group && info.Name == p.Name })
		})
		if c.status != 0 { // there is no such process
			c.status = exitGeneric
		}
	}
	for _, p := range health.Problems {
		c.println(pyrepr.Escape(fmt.Sprintf("%s: %s %s", api.Namespec(p.Group, p.Name), p.State, p.Detail), unicode.IsControl))
		c.status = exitGeneric
	}
	switch {
	case c.status != 0:
	case health.Processes == 1:
		c.println("1 process is well")
	default:
		c.println(fmt.Sprintf("%d processes are well", health.Processes))
	}
	return nil
}

// healthByCalls is Health of a server that has no JSON API.
func (c *Controller) healthByCalls(live bool) (health client.Health, err error) {
	infos, err := c.server.AllProcessInfo(c.ctx)
	if err != nil {
		return health, err
	}
	configured, err := c.server.AllConfigInfo(c.ctx)
	if err != nil {
		return health, err
	}
	automatic := map[string]bool{}
	for _, p := range configured {
		automatic[p.Group+":"+p.Name] = p.AutoStart
	}
	health.Processes = len(infos)
	for _, info := range infos {
		auto, known := automatic[info.Group+":"+info.Name]
		condition := api.Condition{State: info.State, Expected: info.SpawnErr == "", Idle: info.Start == 0 && info.Stop == 0 && known && !auto}
		if m := info.More; m != nil {
			condition.Unhealthy, condition.Coming = m.Health == "unhealthy", m.NextStart != nil && m.NextStartReason == "" || m.WaitsFor != ""
			condition.Idle = condition.Idle || m.Disabled != nil && *m.Disabled || m.NextStartReason != ""
		}
		if live && !condition.Live() || !live && !condition.Ready() {
			detail := info.Description
			if info.State == api.Exited {
				detail = info.SpawnErr
			}
			health.Problems = append(health.Problems, client.HealthProblem{Group: info.Group, Name: info.Name, State: info.StateName, Detail: detail})
		}
	}
	return health, nil
}
