package client

import (
	"context"
	"errors"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

var errShape = errors.New("the result has an unexpected shape")

// ProcessInfo returns the state of one process, named as in "web" or "group:web". Source: getProcessInfo.
func (c *Client) ProcessInfo(ctx context.Context, name string) (info ProcessInfo, err error) {
	v, err := c.value(ctx, "supervisor.getProcessInfo", name)
	if err == nil && v.Kind != xmlrpc.Struct {
		err = &ParseError{errShape}
	}
	processInfo(&info, v)
	return info, err
}

// AllProcessInfo returns the state of every process, sorted by group and name. Source: getAllProcessInfo.
func (c *Client) AllProcessInfo(ctx context.Context) ([]ProcessInfo, error) {
	var infos []ProcessInfo
	err := c.list(ctx, "supervisor.getAllProcessInfo", func(v xmlrpc.Value) {
		infos = append(infos, ProcessInfo{})
		processInfo(&infos[len(infos)-1], v)
	})
	return infos, err
}

// Config returns the configuration that counts, after includes, defaults and expansions, without secrets: of what a name means, as for
// ExpandName, of the section of that name, or with an empty name all. The original does not have this method.
func (c *Client) Config(ctx context.Context, name string) (sections []api.ConfigSection, err error) {
	err = c.list(ctx, "supervisor.getConfig", func(v xmlrpc.Value) {
		s := api.ConfigSection{Name: memberText(v, "section"), From: memberText(v, "from")}
		keys, _ := v.Get("keys")
		for _, k := range keys.Items {
			s.Keys = append(s.Keys, api.ConfigKey{Name: memberText(k, "key"), Text: memberText(k, "value"), From: memberText(k, "from")})
		}
		sections = append(sections, s)
	}, name)
	return sections, err
}

func memberText(v xmlrpc.Value, name string) string {
	member, _ := v.Get(name)
	return member.Text
}

// ExpandName returns the processes that a name means, each as group:process, in the order in which they start. The name is that of a
// group, group:process, group:*, or a program. The original does not have this method.
func (c *Client) ExpandName(ctx context.Context, name string) (names []string, err error) {
	err = c.list(ctx, "supervisor.expandName", func(v xmlrpc.Value) { names = append(names, v.Text) }, name)
	return names, err
}

// RunChecks runs the health checks of a process now, once, and returns the results. The original does not have this method.
func (c *Client) RunChecks(ctx context.Context, name string) (results []CheckResult, err error) {
	err = c.list(ctx, "supervisor.runChecks", func(v xmlrpc.Value) {
		var r CheckResult
		for _, m := range v.Members {
			switch m.Name {
			case "check":
				r.Check = m.Value.Text
			case "ok":
				r.OK = m.Value.Number != 0
			case "text":
				r.Text = m.Value.Text
			case "ms":
				r.Milliseconds = int(m.Value.Number)
			}
		}
		results = append(results, r)
	}, name)
	return results, err
}

// Dependencies returns what a process depends on. The original does not have this method.
func (c *Client) Dependencies(ctx context.Context, name string) (list []Dependency, err error) {
	err = c.list(ctx, "supervisor.getDependencies", func(v xmlrpc.Value) {
		d := Dependency{Name: memberText(v, "name"), Condition: memberText(v, "condition"), Text: memberText(v, "text")}
		optional, _ := v.Get("optional")
		met, _ := v.Get("met")
		d.Optional, d.Met = optional.Number != 0, met.Number != 0
		list = append(list, d)
	}, name)
	return list, err
}

// StartProcess starts a process and, with wait, returns when it is RUNNING. For a group, "name:*", it starts the processes
// of the group and returns a status for each; for a single process it returns no status. Source: startProcess.
func (c *Client) StartProcess(ctx context.Context, name string, wait bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.startProcess", name, wait)
}

// StartProcessGroup starts the processes of a group that are not running. Source: startProcessGroup.
func (c *Client) StartProcessGroup(ctx context.Context, group string, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.startProcessGroup", group, wait)
}

// StartAllProcesses starts all processes that are not running. Source: startAllProcesses.
func (c *Client) StartAllProcesses(ctx context.Context, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.startAllProcesses", wait)
}

// StopProcess stops a process and, with wait, returns when it has stopped. For groups see StartProcess. Source:
// stopProcess.
func (c *Client) StopProcess(ctx context.Context, name string, wait bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.stopProcess", name, wait)
}

// StopProcessGroup stops the processes of a group that are running. Source: stopProcessGroup.
func (c *Client) StopProcessGroup(ctx context.Context, group string, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.stopProcessGroup", group, wait)
}

// StopAllProcesses stops all processes that are running. Source: stopAllProcesses.
func (c *Client) StopAllProcesses(ctx context.Context, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.stopAllProcesses", wait)
}

// SignalProcess sends a signal, given by name or number, to a process. For groups see StartProcess. Source:
// signalProcess.
func (c *Client) SignalProcess(ctx context.Context, name, signal string) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.signalProcess", name, signal)
}

// SignalProcessGroup sends a signal to the processes of a group. Source: signalProcessGroup.
func (c *Client) SignalProcessGroup(ctx context.Context, group, signal string) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.signalProcessGroup", group, signal)
}

// SignalAllProcesses sends a signal to all processes. Source: signalAllProcesses.
func (c *Client) SignalAllProcesses(ctx context.Context, signal string) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.signalAllProcesses", signal)
}

// SendProcessStdin writes text to the standard input of a process. Source: sendProcessStdin.
func (c *Client) SendProcessStdin(ctx context.Context, name, text string) error {
	return c.done(ctx, "supervisor.sendProcessStdin", name, text)
}

// ReadProcessStdoutLog reads a part of a process's stdout log; offset and length are as in ReadLog. Source:
// readProcessStdoutLog.
func (c *Client) ReadProcessStdoutLog(ctx context.Context, name string, offset, length int) (text string, err error) {
	err = c.Call(ctx, &text, "supervisor.readProcessStdoutLog", name, offset, length)
	return text, err
}

// ReadProcessStderrLog is ReadProcessStdoutLog for the stderr log. Source: readProcessStderrLog.
func (c *Client) ReadProcessStderrLog(ctx context.Context, name string, offset, length int) (text string, err error) {
	err = c.Call(ctx, &text, "supervisor.readProcessStderrLog", name, offset, length)
	return text, err
}

// TailProcessStdoutLog returns the last length bytes of a process's stdout log, or less, for a caller that has read up to
// offset. Source: tailProcessStdoutLog.
func (c *Client) TailProcessStdoutLog(ctx context.Context, name string, offset, length int) (Tail, error) {
	return c.tail(ctx, "supervisor.tailProcessStdoutLog", name, offset, length)
}

// TailProcessStderrLog is TailProcessStdoutLog for the stderr log. Source: tailProcessStderrLog.
func (c *Client) TailProcessStderrLog(ctx context.Context, name string, offset, length int) (Tail, error) {
	return c.tail(ctx, "supervisor.tailProcessStderrLog", name, offset, length)
}

func (c *Client) tail(ctx context.Context, method, name string, offset, length int) (Tail, error) {
	v, err := c.value(ctx, method, name, offset, length)
	if err != nil {
		return Tail{}, err
	}
	if len(v.Items) != 3 || v.Items[1].Kind != xmlrpc.Int || v.Items[2].Kind != xmlrpc.Bool {
		return Tail{}, &ParseError{errShape}
	}
	return Tail{Text: v.Items[0].Text, Offset: int(v.Items[1].Number), Overflow: v.Items[2].Number != 0}, nil
}

// ClearProcessLogs empties both logs of a process. Source: clearProcessLogs.
func (c *Client) ClearProcessLogs(ctx context.Context, name string) error {
	return c.done(ctx, "supervisor.clearProcessLogs", name)
}

// ClearAllProcessLogs empties the logs of all processes. Source: clearAllProcessLogs.
func (c *Client) ClearAllProcessLogs(ctx context.Context) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.clearAllProcessLogs")
}

func (c *Client) statuses(ctx context.Context, method string, args ...any) (statuses []ProcessStatus, err error) {
	err = c.list(ctx, method, func(v xmlrpc.Value) {
		statuses = append(statuses, ProcessStatus{})
		decode(&statuses[len(statuses)-1], v, api.StatusMembers[:])
	}, args...)
	return statuses, err
}

// trueOrStatuses makes a call whose result is true for a process, and an array for a group.
func (c *Client) trueOrStatuses(ctx context.Context, method string, args ...any) ([]ProcessStatus, error) {
	v, err := c.value(ctx, method, args...)
	if err != nil {
		return nil, err
	}
	statuses := make([]ProcessStatus, len(v.Items))
	for i, item := range v.Items {
		decode(&statuses[i], item, api.StatusMembers[:])
	}
	return statuses, nil
}
