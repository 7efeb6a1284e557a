package client

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// APIVersion is the version of the interface, "3.0". Source: getAPIVersion.
func (c *Client) APIVersion(ctx context.Context) (version string, err error) {
	err = c.Call(ctx, &version, "supervisor.getAPIVersion")
	return version, err
}

// SupervisorVersion is the version of the daemon. Source: getSupervisorVersion.
func (c *Client) SupervisorVersion(ctx context.Context) (version string, err error) {
	err = c.Call(ctx, &version, "supervisor.getSupervisorVersion")
	return version, err
}

// Identification is what identifier= says. Source: getIdentification.
func (c *Client) Identification(ctx context.Context) (identifier string, err error) {
	err = c.Call(ctx, &identifier, "supervisor.getIdentification")
	return identifier, err
}

// State is the daemon's own state. Source: getState.
func (c *Client) State(ctx context.Context) (state State, err error) {
	err = c.Call(ctx, &state, "supervisor.getState")
	return state, err
}

// PID is the daemon's process id. Source: getPID.
func (c *Client) PID(ctx context.Context) (pid int, err error) {
	err = c.Call(ctx, &pid, "supervisor.getPID")
	return pid, err
}

// ReadLog reads the main log: length bytes from offset, all from offset on if length is 0, and the last -offset bytes
// if offset is negative. Source: readLog.
func (c *Client) ReadLog(ctx context.Context, offset, length int) (text string, err error) {
	err = c.Call(ctx, &text, "supervisor.readLog", offset, length)
	return text, err
}

// ClearLog empties the main log. Source: clearLog.
func (c *Client) ClearLog(ctx context.Context) error { return c.done(ctx, "supervisor.clearLog") }

// Shutdown ends the daemon. Source: shutdown.
func (c *Client) Shutdown(ctx context.Context) error { return c.done(ctx, "supervisor.shutdown") }

// Restart makes the daemon stop everything, read its configuration and begin anew. Source: restart.
func (c *Client) Restart(ctx context.Context) error { return c.done(ctx, "supervisor.restart") }

// ReloadConfig makes the daemon read its configuration and tells what became different; nothing is started or stopped.
// Source: reloadConfig.
func (c *Client) ReloadConfig(ctx context.Context) (Changes, error) {
	var result [][][]string // an array that holds one array of three
	if err := c.Call(ctx, &result, "supervisor.reloadConfig"); err != nil {
		return Changes{}, err
	}
	if len(result) != 1 || len(result[0]) != 3 {
		return Changes{}, &ParseError{errShape}
	}
	return Changes{Added: result[0][0], Changed: result[0][1], Removed: result[0][2]}, nil
}

// AddProcessGroup makes a group of the last read configuration active. Source: addProcessGroup.
func (c *Client) AddProcessGroup(ctx context.Context, group string) error {
	return c.done(ctx, "supervisor.addProcessGroup", group)
}

// RemoveProcessGroup takes a stopped group out of the active configuration. Source: removeProcessGroup.
func (c *Client) RemoveProcessGroup(ctx context.Context, group string) error {
	return c.done(ctx, "supervisor.removeProcessGroup", group)
}

// SendRemoteCommEvent sends an event of that type to the listeners of REMOTE_COMMUNICATION. Source:
// sendRemoteCommEvent.
func (c *Client) SendRemoteCommEvent(ctx context.Context, kind, data string) error {
	return c.done(ctx, "supervisor.sendRemoteCommEvent", kind, data)
}

// AllConfigInfo is the configuration of every process, sorted by process name. Source: getAllConfigInfo.
func (c *Client) AllConfigInfo(ctx context.Context) ([]ConfigInfo, error) {
	var infos []ConfigInfo
	err := c.list(ctx, "supervisor.getAllConfigInfo", func(v xmlrpc.Value) { infos = append(infos, configInfo(v)) })
	return infos, err
}

// done makes a call whose result says nothing: it is true, or a fault comes instead.
func (c *Client) done(ctx context.Context, method string, args ...any) error {
	var result any
	return c.Call(ctx, &result, method, args...)
}
