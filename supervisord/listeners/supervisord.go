package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// callTimeout bounds a request to supervisord that does not wait for a process.
const callTimeout = time.Minute

// processes returns all processes of supervisord.
func processes(c *client.Client) ([]client.ProcessInfo, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return c.AllProcessInfo(ctx)
}

// restart stops a process and starts it. Stopping takes as long as stopwaitsecs allows, starting as long as startsecs.
func restart(c *client.Client, p client.ProcessInfo) error {
	name, ctx := api.Namespec(p.Group, p.Name), context.Background()
	if _, err := c.StopProcess(ctx, p.Group+":"+p.Name, true); err != nil {
		return fmt.Errorf("failed to stop process %s: %w", name, err)
	}
	if _, err := c.StartProcess(ctx, p.Group+":"+p.Name, true); err != nil {
		return fmt.Errorf("failed to start process %s after stopping it: %w", name, err)
	}
	return nil
}

// listed reports whether a list has a process by its own name or as group:name.
func listed(list []string, group, name string) bool {
	return slices.Contains(list, name) || slices.Contains(list, group+":"+name)
}
