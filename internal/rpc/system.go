package rpc

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

func (s *Server) listMethods(ctx context.Context, _ args) (result, error) {
	names := append(slices.Collect(maps.Keys(s.methods)), s.pluginMethods(ctx)...)
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(s.rank(a), s.rank(b)), cmp.Compare(a, b)) })
	return array(names, writeString), nil
}

// rank is 1 for methods that the original does not have, which are listed after the others.
func (s *Server) rank(name string) int {
	if m := s.methods[name]; m != nil && m.Ours {
		return 1
	}
	return 0
}

func (s *Server) methodHelp(ctx context.Context, a args) (result, error) {
	m := s.methods[a.text(0)]
	if m == nil {
		return s.pluginHelp(ctx, a.text(0))
	}
	return text(m.help()), nil
}

// help returns the text of methodHelp, in the format of the original's comments.
func (m *Method) help() string {
	var b strings.Builder
	b.WriteString(m.Help + "\n\n")
	for _, p := range m.Params {
		b.WriteString("@param " + p.wireType() + " " + p.Name + " " + p.Help + "\n")
	}
	typ, meaning, _ := strings.Cut(m.Result, " ")
	b.WriteString("@return " + typ + " result " + meaning + "\n")
	return b.String()
}

func (p Param) wireType() string {
	switch p.Type {
	case "signal":
		return "string"
	case "level":
		return "string|int"
	}
	return p.Type
}

func (s *Server) methodSignature(ctx context.Context, a args) (result, error) {
	m := s.methods[a.text(0)]
	if m == nil {
		return s.pluginSignature(ctx, a.text(0))
	}
	return array(m.signature(), writeString), nil
}

// signature returns the type of the result, then those of the parameters.
func (m *Method) signature() []string {
	typ, _, _ := strings.Cut(m.Result, " ")
	types := []string{typ}
	for _, p := range m.Params {
		types = append(types, p.wireType())
	}
	return types
}

// multicall runs the calls one after the other and writes each result as it comes. The result of a call that fails, or with
// which the answer would be too long, is a fault. What is written is counted at once, because calls that wait can follow.
func (s *Server) multicall(ctx context.Context, a args, e *xmlrpc.Encoder) error {
	var held int64
	defer func() { budget.Answers.Release(held) }()
	begin := e.Mark()
	e.BeginArray()
	items := a[0].Items
	m := s.resumable(ctx, e, items)
	if m != nil {
		ctx = m
	}
	for i := m.first(); i < len(items); i++ {
		item := items[i]
		if item.Kind != xmlrpc.Struct {
			return api.NewFault(api.IncorrectParameters, "")
		}
		mark := e.Mark()
		m.next(i, mark)
		err := s.callItem(ctx, e, item)
		fault := api.FaultOf(err)
		switch {
		case fault != nil:
			writeFault(e, mark, fault)
		case err != nil:
			return err
		}
		if more := int64(e.Mark()-begin) - held; more > budget.SmallAnswer {
			if !budget.Answers.Take(more) {
				return errTooMany
			}
			held += more
		}
	}
	e.EndArray()
	return nil
}

// writeFault writes a fault in place of what was written since the mark.
func writeFault(e *xmlrpc.Encoder, mark int, fault *api.Fault) {
	e.Rewind(mark)
	e.Fault(fault.Code, fault.Text)
	if !e.Fits(mark) { // its text is that of a parameter
		e.Rewind(mark)
		fault = tooLong()
		e.Fault(fault.Code, fault.Text)
	}
}

// callItem runs one call of a multicall.
func (s *Server) callItem(ctx context.Context, e *xmlrpc.Encoder, item xmlrpc.Value) error {
	name, _ := item.Get("methodName")
	params, given := item.Get("params")
	switch {
	case name.Kind != xmlrpc.String || name.Text == "":
		return api.NewFault(api.IncorrectParameters, "No methodName")
	case name.Text == "system.multicall":
		return api.NewFault(api.IncorrectParameters, "Recursive system.multicall forbidden")
	case given && params.Kind != xmlrpc.Array:
		return api.NewFault(api.IncorrectParameters, "")
	}
	return s.call(ctx, e, name.Text, params.Items)
}
