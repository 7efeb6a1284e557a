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

// EnableProcess has a disabled process started as configured again. It starts nothing. For groups see StartProcess. The original has no
// such method. Source: enableProcess.
func (c *Client) EnableProcess(ctx context.Context, name string) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.enableProcess", name)
}

// DisableProcess has a process started only by requests about it alone. With stop it is stopped, too. For groups see StartProcess. The
// original has no such method. Source: disableProcess.
func (c *Client) DisableProcess(ctx context.Context, name string, stop bool) ([]ProcessStatus, error) {
	return c.trueOrStatuses(ctx, "supervisor.disableProcess", name, stop)
}

// ScaleProgram changes the number of processes of a program and, with wait, returns when that is done. With start, the new ones are
// started as configured. The original has no such method. Source: scaleProgram.
func (c *Client) ScaleProgram(ctx context.Context, program string, numprocs int, wait, start bool) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.scaleProgram", program, numprocs, wait, start)
}
