package childutils

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// sample is a plug-in with a method for each outcome of a call.
func sample() *Plugin {
	p := NewPluginIn("x")
	p.Handle(Method{Name: "add", Help: "Add.", Types: []string{"int", "int", "int"},
		Do: func(_ context.Context, params []any) (any, error) { return params[0].(int64) + params[1].(int64), nil }})
	p.Handle(Method{Name: "any", Do: func(_ context.Context, params []any) (any, error) { return params, nil }})
	p.Handle(Method{Name: "fault", Do: func(context.Context, []any) (any, error) {
		return nil, &client.Fault{Code: 10, Text: "BAD_NAME: x"}
	}})
	p.Handle(Method{Name: "error", Do: func(context.Context, []any) (any, error) { return nil, errors.New("<broken>") }})
	p.Handle(Method{Name: "odd", Do: func(context.Context, []any) (any, error) { return struct{}{}, nil }})
	p.Handle(Method{Name: "large", Do: func(context.Context, []any) (any, error) { return 1 << 40, nil }})
	return p
}

// TestMethods calls each method over HTTP, with package client.
func TestMethods(t *testing.T) {
	server := httptest.NewServer(sample())
	defer server.Close()
	c, err := client.New(server.URL, "", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	call := func(method string, args ...any) (any, string) {
		var result any
		err := c.Call(ctx, &result, method, args...)
		if err != nil {
			return nil, err.Error()
		}
		return result, ""
	}
	for _, test := range []struct {
		method string
		args   []any
		want   any
		err    string
	}{
		{"x.add", []any{2, 3}, int64(5), ""},
		{"x.add", []any{2}, nil, "fault 2: INCORRECT_PARAMETERS"},
		{"x.add", []any{"2", 3}, nil, "fault 2: INCORRECT_PARAMETERS"},
		{"x.any", []any{1, true, "a <b>", 1.5, []any{"x"}, map[string]any{"k": 1}},
			[]any{int64(1), true, "a <b>", 1.5, []any{"x"}, map[string]any{"k": int64(1)}}, ""},
		{"x.fault", nil, nil, "fault 10: BAD_NAME: x"},
		{"x.error", nil, nil, "fault 30: FAILED: <broken>"},
		{"x.odd", nil, nil, "fault 30: FAILED: XML-RPC has no type for a result of type struct {}"},
		{"x.large", nil, nil, "fault 30: FAILED: 1099511627776 does not fit into the 32 bits of XML-RPC"},
		{"x.nope", nil, nil, "fault 1: UNKNOWN_METHOD"},
		{"y.add", []any{2, 3}, nil, "fault 1: UNKNOWN_METHOD"},
		{"system.listMethods", nil, []any{"x.add", "x.any", "x.error", "x.fault", "x.large", "x.odd"}, ""},
		{"system.methodHelp", []any{"x.add"}, "Add.", ""},
		{"system.methodHelp", []any{"x.nope"}, nil, "fault 4: SIGNATURE_UNSUPPORTED"},
		{"system.methodSignature", []any{"x.add"}, []any{"int", "int", "int"}, ""},
		{"system.methodSignature", []any{"x.any"}, nil, "fault 4: SIGNATURE_UNSUPPORTED"},
		{"supervisor.event", []any{map[string]any{}, "x"}, nil, "fault 30: FAILED: this plug-in does not accept events"},
	} {
		got, err := call(test.method, test.args...)
		if d := cmp.Diff(test.want, got); d != "" || err != test.err {
			t.Errorf("%s%v: %q, want %q\n%s", test.method, test.args, err, test.err, d)
		}
	}
	if err := c.Call(ctx, new(any), ""); err == nil {
		t.Error("a call without a method was answered")
	}
}

// TestValues converts values in both directions.
func TestValues(t *testing.T) {
	for _, v := range []xmlrpc.Value{{Kind: xmlrpc.Base64, Text: "a\x00"}, {Kind: xmlrpc.Bool}, {Kind: xmlrpc.Array}} {
		got, err := toValue(fromValue(v))
		if d := cmp.Diff(v, got); d != "" || err != nil {
			t.Errorf("%v, %s", err, d)
		}
	}
	got, err := toValue(map[string]string{"b": "2", "a": "1"})
	if err != nil || len(got.Members) != 2 || got.Members[0].Name != "a" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := toValue([]any{nil}); err == nil {
		t.Error("nil is accepted")
	}
	if fromValue(xmlrpc.Value{Kind: xmlrpc.DateTime, Text: "20060102T15:04:05"}) != "20060102T15:04:05" {
		t.Error("a date is not converted to its text")
	}
}

// TestEvent shows that an event reaches the function, and that its error becomes a fault.
func TestEvent(t *testing.T) {
	p := sample()
	var got Event
	var refuse error
	p.HandleEvents(func(_ context.Context, e Event) error { got = e; return refuse })
	params := []xmlrpc.Value{{Kind: xmlrpc.Struct, Members: []xmlrpc.Member{
		{Name: "server", Value: xmlrpc.Value{Kind: xmlrpc.String, Text: "s"}},
		{Name: "pool", Value: xmlrpc.Value{Kind: xmlrpc.String, Text: "x"}},
		{Name: "serial", Value: xmlrpc.Value{Kind: xmlrpc.Int, Number: 7}},
		{Name: "poolserial", Value: xmlrpc.Value{Kind: xmlrpc.Int, Number: 3}},
		{Name: "eventname", Value: xmlrpc.Value{Kind: xmlrpc.String, Text: "TICK_5"}},
	}}, {Kind: xmlrpc.String, Text: "when:5"}}
	call := xmlrpc.Call{Method: "supervisor.event", Params: params}
	if v, _, err := xmlrpc.ParseResponse(p.answer(context.Background(), call)); err != nil || !v.Truth() {
		t.Errorf("%v, %v", v, err)
	}
	if d := cmp.Diff(Event{Payload: "when:5", Header: map[string]string{
		"server": "s", "pool": "x", "serial": "7", "poolserial": "3", "eventname": "TICK_5"}}, got); d != "" {
		t.Error(d)
	}
	refuse = errors.New("not now")
	if _, fault, err := xmlrpc.ParseResponse(p.answer(context.Background(), call)); err != nil || fault == nil || fault.Text != "FAILED: not now" {
		t.Errorf("%v, %v", fault, err)
	}
	call.Params = params[:1]
	if _, fault, err := xmlrpc.ParseResponse(p.answer(context.Background(), call)); err != nil || fault == nil || fault.Code != 2 {
		t.Errorf("%v, %v", fault, err)
	}
}

func TestEmit(t *testing.T) {
	var out bytes.Buffer
	if err := Emit(&out, "DISK", "a\nb"); err != nil || out.String() != "<!--XSUPERVISOR:BEGIN-->DISK\na\nb<!--XSUPERVISOR:END-->" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if err := Emit(&out, "DISK", endToken); err == nil || strings.Count(out.String(), endToken) != 1 {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// TestOption reads options from the environment.
func TestOption(t *testing.T) {
	t.Setenv("SUPERVISOR_NAMESPACE", "x")
	t.Setenv("SUPERVISOR_OPTION_MY_KEY", "v")
	if text, ok := Option("my.key"); text != "v" || !ok || NewPlugin().namespace != "x" {
		t.Errorf("%q, %v", text, ok)
	}
	if _, ok := Option("other"); ok {
		t.Error("an option that does not exist")
	}
	if err := NewPlugin().Run(context.Background()); err == nil {
		t.Error("Run without a socket returned no error")
	}
}
