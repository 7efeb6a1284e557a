package client

import "context"

// RestartProcess stops a process and starts it again and, with wait, returns when it is RUNNING. For groups see StartProcess.
// The original has no such method. Source: restartProcess.
func (c *Client) RestartProcess(ctx context.Context, name string, wait bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.restartProcess", name, wait)
}

// KillProcess kills a process with SIGKILL and, with wait, returns when it has ended. For groups see StartProcess. The original
// has no such method. Source: killProcess.
func (c *Client) KillProcess(ctx context.Context, name string, wait bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.killProcess", name, wait)
}

// KillAllProcesses kills all processes. The original has no such method. Source: killAllProcesses.
func (c *Client) KillAllProcesses(ctx context.Context, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.killAllProcesses", wait)
}

// ReloadProcess has a process read its configuration again and, with wait, returns when its reload_command has ended. For
// groups see StartProcess. The original has no such method. Source: reloadProcess.
func (c *Client) ReloadProcess(ctx context.Context, name string, wait bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.reloadProcess", name, wait)
}

// ReloadAllProcesses has all processes read their configurations again. The original has no such method. Source:
// reloadAllProcesses.
func (c *Client) ReloadAllProcesses(ctx context.Context, wait bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.reloadAllProcesses", wait)
}
