package config

import "strings"

// The words of metrics_resources.
const (
	ResourcesOfProcess = "process"
	ResourcesOfTree    = "tree"
	NoResources        = "false"
)

// The keys of [supervisord] about metrics.
var (
	metricsKey = &daemonKey[bool]{Key: Key{Name: "metrics", Topic: daemonTopic, Since: Ours, Other: "false",
		Help: "whether the servers have `/metrics` for Prometheus, see [metrics](howto-metrics.md)"},
		Type: boolType, Absent: true, Field: func(s *settings) *bool { return &s.Metrics }}
	metricsResourcesKey = &daemonKey[string]{Key: Key{Name: "metrics_resources", Topic: daemonTopic, Since: Ours, Other: "tree",
		Help: "what the metrics of time, memory, descriptors and threads are about: the `process` that supervisord has started, its whole " +
			"`tree` of processes, or nothing (`false`); Linux"},
		Type: resourcesType, Absent: ResourcesOfProcess, Field: func(s *settings) *string { return &s.MetricsResources }}
)

var resourcesType = &Type[string]{name: "`process`, `tree` or `false`", parse: parseResources, words: true, same: equal[string]}

func parseResources(s string) (string, error) {
	switch word := strings.ToLower(s); word {
	case ResourcesOfProcess, ResourcesOfTree, NoResources:
		return word, nil
	}
	return "", errWord
}

// metrics adds a warning about metrics_resources where it has no effect.
func (d *doubts) metrics(own *Supervisord, system string) {
	const key = "metrics_resources"
	_, set := d.value("supervisord", key)
	switch {
	case !set || own.MetricsResources == NoResources:
	case !own.Metrics:
		d.add("supervisord", key, "it has no effect with metrics=false")
	case system != "linux":
		d.add("supervisord", key, "[supervisord] "+key+" has no effect on this system")
	}
}
