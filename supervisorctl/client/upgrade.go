package client

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Upgrade is what became of a request to upgrade supervisord.
type Upgrade = api.Upgrade

// Upgrade executes the supervisord that is installed now in place of the running one, which its programs and clients do not notice. In
// a dry run it finds out only whether that is possible. The original has no such method. Source: docs/upgrade.md#what-goes-on.
func (c *Client) Upgrade(ctx context.Context, dryRun bool) (u Upgrade, err error) {
	v, err := c.value(ctx, "supervisor.upgrade", dryRun)
	if err != nil {
		return u, err
	}
	return Upgrade{From: memberText(v, "from"), To: memberText(v, "to"), Note: memberText(v, "note")}, nil
}
