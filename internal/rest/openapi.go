package rest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
)

// documentRoutes are those that describe the API.
var documentRoutes = []route{
	{method: "GET", path: "/openapi.json", role: access.Read, help: "This API as an OpenAPI document.", answer: schema{"type": "object"},
		serve: (*request).openapi},
}

// objects are all objects of answers and bodies.
var objects = []documented{problemObject, rootObject, daemonObject, healthObject, problemProcess, processObject, exitObject, logsObject, logObject,
	detailObject, processesObject, groupObject, groupProcess, groupsObject, eventObject, gapObject, eventsObject, resultObject, resultsObject, stateObject, changesObject}

// document is made by the first request for it, from the table of routes.
var document = sync.OnceValues(func() ([]byte, error) { return json.Marshal(openAPI()) })

func (q *request) openapi() {
	text, err := document()
	if err != nil {
		q.fail(err)
		return
	}
	q.answer(http.StatusOK, text)
}

// openAPI is the OpenAPI document of all routes.
func openAPI() schema {
	paths, schemas := schema{}, schema{}
	for _, o := range objects {
		schemas[o.title()] = o.schema()
	}
	for i := range routes {
		r := &routes[i]
		path, ok := paths[r.path].(schema)
		if !ok {
			path = schema{}
			paths[r.path] = path
		}
		path[strings.ToLower(r.method)] = r.document()
	}
	return schema{
		"openapi": "3.1.0",
		"info": schema{"title": "supervisord", "version": api.Version, "summary": "Controls and shows the programs of a supervisord",
			"license": schema{"name": "MIT", "identifier": "MIT"}},
		"servers":  []schema{{"url": Prefix}},
		"security": []schema{{}, {"basic": []string{}}, {"bearer": []string{}}},
		"paths":    paths,
		"components": schema{"schemas": schemas, "securitySchemes": schema{
			"basic":  schema{"type": "http", "scheme": "basic"},
			"bearer": schema{"type": "http", "scheme": "bearer"},
		}},
	}
}

// operationID is the name of the route in clients that are made from the document.
func (r *route) operationID() string {
	id := strings.ToLower(r.method)
	for part := range strings.SplitSeq(r.path, "/") {
		for word := range strings.SplitSeq(strings.Trim(strings.TrimSuffix(part, ".json"), "{}"), "-") {
			if word != "" {
				id += strings.ToUpper(word[:1]) + word[1:]
			}
		}
	}
	return id
}

// document describes the route.
func (r *route) document() schema {
	help := r.help + " Least role: " + r.role.String() + "."
	if r.daemon {
		help += " Not for users with programs of their own."
	}
	if r.operation != "" {
		help += " As `" + r.operation + "` of XML-RPC."
	}
	parameters := []schema{}
	for part := range strings.SplitSeq(r.path, "/") {
		if name, found := strings.CutPrefix(part, "{"); found {
			parameters = append(parameters, schema{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": texts})
		}
	}
	for _, p := range r.params {
		s := p.schema
		switch {
		case s != nil:
		case p.choices != nil:
			s = oneOf(p.choices...)
		default:
			s = texts
		}
		parameters = append(parameters, schema{"name": p.name, "in": "query", "description": p.help, "schema": s})
	}
	media := r.media
	if media == "" {
		media = "application/json"
	}
	responses := schema{"default": schema{"description": "a problem", "content": schema{problemType: schema{"schema": problemObject.ref()}}}}
	for _, status := range append([]int{r.success()}, r.also...) {
		answer := schema{"description": http.StatusText(status)}
		if r.answer != nil {
			content := schema{media: schema{"schema": r.answer}}
			if r.stream {
				content["text/event-stream"] = schema{"schema": texts}
			}
			answer["content"] = content
		}
		responses[strconv.Itoa(status)] = answer
	}
	operation := schema{"operationId": r.operationID(), "summary": r.help, "description": help, "parameters": parameters, "responses": responses}
	switch {
	case r.binary:
		operation["requestBody"] = schema{"required": true, "content": schema{"application/octet-stream": schema{"schema": schema{}}}}
	case r.body != nil:
		operation["requestBody"] = schema{"content": schema{"application/json": schema{"schema": r.body}}}
	}
	return operation
}

// success is the status of the answer if there is no problem.
func (r *route) success() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
