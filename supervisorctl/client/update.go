package client

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// UpdateAction is what an update does, would do or has done. Source: updateConfig.
type UpdateAction = api.UpdateAction

// UpdateOptions say how an update is done.
type UpdateOptions struct {
	Minimal   bool // change groups in place and restart single processes, where that is possible
	NoStart   bool // start nothing that does not run
	NoRestart bool // restart nothing: what runs has new values from its next start; implies Minimal
}

func (o UpdateOptions) members() map[string]any {
	return map[string]any{"minimal": o.Minimal, "start": !o.NoStart, "restart": !o.NoRestart}
}

// PlanConfig has supervisord read its configuration and returns what UpdateConfig would do for all groups. Nothing changes. The original
// does not have this method.
func (c *Client) PlanConfig(ctx context.Context, o UpdateOptions) ([]UpdateAction, error) {
	return c.actions(ctx, "supervisor.planConfig", o.members())
}

// UpdateConfig has supervisord read its configuration and change the active groups to it: those of these names, or all. The original
// does not have this method.
func (c *Client) UpdateConfig(ctx context.Context, groups []string, o UpdateOptions) ([]UpdateAction, error) {
	names := make([]any, len(groups))
	for i, name := range groups {
		names[i] = name
	}
	return c.actions(ctx, "supervisor.updateConfig", names, o.members())
}

func (c *Client) actions(ctx context.Context, method string, args ...any) (list []UpdateAction, err error) {
	err = c.list(ctx, method, func(v xmlrpc.Value) {
		var a UpdateAction
		for _, m := range api.UpdateMembers {
			value, _ := v.Get(m.Name)
			if m.Text != nil {
				*m.Text(&a) = value.Text
			} else {
				*m.Number(&a) = int(value.Number)
			}
		}
		list = append(list, a)
	}, args...)
	return list, err
}
