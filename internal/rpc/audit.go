package rpc

import (
	"context"
	"errors"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// errPanic is the error of a method that has not returned.
var errPanic = errors.New("it has not returned")

// note is the entry of the audit log about a call. The calls of a system.multicall have entries, and itself only if it is refused.
type note struct {
	audit.Call
	multicall bool
}

// note begins the entry of a call.
func (s *Server) note(ctx context.Context, name string, params []xmlrpc.Value) (n note) {
	log := s.sup.Audit()
	if !log.Records() {
		return n
	}
	m := s.methods[name]
	role := access.Read // an unknown method does nothing
	if m != nil {
		role = m.Role
	} else if x, _ := s.plugin(ctx, name); x != nil {
		role = x.Role()
	}
	n.multicall = m != nil && m.Write != nil
	n.Call = log.Begin(ctx, audit.RPC, role, name, m.target(params))
	if m != nil && m.Waits {
		n.Waits()
	}
	return n
}

// end ends it with the result of the call.
func (n *note) end(err error) {
	switch fault := api.FaultOf(err); {
	case fault != nil && fault.Code == api.NotAllowed:
		n.Refuse(audit.Result(err))
	case !n.multicall:
		n.End(audit.Result(err))
	}
}

// target is what a call is about: the values of the first parameters, as long as they are names, or types of events. Methods of plug-ins
// have none, because what their parameters are is not known.
func (m *Method) target(params []xmlrpc.Value) string {
	var names []string
	for i := 0; m != nil && i < min(len(params), len(m.Params)) && m.Params[i].isTarget(); i++ {
		if params[i].Kind == xmlrpc.Array {
			for _, item := range params[i].Items {
				names = append(names, item.Text)
			}
		} else {
			names = append(names, params[i].Text)
		}
	}
	return strings.Join(names, " ")
}

func (p *Param) isTarget() bool {
	switch p.Name {
	case "name", "names", "group_name", "program_name", "process_name", "type":
		return true
	}
	return false
}
