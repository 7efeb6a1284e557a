// Package rest is the JSON API below /api/v1: a table of its routes, with their least roles, parameters, answers and help, and for each a
// function that reads the request, calls package operations and writes the answer. It knows JSON and problem documents (RFC 9457), and
// decides nothing about processes. httpd calls Serve, in the goroutine of the request, after authentication, with a body that it has
// received. Without clients nothing runs.
package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/origin"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// Prefix begins the paths of all routes, and Version is that of the API: members are added, none is renamed or removed.
const (
	Prefix  = "/api/v1"
	Version = "1"
)

// About is what the API says about supervisord beyond what operations know.
type About struct {
	Started time.Time // of supervisord
	File    string    // the configuration file
}

// Server answers requests for one run of supervisord.
type Server struct {
	ops   *operations.Service
	about About
	host  string
}

// New makes a Server.
func New(ops *operations.Service, about About) *Server {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return &Server{ops: ops, about: about, host: host}
}

// request is a request that is being answered.
type request struct {
	*Server
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context
	ops    *operations.Service // for the caller
	caller *access.Caller
	route  *route
	args   []string // what is in the path in place of names in braces
	query  url.Values
	note   audit.Call         // of the audit log
	err    error              // that the request is answered with
	done   context.CancelFunc // ends ctx; nil: it is that of the request
}

func (q *request) history() *history.Ring { return q.ops.History() }

// Serve answers a request, whose path begins with /api.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	q := &request{Server: s, w: w, r: r, ctx: r.Context(), ops: s.ops.For(r.Context()), caller: access.Of(r.Context())}
	to, args, methods := find(r.Method, r.URL.EscapedPath())
	if q.route, q.args = to, args; to != nil {
		q.begin()
	}
	switch {
	case len(methods) > 0:
		header.Set("Allow", strings.Join(methods, ", "))
		q.problem(http.StatusMethodNotAllowed, r.Method+" is not allowed here")
	case to == nil:
		q.problem(http.StatusNotFound, "there is no "+r.URL.Path)
	case !safe(r.Method) && crossSite(r):
		q.problem(http.StatusForbidden, "the request comes from a page of another site")
	case !q.mayCall():
		q.fault(http.StatusForbidden, api.NewFault(api.NotAllowed, q.caller.Name()+" may not "+r.Method+" "+r.URL.Path))
	default:
		if problem := q.readQuery(); problem != "" {
			q.problem(http.StatusBadRequest, problem)
			return
		}
		if status, problem := q.checkBody(); status != 0 {
			q.problem(status, problem)
			return
		}
		defer func() {
			if q.done != nil {
				q.done()
			}
		}()
		to.serve(q)
	}
}

// mayCall reports whether the caller may use the route.
func (q *request) mayCall() bool {
	return q.caller.May(q.route.role) && !(q.route.daemon && q.caller.HasOwn())
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// crossSite reports whether a page of another site made the request.
func crossSite(r *http.Request) bool {
	site, _ := origin.Of(r)
	return site == origin.CrossSite || site == origin.SameSite
}

// readQuery reads the parameters, of which each is known and there once.
func (q *request) readQuery() (problem string) {
	var err error
	if q.query, err = url.ParseQuery(q.r.URL.RawQuery); err != nil {
		return "the query is malformed"
	}
	for name, values := range q.query {
		switch p := q.route.param(name); {
		case p == nil:
			return "there is no parameter " + shown(name)
		case len(values) > 1:
			return "the parameter " + name + " is there twice"
		case p.choices != nil && !p.allows(values[0]):
			return "bad value of " + name + ": " + shown(values[0])
		}
	}
	return ""
}

// flag is a parameter that is true or false.
func (q *request) flag(name string) bool { return q.query.Get(name) == "true" }

// number is a parameter within limits; without it, absent. It answers the request and returns false if there is a problem.
func (q *request) number(name string, least, most, absent int) (n int, ok bool) {
	text := q.query.Get(name)
	if !q.query.Has(name) {
		return absent, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		q.problem(http.StatusBadRequest, "bad value of "+name+": "+shown(text)+" is not a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return 0, false
	}
	return n, true
}

// shown is what a client sent, for a problem document.
func shown(text string) string {
	const most = 200
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strconv.Quote(text)
}

// answer sends a JSON text.
func (q *request) answer(status int, body []byte) {
	if size := int64(cap(body)); len(body) > budget.SmallAnswer {
		if !budget.Answers.Take(size) {
			q.w.Header().Set("Retry-After", "1")
			q.problem(http.StatusServiceUnavailable, "too many bytes of answers wait to be sent")
			return
		}
		defer budget.Answers.Release(size)
	}
	q.send(status, "application/json", body)
}

func (q *request) send(status int, contentType string, body []byte) {
	q.end(status)
	header := q.w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	q.w.WriteHeader(status)
	if q.r.Method != http.MethodHead {
		_, _ = q.w.Write(body) // fails if the client has disconnected
	}
}

// fail answers with the problem of an error of operations. It closes the connection if there is no answer: the client has disconnected, or
// supervisord has ended.
func (q *request) fail(err error) {
	fault := api.FaultOf(err)
	switch {
	case fault != nil:
		q.fault(q.statusOf(fault), err)
	case errors.Is(err, supervisor.ErrDown), errors.Is(err, context.Canceled):
		q.err = err
		q.end(0)
		panic(http.ErrAbortHandler)
	default:
		q.ops.Log().Critf("%s %s failed: %v", q.r.Method, q.route.path, err)
		q.problem(http.StatusInternalServerError, "")
	}
}
