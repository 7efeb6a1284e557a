package rpc

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

var (
	writeInfoMembers = membersWriter(api.ProcessMembers[:])
	writeStatus      = structWriter(api.StatusMembers[:])
)

// writeInfo writes a process as a struct, with the optional members that it has.
func writeInfo(e *xmlrpc.Encoder, p *api.ProcessInfo) {
	e.BeginStruct()
	writeInfoMembers(e, p)
	if p.More != nil {
		writeMore(e, p.More)
	}
	e.EndStruct()
}

func writeMore(e *xmlrpc.Encoder, more *api.ProcessMore) {
	for i := range api.MoreMembers {
		m := &api.MoreMembers[i]
		switch {
		case m.Text != nil:
			if v := *m.Text(more); v != "" {
				e.Member(m.Name)
				e.String(v)
			}
		case m.Flag != nil:
			if v := *m.Flag(more); v != nil {
				e.Member(m.Name)
				e.Bool(*v)
			}
		default:
			if v := *m.Number(more); v != nil {
				e.Member(m.Name)
				e.Int(int64(*v))
			}
		}
	}
}

// writeStruct writes a struct of few members: their names, each before its value, which is a string, a bool or an int.
func writeStruct(e *xmlrpc.Encoder, members ...any) {
	e.BeginStruct()
	for i := 0; i < len(members); i += 2 {
		e.Member(members[i].(string))
		switch v := members[i+1].(type) {
		case string:
			e.String(v)
		case bool:
			e.Bool(v)
		case int:
			e.Int(int64(v))
		}
	}
	e.EndStruct()
}

// structWriter returns a function that writes a T as a struct of these members.
func structWriter[T any](members []api.Member[T]) func(*xmlrpc.Encoder, *T) {
	write := membersWriter(members)
	return func(e *xmlrpc.Encoder, v *T) {
		e.BeginStruct()
		write(e, v)
		e.EndStruct()
	}
}

// membersWriter returns a function that writes these members of a T. Their names are encoded once, here: the answer about a
// thousand processes has 14,000 members.
func membersWriter[T any](members []api.Member[T]) func(*xmlrpc.Encoder, *T) {
	type encoded struct {
		tag    xmlrpc.MemberTag
		text   func(*T) *string
		number func(*T) *int
	}
	all := make([]encoded, len(members))
	for i, m := range members {
		all[i] = encoded{xmlrpc.IntTag(m.Name), m.Text, m.Number}
		if m.Text != nil {
			all[i].tag = xmlrpc.StringTag(m.Name)
		}
	}
	return func(e *xmlrpc.Encoder, v *T) {
		for i := range all {
			if m := &all[i]; m.text != nil {
				e.StringMember(m.tag, *m.text(v))
			} else {
				e.IntMember(m.tag, int64(*m.number(v)))
			}
		}
	}
}
