package scrape

import (
	"net/url"
	"testing"

	"github.com/gosupervisor/supervisor/internal/metrics"
)

func TestParseQuery(t *testing.T) {
	for text, want := range map[string]query{
		"":                                      {parts: metrics.All},
		"x=1&target=y":                          {parts: metrics.All},
		"collect[]=daemon":                      {parts: metrics.Daemon},
		"collect[]=process&collect[]=resources": {parts: metrics.Processes | metrics.Resources},
		"collect=process&group=a&name=b*":       {parts: metrics.Processes, group: "a", name: "b*"},
	} {
		values, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		if q, problem := parseQuery(values); q != want || problem != "" {
			t.Errorf("%s: %+v %s", text, q, problem)
		}
	}
	const problem = `collect[]="x\n" is none of daemon, process and resources`
	if _, got := parseQuery(url.Values{"collect[]": {"daemon", "x\n"}}); got != problem {
		t.Error(got)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		q           query
		group, name string
		want        bool
	}{
		{query{}, "g", "n", true},
		{query{group: "g"}, "g", "n", true},
		{query{group: "g*"}, "g", "n", false},
		{query{name: "n?"}, "g", "n1", true},
		{query{name: "n?"}, "g", "n", false},
		{query{group: "g", name: "x"}, "g", "n", false},
	} {
		if got := c.q.matches(c.group, c.name); got != c.want {
			t.Errorf("%+v", c)
		}
	}
}

func TestFormatFor(t *testing.T) {
	const prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
	const later = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	for accept, want := range map[string]metrics.Format{
		"": metrics.Text, "*/*": metrics.Text, "text/html, */*": metrics.Text, "garbage;;;,": metrics.Text,
		prometheus: metrics.OpenMetrics, later: metrics.OpenMetrics,
		"application/openmetrics-text": metrics.OpenMetrics, "Application/OpenMetrics-Text; version=\"1.0.0\"": metrics.OpenMetrics,
		"application/openmetrics-text;version=0.0.1":                               metrics.Text,
		"application/openmetrics-text;version=2.0.0":                               metrics.Text,
		"application/openmetrics-text;q=0":                                         metrics.Text,
		"application/openmetrics-text;q=NaN":                                       metrics.Text,
		"application/openmetrics-text;q=0.3,text/plain;version=0.0.4;q=0.5":        metrics.Text,
		"text/plain;version=1.0.0,application/openmetrics-text;version=1.0.0;q=.1": metrics.OpenMetrics,
	} {
		if got := formatFor([]string{accept}); got != want {
			t.Errorf("%q: %s", accept, got.ContentType())
		}
	}
	if formatFor([]string{"text/plain;q=0.2", "application/openmetrics-text;q=0.9"}) != metrics.OpenMetrics {
		t.Error("the second field is not read")
	}
}

func TestAcceptsGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "deflate, GZIP;q=0.5": true, "gzip;q=0": false, "*": true, "*;q=0": false, "gzip;q=0, *": false, "*, gzip;q=0": false,
		"identity": false, "gzip;q=2": false,
	} {
		if got := acceptsGzip([]string{accept}); got != want {
			t.Errorf("%q: %t", accept, got)
		}
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1")
	f.Fuzz(func(t *testing.T, field string) {
		formatFor([]string{field})
		acceptsGzip([]string{field})
	})
}
