package rest

import (
	"net/http"
	"os"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

// root is the answer to the address of the API.
type root struct{ identifier, life string }

var rootObject = &object[root]{name: "Root", help: "the API", members: []member[root]{
	{"version", "of supervisord", texts, func(b []byte, _ *root) []byte { return appendText(b, api.Version) }},
	{"api_version", "of the API", texts, func(b []byte, _ *root) []byte { return appendText(b, Version) }},
	{"identifier", "of this supervisord", texts, func(b []byte, r *root) []byte { return appendText(b, r.identifier) }},
	{"life", "begins the ids of events, and is another one after a new start of supervisord", texts,
		func(b []byte, r *root) []byte { return appendText(b, r.life) }},
	{"links", "relative addresses", mapOf(texts), func(b []byte, _ *root) []byte {
		b = append(b, '{')
		for i, name := range links {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, name), ':')
			b = appendText(b, name)
		}
		return append(b, '}')
	}},
}}

// links are the addresses in the answer to that of the API.
var links = []string{"openapi.json", "supervisor", "processes", "groups", "events", "health"}

func (q *request) root() {
	q.answer(http.StatusOK, rootObject.append(nil, &root{q.ops.Identifier(), q.history().Life()}))
}

// daemon is the answer to a request for the state of supervisord.
type daemon struct {
	q      *request
	state  api.DaemonState
	counts map[api.State]int
}

var daemonObject = &object[daemon]{name: "Supervisor", help: "supervisord", members: []member[daemon]{
	{"identifier", "its name", texts, func(b []byte, d *daemon) []byte { return appendText(b, d.q.ops.Identifier()) }},
	{"version", "", texts, func(b []byte, _ *daemon) []byte { return appendText(b, api.Version) }},
	{"state", "its state", texts, func(b []byte, d *daemon) []byte { return appendText(b, d.state.String()) }},
	{"statecode", "the number of the state", integers, func(b []byte, d *daemon) []byte { return appendInt(b, int(d.state)) }},
	{"pid", "its process id", integers, func(b []byte, _ *daemon) []byte { return appendInt(b, os.Getpid()) }},
	{"host", "the name of its host", texts, func(b []byte, d *daemon) []byte { return appendText(b, d.q.host) }},
	{"started", "when it was started", moments, func(b []byte, d *daemon) []byte { return appendTime(b, d.q.about.Started) }},
	{"config_file", "the path of its configuration", texts, func(b []byte, d *daemon) []byte { return appendText(b, d.q.about.File) }},
	{"counts", "the numbers of processes by state", mapOf(integers), func(b []byte, d *daemon) []byte {
		b = append(b, '{')
		for i, s := range api.States {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, s.String()), ':')
			b = appendInt(b, d.counts[s])
		}
		return append(b, '}')
	}},
	{"role", "what the caller may do", oneOf(access.Names()...), func(b []byte, d *daemon) []byte { return appendText(b, d.q.caller.Role.String()) }},
	{"programs", "patterns of the processes that exist for the caller; null: all", orNull(listOf(texts)), func(b []byte, d *daemon) []byte {
		if !d.q.caller.HasOwn() {
			return appendNull(b)
		}
		return appendTexts(b, d.q.caller.Programs())
	}},
}}

func (q *request) supervisor() {
	d := daemon{q: q, counts: map[api.State]int{}}
	list, _, err := q.ops.Views(operations.Filter{}, nil)
	if err != nil {
		q.fail(err)
		return
	}
	for i := range list {
		d.counts[list[i].State]++
	}
	d.state = q.ops.State()
	q.answer(http.StatusOK, daemonObject.append(nil, &d))
}

// supervisorRoutes are those about supervisord.
var supervisorRoutes = []route{
	{method: "GET", path: "/", role: access.Read, help: "The API.", answer: rootObject.ref(), serve: (*request).root,
		operation: "supervisor.getAPIVersion"},
	{method: "GET", path: "/supervisor", role: access.Read, help: "The state of supervisord.", answer: daemonObject.ref(), serve: (*request).supervisor,
		operation: "supervisor.getState"},
	{method: "GET", path: "/health", role: access.Metrics, help: "Whether all is well.", answer: healthObject.ref(), also: []int{http.StatusServiceUnavailable},
		serve: (*request).health, params: []param{
			{name: "mode", help: "`ready` (the default): every process that should run does, and is healthy; `live`: none has failed", choices: []string{"ready", "live"}}}},
}
