package rpc

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

var writeUpdateAction = structWriter(api.UpdateMembers[:])

func (s *Server) planConfig(_ context.Context, a args) (result, error) {
	o, err := updateFlags(a, 0)
	if err != nil {
		return nil, err
	}
	return updateActions(s.ops.PlanConfig(o))
}

func (s *Server) updateConfig(ctx context.Context, a args) (result, error) {
	o, err := updateFlags(a, 1)
	if err != nil {
		return nil, err
	}
	if len(a) > 0 {
		for _, v := range a[0].Items {
			name, ok := convert(v, "string")
			if !ok {
				return nil, api.NewFault(api.IncorrectParameters, shown(v))
			}
			o.Groups = append(o.Groups, name.Text)
		}
	}
	return updateActions(s.ops.UpdateConfig(ctx, o))
}

func updateActions(list []api.UpdateAction, err error) (result, error) {
	return array(list, func(e *xmlrpc.Encoder, a api.UpdateAction) { writeUpdateAction(e, &a) }), err
}

// updateFlags reads the parameter i, which has the members of updateOptions.
func updateFlags(a args, i int) (o supervisor.UpdateOptions, err error) {
	if i >= len(a) {
		return o, nil
	}
	for _, m := range a[i].Members {
		switch m.Name {
		case "minimal":
			o.Minimal = m.Value.Truth()
		case "start":
			o.NoStart = !m.Value.Truth()
		case "restart":
			o.NoRestart = !m.Value.Truth()
		default:
			return o, api.NewFault(api.IncorrectParameters, "no such option "+m.Name)
		}
	}
	return o, nil
}
