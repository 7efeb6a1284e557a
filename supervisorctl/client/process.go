package client

import (
	"context"
	"errors"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

var errShape = errors.New("the result has an unexpected shape")

// ProcessInfo is the state of one process, named as in "web" or "group:web". Source: getProcessInfo.
func (c *Client) ProcessInfo(ctx context.Context, name string) (info ProcessInfo, err error) {
	err = c.Call(ctx, &info, "supervisor.getProcessInfo", name)
	return info, err
}

// AllProcessInfo is the state of every process, sorted by group and name. Source: getAllProcessInfo.
func (c *Client) AllProcessInfo(ctx context.Context) ([]ProcessInfo, error) {
	var infos []ProcessInfo
	err := c.list(ctx, "supervisor.getAllProcessInfo", func(v xmlrpc.Value) { infos = append(infos, processInfo(v)) })
	return infos, err
}

// StartProcess starts a process and, with wait, returns when it is RUNNING. For a group, "name:*", there is a status
// for each process; for a single one there is none. Source: startProcess.
func (c *Client) StartProcess(ctx context.Context, name string, wait bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.startProcess", name, wait)
}

// StartProcessGroup starts the processes of a group that do not run. Source: startProcessGroup.
func (c *Client) StartProcessGroup(ctx context.Context, group string, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.startProcessGroup", group, wait)
}

// StartAllProcesses starts all processes that do not run. Source: startAllProcesses.
func (c *Client) StartAllProcesses(ctx context.Context, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.startAllProcesses", wait)
}

// StopProcess stops a process and, with wait, returns when it is gone; as to groups see StartProcess. Source:
// stopProcess.
func (c *Client) StopProcess(ctx context.Context, name string, wait bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.stopProcess", name, wait)
}

// StopProcessGroup stops the processes of a group that run. Source: stopProcessGroup.
func (c *Client) StopProcessGroup(ctx context.Context, group string, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.stopProcessGroup", group, wait)
}

// StopAllProcesses stops all processes that run. Source: stopAllProcesses.
func (c *Client) StopAllProcesses(ctx context.Context, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.stopAllProcesses", wait)
}

// SignalProcess sends a signal, given by name or number, to a process; as to groups see StartProcess. Source:
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

// ReadProcessStdoutLog reads a process' output; offset and length are as in ReadLog. Source: readProcessStdoutLog.
func (c *Client) ReadProcessStdoutLog(ctx context.Context, name string, offset, length int) (text string, err error) {
	err = c.Call(ctx, &text, "supervisor.readProcessStdoutLog", name, offset, length)
	return text, err
}

// ReadProcessStderrLog reads a process' error output. Source: readProcessStderrLog.
func (c *Client) ReadProcessStderrLog(ctx context.Context, name string, offset, length int) (text string, err error) {
	err = c.Call(ctx, &text, "supervisor.readProcessStderrLog", name, offset, length)
	return text, err
}

// TailProcessStdoutLog is the end of a process' output, at most length bytes, for a caller that has seen offset bytes.
// Source: tailProcessStdoutLog.
func (c *Client) TailProcessStdoutLog(ctx context.Context, name string, offset, length int) (Tail, error) {
	return c.tail(ctx, "supervisor.tailProcessStdoutLog", name, offset, length)
}

// TailProcessStderrLog is the same of the error output. Source: tailProcessStderrLog.
func (c *Client) TailProcessStderrLog(ctx context.Context, name string, offset, length int) (Tail, error) {
	return c.tail(ctx, "supervisor.tailProcessStderrLog", name, offset, length)
}

func (c *Client) tail(ctx context.Context, method, name string, offset, length int) (Tail, error) {
	var result []any
	if err := c.Call(ctx, &result, method, name, offset, length); err != nil {
		return Tail{}, err
	}
	if len(result) != 3 {
		return Tail{}, &ParseError{errShape}
	}
	text, _ := result[0].(string) // an empty string is sent without text and arrives as nil
	size, ok := result[1].(int64)
	overflow, ok2 := result[2].(bool)
	if !ok || !ok2 {
		return Tail{}, &ParseError{errShape}
	}
	return Tail{Text: text, Offset: int(size), Overflow: overflow}, nil
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
	err = c.Call(ctx, &statuses, method, args...)
	return statuses, err
}

// trueOrStatuses makes a call that answers true for a process and with an array for a group.
func (c *Client) trueOrStatuses(ctx context.Context, method string, args ...any) ([]ProcessStatus, error) {
	var result any
	if err := c.Call(ctx, &result, method, args...); err != nil {
		return nil, err
	}
	items, _ := result.([]any)
	statuses := make([]ProcessStatus, len(items))
	for i, item := range items {
		fields, _ := item.(map[string]any)
		statuses[i].Name, _ = fields["name"].(string)
		statuses[i].Group, _ = fields["group"].(string)
		statuses[i].Description, _ = fields["description"].(string)
		code, _ := fields["status"].(int64)
		statuses[i].Status = int(code)
	}
	return statuses, nil
}
