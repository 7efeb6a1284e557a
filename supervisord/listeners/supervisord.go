package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	infos, err := c.AllProcessInfo(ctx)
	return infos, callError(err)
}

// restart stops a process and starts it. Stopping takes as long as stopwaitsecs allows, starting as long as startsecs.
func restart(c *client.Client, p client.ProcessInfo) error {
	name, ctx := api.Namespec(p.Group, p.Name), context.Background()
	if _, err := c.StopProcess(ctx, p.Group+":"+p.Name, true); err != nil {
		return fmt.Errorf("failed to stop process %s: %w", name, callError(err))
	}
	if _, err := c.StartProcess(ctx, p.Group+":"+p.Name, true); err != nil {
		return fmt.Errorf("failed to start process %s after stopping it: %w", name, callError(err))
	}
	return nil
}

// namespecs returns the names by which the options of a listener select a process.
func namespecs(group, name string) []string { return []string{name, group + ":" + name, group + ":*"} }

// listed reports whether a list has a process by one of these names.
func listed(list []string, group, name string) bool {
	return slices.ContainsFunc(namespecs(group, name), func(name string) bool { return slices.Contains(list, name) })
}

// callError adds to an error of a call what the user can do about it.
func callError(err error) error {
	var status *client.HTTPError
	if errors.As(err, &status) && status.Code == http.StatusUnauthorized {
		return fmt.Errorf("%w: SUPERVISOR_USERNAME and SUPERVISOR_PASSWORD in environment= of this listener's section must be those of "+
			"the server", err)
	}
	return err
}
