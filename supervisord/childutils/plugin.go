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

// Method is one method that clients can call.
type Method struct {
	Name string // without the name space and the dot
	Help string // for system.methodHelp
	// Types are the types of the result and of the parameters, in the words of XML-RPC: "int", "boolean", "string",
	// "double", "base64", "dateTime.iso8601", "array", "struct". A call with another number of parameters, or with others, is
	// refused before Do sees it. Empty: anything goes, and Do checks for itself.
	Types []string
	// Do answers a call. Parameters are int64, bool, string, float64, []byte, []any and map[string]any; a dateTime is a
	// string. A result is one of these, or an int, a []string, or a map[string]string. An error that is a *client.Fault
	// goes to the caller as it is; any other becomes the fault 30, FAILED, with its text.
	Do func(ctx context.Context, params []any) (any, error)
}

// Plugin is what a plug-in of supervisord offers: a program that an [rpcinterface:x] section names with command=, and that
// gives clients methods x.something. Make one with NewPlugin, and Run it:
//
//	p := childutils.NewPlugin()
//	p.Handle(childutils.Method{Name: "add", Help: "Add two numbers.", Types: []string{"int", "int", "int"},
//		Do: func(ctx context.Context, params []any) (any, error) {
//			return params[0].(int64) + params[1].(int64), nil
//		}})
//	log.Fatal(p.Run(context.Background()))
//
// A call of supervisord comes in a goroutine of its own, as many at once as the section's call_limit says. Whatever a
// plug-in writes to its standard output or error is logged, but for the events that Emit makes.
type Plugin struct {
	namespace string
	methods   map[string]*Method
	event     func(context.Context, Event) error
}

// NewPlugin makes a plug-in without methods, with the name space of the section that started this program.
func NewPlugin() *Plugin { return NewPluginIn(Namespace()) }

// NewPluginIn makes a plug-in for another name space, such as that of a section with url=.
func NewPluginIn(namespace string) *Plugin {
	return &Plugin{namespace: namespace, methods: map[string]*Method{}}
}

// Namespace is the x of the section [rpcinterface:x] that started this program, empty if none did.
func Namespace() string { return os.Getenv("SUPERVISOR_NAMESPACE") }

// Option is one of the section's own keys, those that mean nothing to supervisord.
func Option(key string) (text string, ok bool) { return os.LookupEnv(api.OptionVariable(key)) }

// Handle offers a method. It must be called before Run.
func (p *Plugin) Handle(m Method) { p.methods[p.namespace+"."+m.Name] = &m }

// HandleEvents takes the events. An event that f returns an error for comes again, later, and holds up those behind it.
func (p *Plugin) HandleEvents(f func(context.Context, Event) error) { p.event = f }

// Run answers on the socket that supervisord gave this program, until the context ends.
func (p *Plugin) Run(ctx context.Context) error {
	l, err := net.FileListener(os.Stdin)
	if err != nil {
		return fmt.Errorf("standard input is no socket: this program has to be started by supervisord: %w", err)
	}
	return p.Serve(ctx, l)
}

// Serve answers on l until the context ends, and closes it.
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

// maxRequest is the largest request that supervisord takes, and passes on, in bytes; a call is a bit longer than what it
// was made from.
const maxRequest = 64 << 20

// ServeHTTP answers one call, on any path.
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

// answer is the response to a call, or the fault.
func (p *Plugin) answer(ctx context.Context, call xmlrpc.Call) []byte {
	result, err := p.do(ctx, call)
	if err == nil {
		var v xmlrpc.Value
		if v, err = value(result); err == nil {
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
		params = append(params, plain(v))
	}
	switch call.Method {
	case "system.listMethods":
		return p.names(), nil
	case "system.methodHelp", "system.methodSignature":
		return p.about(call)
	case "supervisor.event":
		return true, p.take(ctx, call.Params)
	}
	m := p.methods[call.Method]
	if m == nil {
		return nil, api.NewFault(api.UnknownMethod, "")
	}
	if len(m.Types) > 0 && !fit(m.Types[1:], call.Params) {
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

func (p *Plugin) about(call xmlrpc.Call) (any, error) {
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

// take hands an event on.
func (p *Plugin) take(ctx context.Context, params []xmlrpc.Value) error {
	if p.event == nil {
		return errors.New("this plug-in takes no events")
	}
	if !fit([]string{"struct", "string"}, params) {
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

// Emit makes an event of one of the section's event_types. W is os.Stdout or os.Stderr; event and payload together must
// not exceed its capture_maxbytes. It is one write, so that nothing else comes between.
func Emit(w io.Writer, event, payload string) error {
	if strings.Contains(payload, endToken) {
		return errors.New("the payload of an event holds the token that ends it")
	}
	_, err := io.WriteString(w, beginToken+event+"\n"+payload+endToken)
	return err
}
