package main

import "fmt"

// figure is a row of the table: what is measured, and its targets.
type figure struct {
	name     string // in the table, and for -only
	unit     string
	where    string   // name of the scenario that measures it
	targets  []target // for the median of ours
	baseline bool     // also measured with the baseline
	peers    bool     // and with peers
	large    bool     // only with -large
	alone    bool     // not with the original, which has nothing like it, or would need more than ten minutes
}

// measures reports whether the figure is measured with a contender.
func (f figure) measures(w who) bool {
	switch w {
	case ours:
		return true
	case original:
		return !f.alone
	case baseline:
		return f.baseline
	}
	return f.peers
}

// target is a bound for the median of ours. Absolute ones were set on a machine with two cores; those relative to another figure of
// the same run hold on any.
type target struct {
	word  string // "≤", "<" or "≥"
	bound float64
	by    who    // with of: the bound is a factor on this contender's median ...
	of    string // ... of this figure; empty for an absolute bound
	above string // the bound is added to the median of ours of this figure; empty: to nothing
}

func atMost(bound float64) target  { return target{word: "≤", bound: bound} }
func below(bound float64) target   { return target{word: "<", bound: bound} }
func atLeast(bound float64) target { return target{word: "≥", bound: bound} }

func atMostOf(factor float64, by who, of string) target {
	return target{word: "≤", bound: factor, by: by, of: of}
}

func atLeastOf(factor float64, by who, of string) target {
	return target{word: "≥", bound: factor, by: by, of: of}
}

func belowOf(factor float64, by who, of string) target {
	return target{word: "<", bound: factor, by: by, of: of}
}

// over returns the target whose bound is that of a, added to the median of ours of a figure.
func (a target) over(figure string) target {
	a.above = figure
	return a
}

func (a target) String() string {
	text := a.word + " "
	if a.above != "" {
		text += a.above + " + "
	}
	text += fmt.Sprintf("%g", a.bound)
	switch a.by {
	case "":
		return text
	case ours:
		return text + " × " + a.of
	}
	return fmt.Sprintf("%s × %s", text, a.by)
}

// reference is a median of a contender that a target refers to.
type reference struct {
	figure string
	by     who
}

// references returns what a relative target refers to.
func (a target) references() (all []reference) {
	if a.of != "" {
		all = append(all, reference{a.of, a.by})
	}
	if a.above != "" {
		all = append(all, reference{a.above, ours})
	}
	return all
}

// holds reports whether value meets the target. median returns that of a reference.
func (a target) holds(value float64, median func(reference) float64) bool {
	bound := a.bound
	if a.of != "" {
		bound *= median(reference{a.of, a.by})
	}
	if a.above != "" {
		bound += median(reference{a.above, ours})
	}
	switch a.word {
	case "≤":
		return value <= bound
	case "<":
		return value < bound
	}
	return value >= bound
}

// figures are all figures, in the order of the output. Latencies and rates of calls are those of persistent connections.
var figures = []figure{
	{name: "start/1", unit: "ms", where: "one", baseline: true, peers: true, targets: []target{atMostOf(15, baseline, "start/1")}},
	{name: "start/1000", unit: "ms", where: "thousand", baseline: true, peers: true,
		targets: []target{atMostOf(1.25, baseline, "start/1000")}},
	{name: "start/4000", unit: "ms", where: "growth", baseline: true, large: true,
		targets: []target{atMostOf(1.5, baseline, "start/4000")}},
	{name: "restart/p50", unit: "ms", where: "restart", peers: true, targets: []target{atMost(1), atMostOf(1, runit, "restart/p50")}},
	{name: "restart/p99", unit: "ms", where: "restart", peers: true, targets: []target{atMost(2.3)}},
	{name: "restart/hook/p50", unit: "ms", where: "hook", alone: true,
		targets: []target{atMostOf(2, baseline, "true/p50").over("restart/p50")}},
	{name: "restart/hook/p99", unit: "ms", where: "hook", alone: true},
	{name: "true/p50", unit: "ms", where: "hook", baseline: true, alone: true},
	{name: "restart/shim/p50", unit: "ms", where: "shim", alone: true, targets: []target{atMost(1.2).over("restart/p50")}},
	{name: "restart/shim/p99", unit: "ms", where: "shim", alone: true},
	{name: "start/sections", unit: "ms", where: "sections", alone: true},
	{name: "start/depends", unit: "ms", where: "depends", alone: true, targets: []target{atMostOf(1.1, ours, "start/sections")}},
	{name: "stop/1000", unit: "ms", where: "thousand", baseline: true, peers: true, targets: []target{atMostOf(2.5, baseline, "stop/1000")}},

	{name: "idle/memory", unit: "MB", where: "thousand", peers: true, targets: []target{atMost(8)}},
	{name: "idle/switches", unit: "1/s", where: "thousand", peers: true, targets: []target{below(0.1)}},
	{name: "idle/cpu", unit: "%", where: "thousand", peers: true, targets: []target{below(0.005)}},
	{name: "idle/monitored/memory", unit: "MB", where: "thousand", alone: true, targets: []target{atMost(8)}},
	{name: "idle/monitored/switches", unit: "1/s", where: "thousand", alone: true, targets: []target{below(0.1)}},
	{name: "idle/growth", unit: "kB/program", where: "growth", large: true, targets: []target{atMost(5)}},

	{name: "getState/1", unit: "1/s", where: "one", baseline: true, targets: []target{atLeastOf(0.9, baseline, "getState/1")}},
	{name: "getState/1000", unit: "1/s", where: "thousand", baseline: true,
		targets: []target{atLeastOf(0.9, baseline, "getState/1000"), atLeastOf(0.9, ours, "getState/1")}},
	{name: "getState/1000/32clients", unit: "1/s", where: "thousand", baseline: true,
		targets: []target{atLeastOf(0.65, baseline, "getState/1000/32clients")}},
	{name: "getProcessInfo/1000", unit: "1/s", where: "thousand", baseline: true,
		targets: []target{atLeastOf(0.6, baseline, "getProcessInfo/1000")}},
	{name: "getAllProcessInfo/1000", unit: "1/s", where: "thousand", baseline: true},
	{name: "getAllProcessInfo/1000/p50", unit: "ms", where: "thousand", baseline: true, targets: []target{atMost(2.5)}},
	{name: "getAllProcessInfo/1000/p99", unit: "ms", where: "thousand", baseline: true},
	{name: "getAllProcessInfo/1000/32clients/p99", unit: "ms", where: "thousand", baseline: true, targets: []target{atMost(120)}},
	{name: "busy/getState/p50", unit: "ms", where: "busy"},
	{name: "busy/getState/p99", unit: "ms", where: "busy", targets: []target{atMost(10)}},
	{name: "abusive/getState/p50", unit: "ms", where: "abusive"},
	{name: "abusive/getState/max", unit: "ms", where: "abusive", targets: []target{atMost(100)}},
	{name: "abusive/memory", unit: "MB", where: "abusive"},
	{name: "checks/cpu", unit: "µs/check", where: "checks", baseline: true, alone: true,
		targets: []target{atMostOf(2, baseline, "checks/cpu")}},
	{name: "checks/getState/p50", unit: "ms", where: "checks", alone: true},
	{name: "checks/getState/p99", unit: "ms", where: "checks", alone: true, targets: []target{atMost(10)}},
	{name: "features/memory", unit: "kB/program", where: "features", alone: true, targets: []target{atMost(1.5)}},
	{name: "features/sections/memory", unit: "kB/program", where: "featuresections", alone: true,
		targets: []target{atMost(1.5)}},
	{name: "features/switches", unit: "1/s", where: "features", alone: true, targets: []target{below(0.1)}},
	{name: "hung/getState/p50", unit: "ms", where: "hung", alone: true},
	{name: "hung/getState/p99", unit: "ms", where: "hung", alone: true, targets: []target{atMost(10)}},
	{name: "hung/stop", unit: "ms", where: "hung", alone: true, targets: []target{atMost(milliseconds(hungLimit) + 1000)}},
	{name: "page/1000/p50", unit: "ms", where: "thousand", targets: []target{atMostOf(0.05, original, "page/1000/p50")}},
	{name: "page/1000/bytes", unit: "bytes", where: "thousand", targets: []target{atMost(400_000)}},
	{name: "list/1000/p50", unit: "ms", where: "scrape", alone: true},
	{name: "scrape/1000/p50", unit: "ms", where: "scrape", alone: true, targets: []target{atMostOf(3, ours, "list/1000/p50")}},
	{name: "scrape/reads/1000/p50", unit: "ms", where: "scrape", alone: true},
	{name: "scrape/resources/1000/p50", unit: "ms", where: "scrape", alone: true, targets: []target{atMostOf(1.5, ours, "scrape/reads/1000/p50")}},
	{name: "scrape/1000/bytes", unit: "bytes", where: "scrape", alone: true},
	{name: "scrape/idle/memory", unit: "MB", where: "scrape", alone: true},
	{name: "scrape/memory", unit: "MB", where: "scrape", alone: true, targets: []target{atMost(0.3).over("scrape/idle/memory")}},
	{name: "ctl/pid/1", unit: "ms", where: "one", targets: []target{atMost(5)}},
	{name: "ctl/pid/1000", unit: "ms", where: "thousand", targets: []target{atMost(5)}},
	{name: "ctl/status/1", unit: "ms", where: "one"},
	{name: "ctl/status/1000", unit: "ms", where: "thousand", targets: []target{atMost(15)}},

	{name: "log/rate", unit: "MB/s", where: "log", baseline: true, peers: true, targets: []target{atLeastOf(0.95, baseline, "log/rate")}},
	{name: "log/cpu", unit: "s/GiB", where: "log", baseline: true, peers: true, targets: []target{atMost(0.6)}},
	{name: "log/lost", unit: "bytes", where: "log", baseline: true, peers: true, targets: []target{atMost(0)}},
	{name: "log/text/rate", unit: "MB/s", where: "textlog", alone: true, targets: []target{atLeastOf(0.40, ours, "log/rate")}},
	{name: "log/text/cpu", unit: "s/GiB", where: "textlog", alone: true, targets: []target{atMostOf(2.5, ours, "log/cpu")}},
	{name: "log/text/lost", unit: "bytes", where: "textlog", alone: true, targets: []target{atMost(0)}},
	{name: "log/json/rate", unit: "MB/s", where: "jsonlog", alone: true, targets: []target{atLeastOf(0.18, ours, "log/rate")}},
	{name: "log/json/cpu", unit: "s/GiB", where: "jsonlog", alone: true},
	{name: "log/json/lost", unit: "bytes", where: "jsonlog", alone: true, targets: []target{atMost(0)}},
	{name: "log/rotated/rate", unit: "MB/s", where: "rotated",
		targets: []target{atLeastOf(0.93, ours, "log/rate")}},
	{name: "log/rotated/cpu", unit: "s/GiB", where: "rotated"},
	{name: "log/rotated/lost", unit: "bytes", where: "rotated", targets: []target{atMost(0)}},
	{name: "log/rotated/gzip/rate", unit: "MB/s", where: "compressed", alone: true, targets: []target{atLeastOf(0.9, ours, "log/rotated/rate")}},
	{name: "log/rotated/gzip/cpu", unit: "s/GiB", where: "compressed", alone: true},
	{name: "log/rotated/gzip/lost", unit: "bytes", where: "compressed", alone: true, targets: []target{atMost(0)}},

	{name: "writers/rate", unit: "MB/s", where: "writers", baseline: true, peers: true,
		targets: []target{atLeastOf(1.1, original, "writers/rate")}},
	{name: "writers/cpu", unit: "s/GB", where: "writers", baseline: true, peers: true, targets: []target{atMost(0.7)}},
	{name: "writers/lost", unit: "bytes", where: "writers", baseline: true, peers: true, targets: []target{atMost(0)}},
	{name: "writers/getState/p99", unit: "ms", where: "writers", targets: []target{atMost(10)}},
	{name: "writers/lines/rate", unit: "MB/s", where: "writerlines", baseline: true, peers: true,
		targets: []target{atLeastOf(1.15, original, "writers/lines/rate")}},
	{name: "writers/lines/cpu", unit: "s/GB", where: "writerlines", baseline: true, peers: true, targets: []target{atMost(0.6)}},
	{name: "writers/lines/lost", unit: "bytes", where: "writerlines", baseline: true, peers: true, targets: []target{atMost(0)}},
	{name: "writers/lines/getState/p99", unit: "ms", where: "writerlines", targets: []target{atMost(10)}},

	{name: "idle/100/memory", unit: "MB", where: "sizes"},
	{name: "idle/100/switches", unit: "1/s", where: "sizes", targets: []target{below(0.1)}},
	{name: "idle/4000/memory", unit: "MB", where: "sizes", large: true},
	{name: "idle/4000/switches", unit: "1/s", where: "sizes", large: true, targets: []target{below(0.1)}},
	{name: "limit/programs", unit: "", where: "limit", large: true},
	{name: "limit/start", unit: "ms", where: "limit", large: true},
	{name: "limit/memory", unit: "MB", where: "limit", large: true},
	{name: "limit/getAllProcessInfo/p50", unit: "ms", where: "limit", large: true},
	{name: "limit/stop", unit: "ms", where: "limit", large: true},

	{name: "events/log", unit: "1/s", where: "lines", baseline: true, targets: []target{atLeastOf(0.45, baseline, "events/log")}},
	{name: "events/log/lines", unit: "1/s", where: "lines", targets: []target{atLeastOf(1, original, "events/log/lines")}},
	{name: "events/log/disorder", unit: "events", where: "lines", targets: []target{atMost(0)}},
	{name: "events/state", unit: "1/s", where: "states", baseline: true, targets: []target{atLeastOf(3.1, original, "events/state")}},
	{name: "events/state/disorder", unit: "events", where: "states", targets: []target{atMost(0)}},
	{name: "events/tick/1000", unit: "ms", where: "ticks", targets: []target{atMost(1)}},

	{name: "update/reread", unit: "ms", where: "update", alone: true},
	{name: "update/minimal", unit: "ms", where: "update", alone: true, targets: []target{belowOf(2, ours, "update/reread")}},

	{name: "upgrade/10/p50", unit: "ms", where: "upgrade", alone: true, targets: []target{atMost(30)}},
	{name: "upgrade/10/max", unit: "ms", where: "upgrade", alone: true, targets: []target{atMost(30)}},
	{name: "upgrade/10/getState/max", unit: "ms", where: "upgrade", alone: true},
	{name: "upgrade/1000/p50", unit: "ms", where: "upgrade", alone: true, targets: []target{atMost(150)}},
	{name: "upgrade/1000/max", unit: "ms", where: "upgrade", alone: true, targets: []target{atMost(150)}},
	{name: "upgrade/1000/getState/max", unit: "ms", where: "upgrade", alone: true},
}
