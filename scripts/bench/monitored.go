package main

import (
	"context"
	"fmt"
	"time"
)

// threeLists is the parameter of system.multicall for three lists of all processes.
const threeLists = "<array><data>" + oneList + oneList + oneList + "</data></array>"

const oneList = "<value><struct><member><name>methodName</name><value><string>supervisor.getAllProcessInfo</string></value></member>" +
	"<member><name>params</name><value><array><data></data></array></value></member></struct></value>"

// monitorCalls are calls of all methods that leave the programs as they are, and that need no log of stderr.
var monitorCalls = []struct {
	method string
	params []string
}{
	{"supervisor.getAPIVersion", nil},
	{"supervisor.getSupervisorVersion", nil},
	{"supervisor.getIdentification", nil},
	{"supervisor.getPID", nil},
	{"supervisor.getState", nil},
	{"supervisor.getProcessInfo", []string{"p:p-0"}},
	{"supervisor.getAllProcessInfo", nil},
	{"supervisor.getAllConfigInfo", nil},
	{"supervisor.readLog", []string{"-4096", "0"}},
	{"supervisor.readProcessStdoutLog", []string{"p:p-0", "0", "0"}},
	{"supervisor.tailProcessStdoutLog", []string{"p:p-0", "0", "4096"}},
	{"supervisor.clearProcessLogs", []string{"p:p-0"}},
	{"supervisor.clearAllProcessLogs", nil},
	{"supervisor.signalProcess", []string{"p:p-0", "CONT"}},
	{"supervisor.signalProcessGroup", []string{"p", "CONT"}},
	{"supervisor.signalAllProcesses", []string{"CONT"}},
	{"supervisor.sendProcessStdin", []string{"p:p-0", "x"}},
	{"supervisor.sendRemoteCommEvent", []string{"type", "data"}},
	{"supervisor.reloadConfig", nil},
	{"system.listMethods", nil},
	{"system.methodHelp", []string{"supervisor.getState"}},
	{"system.methodSignature", []string{"supervisor.getState"}},
	{"system.multicall", []string{threeLists}},
}

// monitored measures what is left ten seconds after the last call of a client that has polled the daemon every second, and then made
// each call up to a thousand times, within a limit of time.
func (t *turn) monitored(ctx context.Context, d *daemon) error {
	if !t.wants("idle/monitored/memory", "idle/monitored/switches") {
		return nil
	}
	for range or(t.settings.quick, 2, 10) {
		for _, method := range []string{"supervisor.getAllProcessInfo", "supervisor.getState"} {
			if _, err := d.call(ctx, method); err != nil {
				return d.explain(err)
			}
		}
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
	for _, c := range monitorCalls {
		limit := time.Now().Add(or(t.settings.quick, 200*time.Millisecond, 3*time.Second))
		if err := d.callOften(ctx, 1000, limit, c.method, c.params...); err != nil {
			return fmt.Errorf("%s: %w", c.method, d.explain(err))
		}
	}
	r, err := t.observe(ctx, d)
	if err != nil {
		return err
	}
	t.add("idle/monitored/memory", r.memory)
	t.add("idle/monitored/switches", r.switches)
	return nil
}

// callOften makes a call so many times, or until the limit, on one connection.
func (d *daemon) callOften(ctx context.Context, times int, limit time.Time, method string, params ...string) error {
	c, err := d.dial(ctx, method, params...)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for i := 0; i < times && (i == 0 || time.Now().Before(limit)); i++ {
		if _, err := c.call(); err != nil {
			return err
		}
	}
	return nil
}
