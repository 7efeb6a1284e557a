package rpc

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// emitEvent is a method that supervisord adds to the namespace of a plug-in that declares event types.
var emitEvent = Method{Name: "emitEvent",
	Params: []Param{{Name: "type", Type: "string", Help: "one of the plug-in's event_types"},
		{Name: "payload", Type: "string", Help: "the payload of the event"}},
	Help: "Emit an event of a type that the plug-in declares.", Result: "boolean always true"}

// plugin splits the name of a method and returns the active plug-in of its namespace, nil if there is none for the caller.
func (s *Server) plugin(ctx context.Context, name string) (x *plugin.Plugin, method string) {
	namespace, method, ok := strings.Cut(name, ".")
	if !ok || !access.Of(ctx).Owns(namespace) {
		return nil, ""
	}
	return s.sup.Plugins()[namespace], method
}

// isEmit reports whether the method of x is emitEvent.
func isEmit(x *plugin.Plugin, method string) bool {
	return method == emitEvent.Name && len(x.Config.EventTypes) > 0
}

// callPlugin calls a method that is not built in.
func (s *Server) callPlugin(ctx context.Context, name string, params []xmlrpc.Value) (result, error) {
	x, method := s.plugin(ctx, name)
	if x == nil {
		return nil, api.NewFault(api.UnknownMethod, "")
	}
	if err := allowed(ctx, &Method{Role: x.Role()}, name); err != nil {
		return nil, err
	}
	if err := s.ops.CheckRunning(); err != nil {
		return nil, err
	}
	if isEmit(x, method) {
		return s.emit(x, params)
	}
	s.calling(name, 1)
	defer s.calling(name, -1)
	v, err := x.Call(ctx, name, params)
	if err != nil {
		return nil, s.pluginError(err)
	}
	return func(e *xmlrpc.Encoder) { e.Value(v) }, nil
}

// calling counts a call of a plug-in that begins or has ended.
func (s *Server) calling(name string, n int) {
	s.plugins.Lock()
	defer s.plugins.Unlock()
	if s.called == nil {
		s.called = map[string]int{}
	}
	if s.called[name] += n; s.called[name] == 0 {
		delete(s.called, name)
	}
}

// Busy returns the name of a method of a plug-in that has been called and has not returned, or "".
func (s *Server) Busy() string {
	s.plugins.Lock()
	defer s.plugins.Unlock()
	names := slices.Sorted(maps.Keys(s.called))
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func (s *Server) emit(x *plugin.Plugin, params []xmlrpc.Value) (result, error) {
	a, err := emitEvent.arguments(params)
	if err != nil {
		return nil, err
	}
	if !x.Declares(a.text(0)) {
		return nil, operations.BadName(a.text(0))
	}
	if err := operations.CheckEvent(len(a.text(1))); err != nil {
		return nil, err
	}
	x.Emit(a.text(0), a.text(1))
	return boolean(true), nil
}

// pluginError turns the error of a call to a plug-in into a fault. A fault of the plug-in stays as it is.
func (s *Server) pluginError(err error) error {
	var down *plugin.DownError
	var failure *plugin.CallError
	switch {
	case api.FaultOf(err) != nil: // the plug-in's own
		return err
	case errors.Is(err, plugin.ErrUnknown):
		return api.NewFault(api.UnknownMethod, "")
	case errors.As(err, &down):
		return api.NewFault(api.NotRunning, down.Error())
	case errors.As(err, &failure):
		s.sup.Log().Warnf("%v", failure)
		return api.NewFault(api.Failed, failure.Error())
	case errors.Is(err, plugin.ErrClosed):
		if s.sup.State() != api.DaemonRunning {
			return supervisor.ErrDown
		}
		return api.NewFault(api.UnknownMethod, "")
	}
	return err
}

// pluginMethods returns the names of the methods of all plug-ins, which are asked concurrently.
func (s *Server) pluginMethods(ctx context.Context) (names []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for namespace, x := range s.sup.Plugins() {
		if !access.Of(ctx).Owns(namespace) {
			continue
		}
		all.Go(func() {
			methods := x.Methods(ctx)
			mu.Lock()
			defer mu.Unlock()
			for _, name := range methods {
				if _, method, _ := strings.Cut(name, "."); !isEmit(x, method) {
					names = append(names, name)
				}
			}
			if isEmit(x, emitEvent.Name) {
				names = append(names, namespace+"."+emitEvent.Name)
			}
		})
	}
	all.Wait()
	return names
}

// describe asks a plug-in about one of its methods; for emitEvent the answer is own.
func describe[T any](ctx context.Context, s *Server, name string, own T,
	ask func(*plugin.Plugin, context.Context, string) (T, error)) (answer T, err error) {
	x, method := s.plugin(ctx, name)
	if x == nil {
		return answer, api.NewFault(api.SignatureUnsupported, "")
	}
	if isEmit(x, method) {
		return own, nil
	}
	answer, err = ask(x, ctx, name)
	switch {
	case err == nil:
	case errors.Is(err, plugin.ErrUnknown), errors.Is(err, plugin.ErrNoSignature):
		err = api.NewFault(api.SignatureUnsupported, "")
	default:
		err = s.pluginError(err)
	}
	return answer, err
}

func (s *Server) pluginHelp(ctx context.Context, name string) (result, error) {
	help, err := describe(ctx, s, name, emitEvent.help(), (*plugin.Plugin).Help)
	return text(help), err
}

func (s *Server) pluginSignature(ctx context.Context, name string) (result, error) {
	types, err := describe(ctx, s, name, emitEvent.signature(), (*plugin.Plugin).Signature)
	return array(types, writeString), err
}
