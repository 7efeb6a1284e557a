//go:build unix && !linux

package main

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/api"
)

// upgrade is not available here.
func (d *supervisord) upgrade(context.Context, *life, bool) (api.Upgrade, error) {
	return api.Upgrade{}, api.NewFault(api.Failed, "upgrade is not available on this system")
}

// takeRole is false: no supervisord starts another one for a purpose.
func takeRole() (status int, taken bool) { return 0, false }
