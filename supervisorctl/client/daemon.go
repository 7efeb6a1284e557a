package client

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// APIVersion returns the version of the interface, "3.0". Source: getAPIVersion.
func (c *Client) APIVersion(ctx context.Context) (version string, err error) {
	err = c.Call(ctx, &version, "supervisor.getAPIVersion")
	return version, err
}

// SupervisorVersion returns the version of the daemon. Source: getSupervisorVersion.
func (c *Client) SupervisorVersion(ctx context.Context) (version string, err error) {
	err = c.Call(ctx, &version, "supervisor.getSupervisorVersion")
	return version, err
}

// Identification returns the identifier= of the daemon. Source: getIdentification.
func (c *Client) Identification(ctx context.Context) (identifier string, err error) {
	err = c.Call(ctx, &identifier, "supervisor.getIdentification")
	return identifier, err
}

// State returns the state of the daemon. Source: getState.
func (c *Client) State(ctx context.Context) (state State, err error) {
	err = c.Call(ctx, &state, "supervisor.getState")
	return state, err
}

// PID returns the process id of the daemon. Source: getPID.
func (c *Client) PID(ctx context.Context) (pid int, err error) {
	err = c.Call(ctx, &pid, "supervisor.getPID")
	return pid, err
}

// ReadLog reads a part of the main log: length bytes from offset, or everything from offset if length is 0. If offset is
// negative, length must be 0, and the last -offset bytes are read. Source: readLog.
func (c *Client) ReadLog(ctx context.Context, offset, length int) (text string, err error) {
	err = c.Call(ctx, &text, "supervisor.readLog", offset, length)
	return text, err
}

// ClearLog empties the main log. Source: clearLog.
func (c *Client) ClearLog(ctx context.Context) error { return c.done(ctx, "supervisor.clearLog") }

// Shutdown stops all processes and the daemon. Source: shutdown.
func (c *Client) Shutdown(ctx context.Context) error { return c.done(ctx, "supervisor.shutdown") }

// Restart makes the daemon stop all processes, read its configuration and start again. Source: restart.
func (c *Client) Restart(ctx context.Context) error { return c.done(ctx, "supervisor.restart") }

// ReloadConfig makes the daemon read its configuration and returns how it differs from the active one. Nothing is started
// or stopped. Source: reloadConfig.
func (c *Client) ReloadConfig(ctx context.Context) (Changes, error) {
	var result [][][]string // an array of one array of three
	if err := c.Call(ctx, &result, "supervisor.reloadConfig"); err != nil {
		return Changes{}, err
	}
	if len(result) != 1 || len(result[0]) != 3 {
		return Changes{}, &ParseError{errShape}
	}
	return Changes{Added: result[0][0], Changed: result[0][1], Removed: result[0][2]}, nil
}

// AddProcessGroup activates a group of the configuration that was read last. Source: addProcessGroup.
func (c *Client) AddProcessGroup(ctx context.Context, group string) error {
	return c.done(ctx, "supervisor.addProcessGroup", group)
}

// RemoveProcessGroup removes a stopped group. Source: removeProcessGroup.
func (c *Client) RemoveProcessGroup(ctx context.Context, group string) error {
	return c.done(ctx, "supervisor.removeProcessGroup", group)
}

// SendRemoteCommEvent emits a REMOTE_COMMUNICATION event of that type. Source: sendRemoteCommEvent.
func (c *Client) SendRemoteCommEvent(ctx context.Context, kind, data string) error {
	return c.done(ctx, "supervisor.sendRemoteCommEvent", kind, data)
}

// AllConfigInfo returns the configuration of every process, sorted by process name. Source: getAllConfigInfo.
func (c *Client) AllConfigInfo(ctx context.Context) ([]ConfigInfo, error) {
	var infos []ConfigInfo
	err := c.list(ctx, "supervisor.getAllConfigInfo", func(v xmlrpc.Value) { infos = append(infos, configInfo(v)) })
	return infos, err
}

// done makes a call whose result is always true.
func (c *Client) done(ctx context.Context, method string, args ...any) error {
	var result any
	return c.Call(ctx, &result, method, args...)
}
