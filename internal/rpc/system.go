package rpc

import (
	"context"
	"errors"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

func (s *Server) listMethods(context.Context, args) (result, error) {
	return array(s.names(), writeString), nil
}

// known is the method of that name, or the fault for methods that are asked about and do not exist.
func (s *Server) known(name string) (*Method, error) {
	if m := methods[name]; m != nil && s.offers(name) {
		return m, nil
	}
	return nil, api.Fault{Code: api.SignatureUnsupported}
}

func (s *Server) methodHelp(_ context.Context, a args) (result, error) {
	m, err := s.known(a.text(0))
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(m.Help + "\n\n")
	for _, p := range m.Params {
		b.WriteString("@param " + p.wireType() + " " + p.Name + " " + p.Help + "\n")
	}
	typ, meaning, _ := strings.Cut(m.Result, " ")
	b.WriteString("@return " + typ + " result " + meaning + "\n")
	return text(b.String()), nil
}

func (p Param) wireType() string {
	if p.Type == "signal" {
		return "string"
	}
	return p.Type
}

func (s *Server) methodSignature(_ context.Context, a args) (result, error) {
	m, err := s.known(a.text(0))
	if err != nil {
		return nil, err
	}
	typ, _, _ := strings.Cut(m.Result, " ")
	types := []string{typ}
	for _, p := range m.Params {
		types = append(types, p.wireType())
	}
	return array(types, writeString), nil
}

// multicall runs the calls one after the other. A call that fails gives a fault in its place; the others go on.
func (s *Server) multicall(ctx context.Context, a args) (result, error) {
	outcomes := make([]result, 0, len(a[0].Items))
	for _, item := range a[0].Items {
		if item.Kind != xmlrpc.Struct {
			return nil, api.Fault{Code: api.IncorrectParameters}
		}
		res, err := s.oneOfMany(ctx, item)
		var fault api.Fault
		switch {
		case errors.As(err, &fault):
			res = func(e *xmlrpc.Encoder) { e.Fault(fault.Code, fault.Error()) }
		case err != nil:
			return nil, err
		}
		outcomes = append(outcomes, res)
	}
	return array(outcomes, func(e *xmlrpc.Encoder, write result) { write(e) }), nil
}

func (s *Server) oneOfMany(ctx context.Context, item xmlrpc.Value) (result, error) {
	name, _ := item.Get("methodName")
	params, given := item.Get("params")
	switch {
	case name.Kind != xmlrpc.String || name.Text == "":
		return nil, api.Fault{Code: api.IncorrectParameters, Detail: "No methodName"}
	case name.Text == "system.multicall":
		return nil, api.Fault{Code: api.IncorrectParameters, Detail: "Recursive system.multicall forbidden"}
	case given && params.Kind != xmlrpc.Array:
		return nil, api.Fault{Code: api.IncorrectParameters}
	}
	return s.call(ctx, name.Text, params.Items)
}
