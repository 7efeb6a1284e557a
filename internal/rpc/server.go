// Package rpc is the XML-RPC interface: each method as a Go method, and one table with their names, parameters, help and
// signatures. Only what the table lists can be called. It alone turns what goes wrong into faults. Methods run in the
// goroutine of their request and reach the loop through supervisor.Do; waiting for a process is theirs to do, not the
// loop's.
package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Server answers calls for one Supervisor.
type Server struct {
	sup     *supervisor.Supervisor
	methods map[string]*Method  // that are built in, by their whole names
	rounds  map[*Method]*rounds // of the methods whose answers are shared
}

// New makes a Server that offers the methods of these interfaces, of the plug-ins that are active, and of "system".
func New(sup *supervisor.Supervisor, interfaces ...config.Interface) *Server {
	s := &Server{sup: sup, methods: offered(interfaces), rounds: map[*Method]*rounds{}}
	for _, m := range s.methods {
		if m.Shared && s.rounds[m] == nil {
			s.rounds[m] = new(rounds)
		}
	}
	return s
}

// result writes what a method answers.
type result func(*xmlrpc.Encoder)

// ServeXMLRPC answers one request and appends the answer to dst. If done is not nil, the answer is shared with other
// requests instead, stands alone, and done must be called when it has been sent. Status is the HTTP status; 0 says that the
// connection must be closed without an answer, because supervisord went down before there was one.
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
	response, done, err = s.answer(ctx, call, dst)
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

// answer makes the answer of a call; as to done see ServeXMLRPC.
func (s *Server) answer(ctx context.Context, call xmlrpc.Call, dst []byte) (response []byte, done func(), err error) {
	if m := s.methods[call.Method]; s.rounds[m] != nil && len(call.Params) == 0 {
		return s.rounds[m].serve(s, m)
	}
	res, err := s.call(ctx, call.Method, call.Params)
	if err != nil {
		return nil, nil, err
	}
	e := xmlrpc.NewEncoder(dst)
	res(e)
	return e.Finish(), nil, nil
}

// call runs one method. A fault is an *api.Fault.
func (s *Server) call(ctx context.Context, name string, params []xmlrpc.Value) (result, error) {
	m := s.methods[name]
	if m == nil {
		return s.extension(ctx, name, params)
	}
	a, err := m.arguments(params)
	if err != nil {
		return nil, err
	}
	return m.Do(s, ctx, a)
}

// change runs f in the loop, unless supervisord is shutting down: then it returns the fault that says so.
func (s *Server) change(f func(*supervisor.Loop) error) (err error) {
	down := s.sup.Do(func(l *supervisor.Loop) {
		if err = s.checkRunning(); err == nil {
			err = f(l)
		}
	})
	return cmp.Or(down, err)
}

// read is change for an f that changes nothing: shared answers that were made before it stay valid.
func (s *Server) read(f func(supervisor.View) error) (err error) {
	down := s.sup.Read(func(v supervisor.View) {
		if err = s.checkRunning(); err == nil {
			err = f(v)
		}
	})
	return cmp.Or(down, err)
}

// checkRunning is read for methods that need nothing from the loop: the hand-over to it would cost as much as all the rest.
func (s *Server) checkRunning() error {
	select {
	case <-s.sup.Down():
		return supervisor.ErrDown
	default:
	}
	if s.sup.State() != api.DaemonRunning {
		return api.NewFault(api.ShutdownState, "")
	}
	return nil
}

func boolean(b bool) result     { return func(e *xmlrpc.Encoder) { e.Bool(b) } }
func integer(n int) result      { return func(e *xmlrpc.Encoder) { e.Int(int64(n)) } }
func text(t string) result      { return func(e *xmlrpc.Encoder) { e.String(t) } }
func logged(b []byte) result    { return func(e *xmlrpc.Encoder) { e.Bytes(b) } }
func badName(name string) error { return api.NewFault(api.BadName, name) }

// array writes each of items with write.
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

// failed is the fault for what nobody expected of a file.
func failed(err error) error { return api.NewFault(api.Failed, fmt.Sprint(err)) }
