// Package rpc is the XML-RPC interface: a table of its methods, with their names, parameters and help, and for each a Go
// function that decodes the parameters, calls package operations and encodes the result. Only methods in the table, and
// those of plug-ins, can be called. It makes the faults about calls; those about processes come from operations. Methods run
// in the goroutine of their request, never in the loop.
package rpc

import (
	"context"
	"errors"
	"net/http"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Server answers calls for one Supervisor.
type Server struct {
	sup     *supervisor.Supervisor
	ops     *operations.Service
	methods map[string]*Method // built in, by their full names
	caches  map[*Method]*cache // of the methods whose responses are shared
}

// New makes a Server that offers the methods of these interfaces, of the active plug-ins, and of "system".
func New(sup *supervisor.Supervisor, interfaces ...config.Interface) *Server {
	s := &Server{sup: sup, ops: operations.New(sup), methods: offered(interfaces), caches: map[*Method]*cache{}}
	for _, m := range s.methods {
		if m.Shared && s.caches[m] == nil {
			s.caches[m] = new(cache)
		}
	}
	return s
}

// result encodes the result of a method.
type result func(*xmlrpc.Encoder)

// ServeXMLRPC answers one request and appends the response to dst. If done is not nil, the response is shared with other
// requests and not appended; done must be called when it has been sent. Status is the HTTP status; 0 means that the
// connection must be closed without a response, because supervisord has shut down.
func (s *Server) ServeXMLRPC(ctx context.Context, body, dst []byte) (response []byte, done func(), status int) {
	call, err := xmlrpc.ParseCall(body)
	if err != nil {
		reason := xmlrpc.ErrUnmarshallable
		if errors.Is(err, xmlrpc.ErrNoMethodName) {
			reason = xmlrpc.ErrNoMethodName
		}
		s.sup.Log().Errorf("XML-RPC request data %s is invalid: %v", pyrepr.Quote(string(body)), reason)
		return dst, nil, http.StatusBadRequest
	}
	trace := s.sup.Log().Enabled(api.Trace)
	if trace {
		s.sup.Log().Tracef("XML-RPC method called: %s()", call.Method)
	}
	response, done, err = s.respond(ctx, call, dst)
	fault := api.FaultOf(err)
	switch {
	case err == nil:
		if trace {
			s.sup.Log().Tracef("XML-RPC method %s() returned successfully", call.Method)
		}
		return response, done, http.StatusOK
	case fault != nil:
		s.sup.Log().Tracef("XML-RPC method %s() returned fault: [%d] %s", call.Method, fault.Code, fault.Text)
		return xmlrpc.AppendFault(dst, fault.Code, fault.Text), nil, http.StatusOK
	case errors.Is(err, supervisor.ErrDown) || errors.Is(err, context.Canceled):
		return dst, nil, 0
	default:
		s.sup.Log().Critf("XML-RPC method %s() failed: %v", call.Method, err)
		return dst, nil, http.StatusInternalServerError
	}
}

// respond makes the response to a call. For done see ServeXMLRPC.
func (s *Server) respond(ctx context.Context, call xmlrpc.Call, dst []byte) (response []byte, done func(), err error) {
	if m := s.methods[call.Method]; s.caches[m] != nil && len(call.Params) == 0 {
		return s.caches[m].get(s, m)
	}
	write, err := s.call(ctx, call.Method, call.Params)
	if err != nil {
		return nil, nil, err
	}
	e := xmlrpc.NewEncoder(dst)
	write(e)
	return e.Finish(), nil, nil
}

// call runs one method. A fault is an *api.Fault.
func (s *Server) call(ctx context.Context, name string, params []xmlrpc.Value) (result, error) {
	m := s.methods[name]
	if m == nil {
		return s.callPlugin(ctx, name, params)
	}
	a, err := m.arguments(params)
	if err != nil {
		return nil, err
	}
	return m.Do(s, ctx, a)
}

func boolean(b bool) result  { return func(e *xmlrpc.Encoder) { e.Bool(b) } }
func integer(n int) result   { return func(e *xmlrpc.Encoder) { e.Int(int64(n)) } }
func text(t string) result   { return func(e *xmlrpc.Encoder) { e.String(t) } }
func binary(b []byte) result { return func(e *xmlrpc.Encoder) { e.Bytes(b) } }

// done is the result of a method that returns true or a fault.
func done(err error) (result, error) { return boolean(true), err }

// statuses is the result of a method that acts on several processes.
func statuses(list []api.ProcessStatus, err error) (result, error) {
	return func(e *xmlrpc.Encoder) {
		e.BeginArray()
		for i := range list {
			writeStatus(e, &list[i])
		}
		e.EndArray()
	}, err
}

// array encodes each of items with write.
func array[T any](items []T, write func(*xmlrpc.Encoder, T)) result {
	return func(e *xmlrpc.Encoder) {
		e.BeginArray()
		for _, item := range items {
			write(e, item)
		}
		e.EndArray()
	}
}

func writeString(e *xmlrpc.Encoder, t string) { e.String(t) }
