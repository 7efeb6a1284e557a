package rest

import (
	"net/http"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/operations"
)

var groupObject = &object[operations.GroupView]{name: "Group", help: "an active group", members: []member[operations.GroupView]{
	{"name", "", texts, func(b []byte, g *operations.GroupView) []byte { return appendText(b, g.Name) }},
	{"priority", "", integers, func(b []byte, g *operations.GroupView) []byte { return appendInt(b, g.Priority) }},
	{"processes", "its processes, in the order in which they start", listOf(groupProcess.ref()), func(b []byte, g *operations.GroupView) []byte {
		return appendList(b, g.Processes, groupProcess.append)
	}},
}}

var groupProcess = &object[operations.GroupMember]{name: "GroupProcess", help: "a process of a group", members: []member[operations.GroupMember]{
	{"name", "", texts, func(b []byte, p *operations.GroupMember) []byte { return appendText(b, p.Name) }},
	{"state", "", oneOf(stateNames()...), func(b []byte, p *operations.GroupMember) []byte { return appendText(b, p.State.String()) }},
	{"statecode", "", integers, func(b []byte, p *operations.GroupMember) []byte { return appendInt(b, int(p.State)) }},
}}

var groupsObject = &object[[]operations.GroupView]{name: "Groups", help: "the active groups, by name", members: []member[[]operations.GroupView]{
	{"groups", "", listOf(groupObject.ref()), func(b []byte, list *[]operations.GroupView) []byte {
		return appendList(b, *list, groupObject.append)
	}},
}}

func (q *request) groups() {
	list, err := q.ops.Groups()
	if err != nil {
		q.fail(err)
		return
	}
	q.answer(http.StatusOK, groupsObject.append(nil, &list))
}

func (q *request) group() {
	g, err := q.ops.Group(q.args[0])
	if err != nil {
		q.fail(err)
		return
	}
	q.answer(http.StatusOK, groupObject.append(nil, &g))
}

// groupRoutes are those about groups.
var groupRoutes = []route{
	{method: "GET", path: "/groups", role: access.Read, help: "The active groups.", answer: groupsObject.ref(), serve: (*request).groups},
	{method: "GET", path: "/groups/{group}", role: access.Read, help: "An active group.", answer: groupObject.ref(), serve: (*request).group},
}
