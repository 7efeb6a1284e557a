// Package rpc is the XML-RPC interface: a table of its methods, with their names, parameters and help, and for each a Go
// function that decodes the parameters, calls package operations and encodes the result. Only methods in the table, and
// those of plug-ins, can be called. It makes the faults about calls; those about processes come from operations. Methods run
// in the goroutine of their request, never in the loop.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Server answers calls for one Supervisor.
type Server struct {
	sup     *supervisor.Supervisor
	ops     *operations.Service
	methods map[string]*Method // built in, by their full names
	caches  map[*Method]*cache // of the methods whose responses are shared
	plugins sync.Mutex         // guards called
	called  map[string]int     // the calls of plug-ins that have not returned, by method
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
	if call.Binary && call.Method != binaryMethod {
		err = xmlrpc.ErrUnmarshallable
	}
	if err != nil {
		reason := xmlrpc.ErrUnmarshallable
		if errors.Is(err, xmlrpc.ErrNoMethodName) {
			reason = xmlrpc.ErrNoMethodName
		}
		s.sup.Log().Errorf("XML-RPC request data %s is invalid: %v", quoted(body), reason)
		return dst, nil, http.StatusBadRequest
	}
	trace := s.sup.Log().Enabled(api.Trace)
	if trace && !waiting.Resumed(ctx) {
		s.sup.Log().Tracef("XML-RPC method called: %s()", logged(call.Method))
	}
	response, done, err = s.respond(ctx, call, dst)
	fault := api.FaultOf(err)
	switch {
	case err == nil:
		if trace {
			s.sup.Log().Tracef("XML-RPC method %s() returned successfully", logged(call.Method))
		}
		return response, done, http.StatusOK
	case fault != nil:
		if len(fault.Text) > maxFault() { // it is that of a parameter
			fault = tooLong()
		}
		if trace {
			s.sup.Log().Tracef("XML-RPC method %s() returned fault: [%d] %s", logged(call.Method), fault.Code, logged(fault.Text))
		}
		return xmlrpc.AppendFault(dst, fault.Code, fault.Text), nil, http.StatusOK
	case errors.Is(err, supervisor.ErrDown) || errors.Is(err, context.Canceled):
		return dst, nil, 0
	case errors.Is(err, errTooMany):
		return dst, nil, http.StatusServiceUnavailable
	default:
		s.sup.Log().Critf("XML-RPC method %s() failed: %v", logged(call.Method), err)
		return dst, nil, http.StatusInternalServerError
	}
}

// binaryMethod is the one method that takes any bytes, as <base64>; all others take text.
const binaryMethod = "supervisor.sendProcessStdin"

// maxLogged is how much of what a client sent is logged, in bytes.
const maxLogged = 200

// quoted returns the beginning of a body for the log, in the original's notation.
func quoted(body []byte) string {
	if len(body) <= maxLogged {
		return pyrepr.Quote(string(body))
	}
	return fmt.Sprintf("%s (the first %d of %d bytes)", pyrepr.Quote(string(body[:maxLogged])), maxLogged, len(body))
}

// logged returns the beginning of a text for the log.
func logged(text string) string {
	if len(text) <= maxLogged {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:maxLogged], len(text))
}

// respond makes the response to a call. For done see ServeXMLRPC.
func (s *Server) respond(ctx context.Context, call xmlrpc.Call, dst []byte) (response []byte, done func(), err error) {
	if m := s.methods[call.Method]; s.caches[m] != nil && len(call.Params) == 0 && !access.Of(ctx).HasOwn() {
		note := s.note(ctx, call.Method, nil)
		if err := allowed(ctx, m, call.Method); err != nil {
			note.end(err)
			return nil, nil, err
		}
		response, done, err := s.caches[m].get(s, m)
		note.end(err)
		return response, done, err
	}
	e := xmlrpc.NewLimited(dst, len(dst)+int(budget.Answer.Limit))
	if err := s.call(ctx, e, call.Method, call.Params); err != nil {
		return nil, nil, err
	}
	return e.Finish(), nil, nil
}

// call runs one method and writes its result. A fault is an *api.Fault.
func (s *Server) call(ctx context.Context, e *xmlrpc.Encoder, name string, params []xmlrpc.Value) (err error) {
	note, err := s.note(ctx, name, params), errPanic
	defer func() { note.end(err) }()
	write, err := s.run(ctx, e, name, params)
	if err != nil || write == nil {
		return err
	}
	mark := e.Mark()
	write(e)
	if !e.Fits(mark) {
		return tooLong()
	}
	return nil
}

// maxFault returns the length of the longest text of a fault, in bytes: encoded, it fits into an answer.
func maxFault() int { return int(budget.Answer.Limit) / 8 }

// tooLong is the fault for a result with which the answer would be too long.
func tooLong() *api.Fault {
	return api.NewFault(api.Failed, fmt.Sprintf("the answer would have more than %d bytes", budget.Answer.Limit))
}

// run runs one method. The result is nil if the method has written it to e.
func (s *Server) run(ctx context.Context, e *xmlrpc.Encoder, name string, params []xmlrpc.Value) (result, error) {
	m := s.methods[name]
	if m == nil {
		return s.callPlugin(ctx, name, params)
	}
	if err := allowed(ctx, m, name); err != nil {
		return nil, err
	}
	a, err := m.arguments(params)
	switch {
	case err != nil:
		return nil, err
	case m.Write != nil:
		return nil, m.Write(s, ctx, a, e)
	}
	return m.Do(s, ctx, a)
}

// allowed returns the fault for a call of a method that is not allowed to its caller.
func allowed(ctx context.Context, m *Method, name string) error {
	if c := access.Of(ctx); !c.May(m.Role) || m.Daemon && c.HasOwn() {
		return api.NewFault(api.NotAllowed, c.Name()+" may not call "+name)
	}
	return nil
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
