package childutils

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Method is a method of a plug-in.
type Method struct {
	Name string // without the namespace
	Help string // for system.methodHelp
	// Types are the types of the result and of the parameters, as XML-RPC names them: "int", "boolean", "string", "double",
	// "base64", "dateTime.iso8601", "array", "struct". A call with other parameters is refused without Do. If Types is empty,
	// any parameters are accepted.
	Types []string
	// Do carries out a call. A parameter is an int64, bool, string, float64, []byte, []any or map[string]any; a dateTime is a
	// string. The result is one of these, or an int, a []string, or a map[string]string. An error that is a *client.Fault is
	// returned to the caller unchanged; any other becomes the fault 30, FAILED, with its text.
	Do func(ctx context.Context, params []any) (any, error)
}

// Plugin is the server side of a plug-in: a program that is the command= of a section [rpcinterface:x], and has methods
// x.NAME for clients. Make one with NewPlugin, and Run it:
//
//	p := childutils.NewPlugin()
//	p.Handle(childutils.Method{Name: "add", Help: "Add two numbers.", Types: []string{"int", "int", "int"},
//		Do: func(ctx context.Context, params []any) (any, error) {
//			return params[0].(int64) + params[1].(int64), nil
//		}})
//	log.Fatal(p.Run(context.Background()))
//
// Each call is answered in its own goroutine; call_limit= of the section bounds their number. Output of a plug-in on its
// standard output and error is logged, except for events of Emit.
type Plugin struct {
	namespace string
	methods   map[string]*Method
	event     func(context.Context, Event) error
}

// NewPlugin makes a plug-in without methods, with the namespace of the section that started this program.
func NewPlugin() *Plugin { return NewPluginIn(Namespace()) }

// NewPluginIn makes a plug-in with another namespace, such as that of a section with url=.
func NewPluginIn(namespace string) *Plugin {
	return &Plugin{namespace: namespace, methods: map[string]*Method{}}
}

// Namespace returns the x of the section [rpcinterface:x] that started this program, empty if there is none.
func Namespace() string { return os.Getenv("SUPERVISOR_NAMESPACE") }

// Option returns a key of the section that supervisord does not know and passes on.
func Option(key string) (text string, ok bool) { return os.LookupEnv(api.OptionVariable(key)) }

// Handle adds a method. It must be called before Run.
func (p *Plugin) Handle(m Method) { p.methods[p.namespace+"."+m.Name] = &m }

// HandleEvents sets the function that receives events. If it returns an error, supervisord sends the event again later, before
// those that follow. It must be called before Run.
func (p *Plugin) HandleEvents(f func(context.Context, Event) error) { p.event = f }

// Run serves the socket that supervisord passes as standard input, until the context ends.
func (p *Plugin) Run(ctx context.Context) error {
	l, err := net.FileListener(os.Stdin)
	if err != nil {
		return fmt.Errorf("standard input is not a socket: supervisord must start this program: %w", err)
	}
	return p.Serve(ctx, l)
}

// Serve accepts calls on l until the context ends, and closes it.
func (p *Plugin) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: p, BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// maxRequest bounds a request, in bytes. supervisord accepts half of that, but a call may grow when it is encoded again.
const maxRequest = 64 << 20

// ServeHTTP answers a call, at any path.
func (p *Plugin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call, err := xmlrpc.ParseCall(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write(p.answer(r.Context(), call))
}

// answer returns the response to a call.
func (p *Plugin) answer(ctx context.Context, call xmlrpc.Call) []byte {
	result, err := p.do(ctx, call)
	if err == nil {
		var v xmlrpc.Value
		if v, err = toValue(result); err == nil {
			e := xmlrpc.NewEncoder(nil)
			e.Value(v)
			return e.Finish()
		}
	}
	fault := api.FaultOf(err)
	if fault == nil {
		fault = api.NewFault(api.Failed, err.Error())
	}
	return xmlrpc.AppendFault(nil, fault.Code, fault.Text)
}

func (p *Plugin) do(ctx context.Context, call xmlrpc.Call) (any, error) {
	var params []any
	for _, v := range call.Params {
		params = append(params, fromValue(v))
	}
	switch call.Method {
	case "system.listMethods":
		return p.names(), nil
	case "system.methodHelp", "system.methodSignature":
		return p.describe(call)
	case "supervisor.event":
		return true, p.handleEvent(ctx, call.Params)
	}
	m := p.methods[call.Method]
	if m == nil {
		return nil, api.NewFault(api.UnknownMethod, "")
	}
	if len(m.Types) > 0 && !haveTypes(m.Types[1:], call.Params) {
		return nil, api.NewFault(api.IncorrectParameters, "")
	}
	return m.Do(ctx, params)
}

func (p *Plugin) names() []string {
	names := []string{}
	for name := range p.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// describe answers system.methodHelp and system.methodSignature.
func (p *Plugin) describe(call xmlrpc.Call) (any, error) {
	unsupported := api.NewFault(api.SignatureUnsupported, "")
	if len(call.Params) != 1 {
		return nil, unsupported
	}
	m := p.methods[call.Params[0].Text]
	switch {
	case m == nil:
		return nil, unsupported
	case call.Method == "system.methodHelp":
		return m.Help, nil
	case len(m.Types) == 0:
		return nil, unsupported
	}
	return m.Types, nil
}

// handleEvent answers supervisor.event.
func (p *Plugin) handleEvent(ctx context.Context, params []xmlrpc.Value) error {
	if p.event == nil {
		return errors.New("this plug-in does not accept events")
	}
	if !haveTypes([]string{"struct", "string"}, params) {
		return api.NewFault(api.IncorrectParameters, "")
	}
	e := Event{Header: map[string]string{}, Payload: params[1].Text}
	for _, m := range params[0].Members {
		e.Header[m.Name] = m.Value.Text
		if m.Value.Kind == xmlrpc.Int {
			e.Header[m.Name] = strconv.FormatInt(m.Value.Number, 10)
		}
	}
	return p.event(ctx, e)
}

// Emit emits an event of one of the section's event_types. w is os.Stdout or os.Stderr; event and payload together must not
// exceed its capture_maxbytes. It makes a single write, so that the event cannot be mixed with other output.
func Emit(w io.Writer, event, payload string) error {
	if strings.Contains(payload, endToken) {
		return errors.New("the payload of an event contains the token that ends it")
	}
	_, err := io.WriteString(w, beginToken+event+"\n"+payload+endToken)
	return err
}
