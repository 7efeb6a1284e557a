package rpc

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

var (
	writeInfo   = structWriter(api.ProcessMembers[:])
	writeStatus = structWriter(api.StatusMembers[:])
)

// structWriter returns a function that writes a T as a struct of these members. Their names are encoded once, here: the
// answer about a thousand processes has 14,000 members.
func structWriter[T any](members []api.Member[T]) func(*xmlrpc.Encoder, *T) {
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
		e.BeginStruct()
		for i := range all {
			if m := &all[i]; m.text != nil {
				e.StringMember(m.tag, *m.text(v))
			} else {
				e.IntMember(m.tag, int64(*m.number(v)))
			}
		}
		e.EndStruct()
	}
}
