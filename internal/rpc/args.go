package rpc

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Method is a row of the table.
type Method struct {
	Name   string
	Role   access.Role // the least role of its callers
	Daemon bool        // it is about supervisord, or about other programs: it is refused to callers with programs of their own
	Help   string      // one or more sentences, for methodHelp
	Params []Param
	Result string // its type and, after a space, its meaning; for methodHelp and methodSignature
	Shared bool   // concurrent calls share a response; only for methods that have no parameters and do not wait
	Waits  bool   // a call may wait for processes; init sets it for methods with a parameter of the name wait
	Ours   bool   // the original does not have it: it is listed after those that it has
	Do     func(*Server, context.Context, args) (result, error)
	Write  func(*Server, context.Context, args, *xmlrpc.Encoder) error // in place of Do: writes the result as it comes
}

// Param is one parameter of a method.
type Param struct {
	Name     string
	Type     string // "string", "int", "boolean", "array", "struct"; "signal" and "level" are a string or an int
	Help     string
	Optional bool // for the last parameters only; a missing boolean is true,
	Off      bool // or false
}

// args are the parameters of one call, converted to the types in the table.
type args []xmlrpc.Value

func (a args) text(i int) string { return a[i].Text }
func (a args) int(i int) int64   { return a[i].Number }
func (a args) bool(i int) bool   { return i >= len(a) || a[i].Number != 0 }

// arguments checks the number of parameters and converts them. Strings and fractions are accepted for numbers, and any value
// for booleans, because the original accepts them.
func (m *Method) arguments(params []xmlrpc.Value) (args, error) {
	required := len(m.Params)
	for required > 0 && m.Params[required-1].Optional {
		required--
	}
	if len(params) < required || len(params) > len(m.Params) {
		return nil, api.NewFault(api.IncorrectParameters, "")
	}
	a := make(args, len(params))
	for i, v := range params {
		ok := false
		if a[i], ok = convert(v, m.Params[i].Type); !ok {
			return nil, api.NewFault(api.IncorrectParameters, shown(v))
		}
	}
	return a, nil
}

func convert(v xmlrpc.Value, to string) (xmlrpc.Value, bool) {
	switch to {
	case "boolean":
		n := int64(0)
		if v.Truth() {
			n = 1
		}
		return xmlrpc.Value{Kind: xmlrpc.Bool, Number: n}, true
	case "int":
		n, ok := number(v)
		return xmlrpc.Value{Kind: xmlrpc.Int, Number: n}, ok
	case "signal":
		if v.Kind == xmlrpc.Int {
			return xmlrpc.Value{Kind: xmlrpc.String, Text: strconv.FormatInt(v.Number, 10)}, true
		}
		return v, v.Kind == xmlrpc.String
	case "level":
		return v, v.Kind == xmlrpc.String || v.Kind == xmlrpc.Int
	case "array":
		return v, v.Kind == xmlrpc.Array
	case "struct":
		return v, v.Kind == xmlrpc.Struct
	}
	return v, v.Kind == xmlrpc.String || v.Kind == xmlrpc.Base64
}

// number converts v to an integer; fractions are truncated.
func number(v xmlrpc.Value) (int64, bool) {
	switch v.Kind {
	case xmlrpc.Int, xmlrpc.Bool:
		return v.Number, true
	case xmlrpc.Double:
		return int64(v.Float), !math.IsNaN(v.Float) && math.Abs(v.Float) < 1<<62
	case xmlrpc.String:
		n, err := strconv.ParseInt(strings.TrimSpace(v.Text), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// shown is the text of a parameter in the fault that refuses it, empty for arrays and structs.
func shown(v xmlrpc.Value) string {
	switch v.Kind {
	case xmlrpc.Int:
		return strconv.FormatInt(v.Number, 10)
	case xmlrpc.Bool:
		return map[int64]string{0: "False", 1: "True"}[v.Number]
	case xmlrpc.Double:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	}
	return v.Text
}
