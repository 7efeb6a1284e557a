package client

import "context"

// RotateLog rotates the main log. It returns false if that is empty. The original has no such method. Source: rotateLog.
func (c *Client) RotateLog(ctx context.Context) (rotated bool, err error) {
	err = c.Call(ctx, &rotated, "supervisor.rotateLog")
	return rotated, err
}

// RotateProcessLogs rotates both logs of a process, or of those of a group, GROUP:*. The original has no such method. Source:
// rotateProcessLogs.
func (c *Client) RotateProcessLogs(ctx context.Context, name string) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.rotateProcessLogs", name)
}

// RotateAllProcessLogs rotates the logs of all processes. The original has no such method. Source: rotateAllProcessLogs.
func (c *Client) RotateAllProcessLogs(ctx context.Context) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.rotateAllProcessLogs")
}

// WaitForRotatedLogs returns when no rotated log waits to be compressed or deleted. The original has no such method. Source:
// waitForRotatedLogs.
func (c *Client) WaitForRotatedLogs(ctx context.Context) error {
	return c.done(ctx, "supervisor.waitForRotatedLogs")
}

// ReadAuditLog returns the last lines of the audit log, the oldest first; each is an object in JSON. The original has no such method. Source:
// readAuditLog.
func (c *Client) ReadAuditLog(ctx context.Context, lines int) (list []string, err error) {
	err = c.Call(ctx, &list, "supervisor.readAuditLog", lines)
	return list, err
}

// ReopenLog opens the main log again. The original has no such method. Source: reopenLog.
func (c *Client) ReopenLog(ctx context.Context) error {
	return c.done(ctx, "supervisor.reopenLog")
}

// ReopenProcessLogs opens both logs of a process again, or of those of a group, GROUP:*. The original has no such method. Source:
// reopenProcessLogs.
func (c *Client) ReopenProcessLogs(ctx context.Context, name string) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.reopenProcessLogs", name)
}

// ReopenAllProcessLogs opens the logs of all processes again. The original has no such method. Source: reopenAllProcessLogs.
func (c *Client) ReopenAllProcessLogs(ctx context.Context) ([]ProcessStatus, error) {
	return c.statuses(ctx, "supervisor.reopenAllProcessLogs")
}
