package scrape

import (
	"mime"
	"net/url"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/glob"
	"github.com/gosupervisor/supervisor/internal/metrics"
)

// query is what a client wants.
type query struct {
	parts       metrics.Part
	group, name string // a group, and a pattern of names of processes; empty: all
}

// parseQuery reads the parameters of a request. Problem is empty, or says which one is wrong. Others than ours are ignored, since proxies
// and scrape configurations add some.
func parseQuery(values url.Values) (q query, problem string) {
	for _, name := range append(values["collect[]"], values["collect"]...) {
		part, ok := metrics.ParsePart(name)
		if !ok {
			return q, "collect[]=" + strconv.Quote(name) + " is none of daemon, process and resources"
		}
		q.parts |= part
	}
	if q.parts == 0 {
		q.parts = metrics.All
	}
	q.group, q.name = values.Get("group"), values.Get("name")
	return q, ""
}

// matches reports whether a process is wanted.
func (q *query) matches(group, name string) bool {
	return (q.group == "" || q.group == group) && (q.name == "" || glob.Match(q.name, name))
}

// formatFor returns the format for the Accept fields of a request: OpenMetrics if the client prefers it to text.
func formatFor(accept []string) metrics.Format {
	var text, open float64
	eachItem(accept, func(kind string, parameters map[string]string, weight float64) {
		version := parameters["version"]
		switch {
		case kind == "application/openmetrics-text" && (version == "" || version == "1.0.0"):
			open = max(open, weight)
		case kind == "text/plain" && (version == "" || version == "0.0.4"):
			text = max(text, weight)
		}
	})
	if open > 0 && open >= text {
		return metrics.OpenMetrics
	}
	return metrics.Text
}

// acceptsGzip reports whether a client takes gzip, by its Accept-Encoding fields.
func acceptsGzip(accept []string) (ok bool) {
	named := false
	eachItem(accept, func(kind string, _ map[string]string, weight float64) {
		switch {
		case kind == "gzip":
			ok, named = weight > 0, true
		case kind == "*" && !named:
			ok = weight > 0
		}
	})
	return ok
}

// eachItem calls f for each item of fields that are lists of items with weights. Items that cannot be parsed are ignored.
func eachItem(fields []string, f func(kind string, parameters map[string]string, weight float64)) {
	for _, field := range fields {
		for item := range strings.SplitSeq(field, ",") {
			kind, parameters, err := mime.ParseMediaType(strings.TrimSpace(item))
			if err != nil {
				continue
			}
			weight := 1.0
			if q, ok := parameters["q"]; ok {
				if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
					continue
				}
			}
			f(kind, parameters, weight)
		}
	}
}
