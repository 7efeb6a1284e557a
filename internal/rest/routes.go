package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
)

// route is a row of the table of routes.
type route struct {
	method, path string      // below Prefix; names in braces stand for one part of the path
	role         access.Role // the least role of its callers
	daemon       bool        // it is about supervisord, and not for callers with programs of their own
	operation    string      // the XML-RPC method that does the same; empty: none
	help         string
	params       []param
	body         schema // of a JSON body; nil: there is none
	binary       bool   // the body is bytes
	status       int    // of the answer; 0: 200
	also         []int  // further statuses, with the same answer
	answer       schema // nil: the answer has no body
	media        string // of the answer; empty: application/json
	stream       bool   // it has a stream of events, too
	noFile       int    // the status of NO_FILE; 0: 422
	serve        func(*request)
}

// param is a parameter in the query.
type param struct {
	name, help string
	choices    []string // the values, nil: any
	schema     schema   // nil: a text, or one of choices
}

var flags = []string{"true", "false"}

func (p *param) allows(value string) bool { return slices.Contains(p.choices, value) }

func (r *route) param(name string) *param {
	for i := range r.params {
		if r.params[i].name == name {
			return &r.params[i]
		}
	}
	return nil
}

// routes are all routes. init fills it, because one of them describes it.
var routes []route

func init() {
	routes = slices.Concat(documentRoutes, supervisorRoutes, processRoutes, groupRoutes, eventRoutes, actionRoutes, auditRoutes)
}

// parts are those of a path below Prefix; not ok if it is another one, or malformed.
func parts(escaped string) (list []string, ok bool) {
	rest, ok := strings.CutPrefix(escaped, Prefix)
	if !ok || rest != "" && rest[0] != '/' {
		return nil, false
	}
	if rest == "" || rest == "/" {
		return nil, true
	}
	for part := range strings.SplitSeq(rest[1:], "/") {
		name, err := url.PathUnescape(part)
		if err != nil {
			return nil, false
		}
		list = append(list, name)
	}
	return list, true
}

// matches compares the parts of a path with those of the route, and returns those in place of names in braces.
func (r *route) matches(path []string) (args []string, ok bool) {
	wanted := strings.Split(r.path, "/")[1:]
	if r.path == "/" {
		wanted = nil
	}
	if len(wanted) != len(path) {
		return nil, false
	}
	for i, w := range wanted {
		switch {
		case strings.HasPrefix(w, "{"):
			args = append(args, path[i])
		case w != path[i]:
			return nil, false
		}
	}
	return args, true
}

// find returns the route of a request, or the methods of the routes with this path if none of them has the method.
func find(method, escaped string) (to *route, args []string, methods []string) {
	path, ok := parts(escaped)
	if !ok {
		return nil, nil, nil
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range routes {
		r := &routes[i]
		args, ok := r.matches(path)
		if !ok {
			continue
		}
		if r.method == method {
			return r, args, nil
		}
		if methods = append(methods, r.method); r.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return nil, nil, methods
}
