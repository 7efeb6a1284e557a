package main

import "fmt"

// figure is one thing measured.
type figure struct {
	name  string // what -only matches and the table shows
	unit  string
	where string // name of the scenario that measures it
	aims  []aim  // for the median of ours
	floor bool   // the floor has it too
	large bool   // only with -large
}

// aim is a bound for the median of ours. The absolute ones were set on one machine with two cores; those relative to
// another figure of the same run hold anywhere.
type aim struct {
	word  string // "≤", "<" or "≥"
	bound float64
	by    who    // with of: the bound is a factor on this contender's median ...
	of    string // ... of this figure; empty for an absolute bound
}

func atMost(bound float64) aim  { return aim{word: "≤", bound: bound} }
func below(bound float64) aim   { return aim{word: "<", bound: bound} }
func atLeast(bound float64) aim { return aim{word: "≥", bound: bound} }

func atMostOf(factor float64, by who, of string) aim {
	return aim{word: "≤", bound: factor, by: by, of: of}
}

func atLeastOf(factor float64, by who, of string) aim {
	return aim{word: "≥", bound: factor, by: by, of: of}
}

func (a aim) String() string {
	if a.of == "" {
		return fmt.Sprintf("%s %g", a.word, a.bound)
	}
	if a.by == ours {
		return fmt.Sprintf("%s %g × %s", a.word, a.bound, a.of)
	}
	return fmt.Sprintf("%s %g × %s", a.word, a.bound, a.by)
}

// holds says whether value meets the aim; base is the median that a relative aim refers to.
func (a aim) holds(value, base float64) bool {
	bound := a.bound
	if a.of != "" {
		bound *= base
	}
	switch a.word {
	case "≤":
		return value <= bound
	case "<":
		return value < bound
	}
	return value >= bound
}

// figures is the table of all that is measured, in the order of the output. Latencies and rates of calls are those of
// connections kept alive.
var figures = []figure{
	{name: "start/1", unit: "ms", where: "one", floor: true, aims: []aim{atMostOf(15, floor, "start/1")}},
	{name: "start/1000", unit: "ms", where: "thousand", floor: true,
		aims: []aim{atMostOf(1.5, floor, "start/1000")}},
	{name: "start/4000", unit: "ms", where: "growth", floor: true, large: true,
		aims: []aim{atMostOf(1.5, floor, "start/4000")}},
	{name: "restart/p50", unit: "ms", where: "restart", aims: []aim{atMost(1)}},
	{name: "restart/p99", unit: "ms", where: "restart", aims: []aim{atMost(2.3)}},
	{name: "stop/1000", unit: "ms", where: "thousand", floor: true, aims: []aim{atMostOf(2.5, floor, "stop/1000")}},

	{name: "idle/memory", unit: "MB", where: "thousand", aims: []aim{atMost(12)}},
	{name: "idle/switches", unit: "1/s", where: "thousand", aims: []aim{below(0.1)}},
	{name: "idle/cpu", unit: "%", where: "thousand", aims: []aim{below(0.005)}},
	{name: "idle/growth", unit: "kB/program", where: "growth", large: true, aims: []aim{atMost(5)}},

	{name: "getState/1", unit: "1/s", where: "one", floor: true, aims: []aim{atLeastOf(0.9, floor, "getState/1")}},
	{name: "getState/1000", unit: "1/s", where: "thousand", floor: true,
		aims: []aim{atLeastOf(0.9, floor, "getState/1000"), atLeastOf(0.9, ours, "getState/1")}},
	{name: "getState/1000/32clients", unit: "1/s", where: "thousand", floor: true,
		aims: []aim{atLeastOf(0.65, floor, "getState/1000/32clients")}},
	{name: "getProcessInfo/1000", unit: "1/s", where: "thousand", floor: true,
		aims: []aim{atLeastOf(0.6, floor, "getProcessInfo/1000")}},
	{name: "getAllProcessInfo/1000", unit: "1/s", where: "thousand", floor: true},
	{name: "getAllProcessInfo/1000/p50", unit: "ms", where: "thousand", floor: true, aims: []aim{atMost(2.5)}},
	{name: "getAllProcessInfo/1000/p99", unit: "ms", where: "thousand", floor: true},
	{name: "getAllProcessInfo/1000/32clients/p99", unit: "ms", where: "thousand", floor: true, aims: []aim{atMost(120)}},
	{name: "busy/getState/p50", unit: "ms", where: "busy"},
	{name: "busy/getState/p99", unit: "ms", where: "busy", aims: []aim{atMost(10)}},
	{name: "rude/getState/p50", unit: "ms", where: "rude"},
	{name: "rude/getState/max", unit: "ms", where: "rude", aims: []aim{atMost(100)}},
	{name: "rude/memory", unit: "MB", where: "rude"},
	{name: "page/1000/p50", unit: "ms", where: "thousand", aims: []aim{atMostOf(0.05, original, "page/1000/p50")}},
	{name: "page/1000/bytes", unit: "bytes", where: "thousand", aims: []aim{atMost(400_000)}},
	{name: "ctl/pid/1", unit: "ms", where: "one", aims: []aim{atMost(5)}},
	{name: "ctl/pid/1000", unit: "ms", where: "thousand", aims: []aim{atMost(5)}},
	{name: "ctl/status/1", unit: "ms", where: "one"},
	{name: "ctl/status/1000", unit: "ms", where: "thousand", aims: []aim{atMost(15)}},

	{name: "log/rate", unit: "MB/s", where: "log", floor: true, aims: []aim{atLeastOf(0.95, floor, "log/rate")}},
	{name: "log/cpu", unit: "s/GiB", where: "log", floor: true, aims: []aim{atMost(0.6)}},
	{name: "log/lost", unit: "bytes", where: "log", floor: true, aims: []aim{atMost(0)}},
	{name: "log/rotated/rate", unit: "MB/s", where: "rotated",
		aims: []aim{atLeastOf(0.93, ours, "log/rate")}},
	{name: "log/rotated/cpu", unit: "s/GiB", where: "rotated"},
	{name: "log/rotated/lost", unit: "bytes", where: "rotated", aims: []aim{atMost(0)}},

	{name: "writers/rate", unit: "MB/s", where: "writers", floor: true,
		aims: []aim{atLeastOf(1.1, original, "writers/rate")}},
	{name: "writers/cpu", unit: "s/GB", where: "writers", floor: true, aims: []aim{atMost(0.7)}},
	{name: "writers/lost", unit: "bytes", where: "writers", floor: true, aims: []aim{atMost(0)}},
	{name: "writers/getState/p99", unit: "ms", where: "writers", aims: []aim{atMost(10)}},

	{name: "idle/100/memory", unit: "MB", where: "sizes"},
	{name: "idle/100/switches", unit: "1/s", where: "sizes", aims: []aim{below(0.1)}},
	{name: "idle/4000/memory", unit: "MB", where: "sizes", large: true},
	{name: "idle/4000/switches", unit: "1/s", where: "sizes", large: true, aims: []aim{below(0.1)}},
	{name: "limit/programs", unit: "", where: "limit", large: true},
	{name: "limit/start", unit: "ms", where: "limit", large: true},
	{name: "limit/memory", unit: "MB", where: "limit", large: true},
	{name: "limit/getAllProcessInfo/p50", unit: "ms", where: "limit", large: true},
	{name: "limit/stop", unit: "ms", where: "limit", large: true},

	{name: "events/log", unit: "1/s", where: "lines", floor: true, aims: []aim{atLeastOf(0.45, floor, "events/log")}},
	{name: "events/log/lines", unit: "1/s", where: "lines", aims: []aim{atLeastOf(1, original, "events/log/lines")}},
	{name: "events/log/disorder", unit: "events", where: "lines", aims: []aim{atMost(0)}},
	{name: "events/state", unit: "1/s", where: "states", floor: true, aims: []aim{atLeastOf(3.1, original, "events/state")}},
	{name: "events/state/disorder", unit: "events", where: "states", aims: []aim{atMost(0)}},
	{name: "events/tick/1000", unit: "ms", where: "ticks", aims: []aim{atMost(1)}},
}
