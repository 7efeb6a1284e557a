package rest

import (
	"net/http"

	"github.com/gosupervisor/supervisor/internal/api"
)

const problemType = "application/problem+json"

// statuses are those of faults. What is not in it is 500.
var statuses = map[int]int{
	api.IncorrectParameters: http.StatusBadRequest,
	api.BadArguments:        http.StatusBadRequest,
	api.BadSignal:           http.StatusBadRequest,
	api.NotAllowed:          http.StatusForbidden,
	api.BadName:             http.StatusNotFound,
	api.AlreadyStarted:      http.StatusConflict,
	api.NotRunning:          http.StatusConflict,
	api.StillRunning:        http.StatusConflict,
	api.AlreadyAdded:        http.StatusConflict,
	api.NoFile:              http.StatusUnprocessableEntity,
	api.NotExecutable:       http.StatusUnprocessableEntity,
	api.SpawnError:          http.StatusUnprocessableEntity,
	api.AbnormalTermination: http.StatusUnprocessableEntity,
	api.CantReread:          http.StatusUnprocessableEntity,
	api.ShutdownState:       http.StatusServiceUnavailable,
}

// statusOf is the status of a fault. NO_FILE of a log is another thing than that of a command.
func (q *request) statusOf(f *api.Fault) int {
	if f.Code == api.NoFile && q.route.noFile != 0 {
		return q.route.noFile
	}
	if status := statuses[f.Code]; status != 0 {
		return status
	}
	return http.StatusInternalServerError
}

// problemOf is what a problem document says.
type problemOf struct {
	status int
	detail string
	fault  *api.Fault // nil: none
}

var problemObject = &object[problemOf]{name: "Problem", help: "why a request failed (RFC 9457)", members: []member[problemOf]{
	{"type", "always about:blank: the status says what it is", texts, func(b []byte, _ *problemOf) []byte { return appendText(b, "about:blank") }},
	{"title", "the words of the status", texts, func(b []byte, p *problemOf) []byte { return appendText(b, http.StatusText(p.status)) }},
	{"status", "the status of the answer", integers, func(b []byte, p *problemOf) []byte { return appendInt(b, p.status) }},
	{"detail", "what is wrong", texts, func(b []byte, p *problemOf) []byte { return appendText(b, p.detail) }},
	{"fault", "the name of the fault of the XML-RPC interface, if there is one", orNull(texts), func(b []byte, p *problemOf) []byte {
		if p.fault == nil {
			return appendNull(b)
		}
		return appendText(b, p.fault.Name())
	}},
	{"code", "its number", orNull(integers), func(b []byte, p *problemOf) []byte {
		if p.fault == nil {
			return appendNull(b)
		}
		return appendInt(b, p.fault.Code)
	}},
}}

// Problem is the problem document for a status that a request gets before it reaches the API.
func Problem(status int) (contentType string, body []byte) {
	return problemType, problemObject.append(nil, &problemOf{status: status})
}

// Problem is the function Problem.
func (s *Server) Problem(status int) (contentType string, body []byte) { return Problem(status) }

func (q *request) problem(status int, detail string) {
	q.send(status, problemType, problemObject.append(nil, &problemOf{status: status, detail: detail}))
}

// fault answers with the problem of an error that is a fault.
func (q *request) fault(status int, err error) {
	q.err = err
	f := api.FaultOf(err)
	q.send(status, problemType, problemObject.append(nil, &problemOf{status, f.Text, f}))
}
