package metrics

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Type is the type of a family.
type Type uint8

// The types.
const (
	Gauge Type = iota
	Counter
)

// String returns the word for a type.
func (t Type) String() string {
	if t == Counter {
		return "counter"
	}
	return "gauge"
}

// Family is a measurement. It has a series for each combination of its labels.
type Family struct {
	Name   string // that of a counter ends with _total
	Type   Type
	Part   Part
	Labels []string
	Help   string
	Whole  bool // it is about all of supervisord, and not for callers with programs of their own

	process func(p *Process) float64 // the value for a process; NaN: it has none
	write   func(w *writer, v *Values)
}

var (
	processLabels = []string{"group", "name"}
	channelLabels = []string{"group", "name", "channel"}
	poolLabels    = []string{"pool"}
	serverLabels  = []string{"server"}
)

// channels are further labels of a process.
var channels = [2]string{`,channel="stdout"`, `,channel="stderr"`}

// Families are all families in the order in which they are written.
var Families = []Family{
	{Name: "supervisor_build_info", Part: Daemon, Labels: []string{"version", "goversion", "identifier"}, Help: "The version of supervisord, as labels; the value is 1.",
		write: func(w *writer, v *Values) {
			w.series([]label{{"version", v.Version}, {"goversion", v.GoVersion}, {"identifier", v.Identifier}}, 1)
		}},
	{Name: "supervisor_start_time_seconds", Part: Daemon, Help: "When supervisord was started, in seconds since 1970.",
		write: func(w *writer, v *Values) { w.series(nil, seconds(v.Start)) }},
	{Name: "supervisor_state", Part: Daemon, Help: "The state of supervisord: 1 is RUNNING, 0 RESTARTING, -1 SHUTDOWN.",
		write: func(w *writer, v *Values) { w.series(nil, float64(v.State)) }},
	{Name: "supervisor_config_reload_success_timestamp_seconds", Part: Daemon, Whole: true,
		Help:  "When the configuration was last read without an error, in seconds since 1970.",
		write: func(w *writer, v *Values) { w.series(nil, seconds(v.Read)) }},
	{Name: "supervisor_config_changed", Part: Daemon, Whole: true, Help: "Whether files of the configuration have changed since they were read.",
		write: func(w *writer, v *Values) { w.series(nil, known(v.Changed)) }},
	{Name: "supervisor_processes", Part: Daemon, Labels: []string{"state"}, Help: "The number of processes in a state.", write: writeStates},

	{Name: "supervisor_process_up", Part: Processes, Labels: processLabels, Help: "Whether the process is RUNNING.",
		process: func(p *Process) float64 { return truth(p.State == int(api.Running)) }},
	{Name: "supervisor_process_state", Part: Processes, Labels: processLabels,
		Help:    "The number of the state: 0 STOPPED, 10 STARTING, 20 RUNNING, 30 BACKOFF, 40 STOPPING, 100 EXITED, 200 FATAL, 1000 UNKNOWN.",
		process: func(p *Process) float64 { return float64(p.State) }},
	{Name: "supervisor_process_start_time_seconds", Part: Processes, Labels: processLabels,
		Help:    "When the child that runs was started, in seconds since 1970.",
		process: func(p *Process) float64 { return float64If(p.Start != 0, float64(p.Start)) }},
	{Name: "supervisor_process_last_exit_code", Part: Processes, Labels: processLabels,
		Help:    "The exit status of the last child that has ended; -1 if a signal ended it.",
		process: func(p *Process) float64 { return float64If(p.HasExit, float64(p.ExitCode)) }},
	{Name: "supervisor_process_start_failures", Part: Processes, Labels: processLabels, Help: "The number of failed starts in a row.",
		process: func(p *Process) float64 { return float64(p.Failures) }},
	{Name: "supervisor_process_healthy", Part: Processes, Labels: processLabels, Help: "Whether checks and watchdog say that the process is healthy.",
		process: func(p *Process) float64 { return known(p.Healthy) }},

	{Name: "supervisor_process_starts_total", Type: Counter, Part: Processes, Labels: processLabels, Help: "The number of children that were made.",
		process: func(p *Process) float64 { return float64(p.Starts) }},
	{Name: "supervisor_process_restarts_total", Type: Counter, Part: Processes, Labels: processLabels,
		Help:    "The number of starts that no request asked for, but the first.",
		process: func(p *Process) float64 { return float64(p.Restarts) }},
	{Name: "supervisor_process_exits_total", Type: Counter, Part: Processes, Labels: []string{"group", "name", "expected"},
		Help: "The number of ends of children, as configured or requested, and others.",
		write: func(w *writer, v *Values) {
			w.pairs(v, [2]string{`,expected="true"`, `,expected="false"`}, func(p *Process) [2]uint64 { return [2]uint64{p.Expected, p.Unexpected} })
		}},
	{Name: "supervisor_process_recycles_total", Type: Counter, Part: Processes, Labels: []string{"group", "name", "reason"},
		Help: "The number of times that supervisord has restarted the process for a reason of its own, such as memory or unhealthy.", write: writeRecycles},
	{Name: "supervisor_process_log_bytes_total", Type: Counter, Part: Processes, Labels: channelLabels, Help: "The number of bytes that were logged.",
		write: func(w *writer, v *Values) { w.pairs(v, channels, func(p *Process) [2]uint64 { return p.Logged }) }},
	{Name: "supervisor_process_log_lost_bytes_total", Type: Counter, Part: Processes, Labels: channelLabels,
		Help:  "The number of bytes that could not be written to a log.",
		write: func(w *writer, v *Values) { w.pairs(v, channels, func(p *Process) [2]uint64 { return p.Lost }) }},

	{Name: "supervisor_process_cpu_seconds_total", Type: Counter, Part: Resources, Labels: processLabels,
		Help:    "The time of processors that the process has used, with its ended children.",
		process: func(p *Process) float64 { return float64If(p.CPU != Unknown, p.CPU.Seconds()) }},
	{Name: "supervisor_process_resident_memory_bytes", Part: Resources, Labels: processLabels, Help: "The resident memory.",
		process: func(p *Process) float64 { return known(p.RSS) }},
	{Name: "supervisor_process_open_fds", Part: Resources, Labels: processLabels, Help: "The number of open file descriptors.",
		process: func(p *Process) float64 { return known(p.FDs) }},
	{Name: "supervisor_process_threads", Part: Resources, Labels: processLabels, Help: "The number of threads.",
		process: func(p *Process) float64 { return known(p.Threads) }},
	{Name: "supervisor_process_processes", Part: Resources, Labels: processLabels,
		Help:    "The number of processes that the values of resources are about: more than 1 only with metrics_resources=tree.",
		process: func(p *Process) float64 { return known(p.Processes) }},

	{Name: "supervisor_listener_queue_events", Part: Daemon, Labels: poolLabels, Whole: true, Help: "The number of events that wait for a listener.",
		write: func(w *writer, v *Values) { w.pools(v, func(p *Pool) float64 { return float64(p.Queued) }) }},
	{Name: "supervisor_listener_events_total", Type: Counter, Part: Daemon, Labels: poolLabels, Whole: true, Help: "The number of events for the pool.",
		write: func(w *writer, v *Values) { w.pools(v, func(p *Pool) float64 { return float64(p.Events) }) }},
	{Name: "supervisor_listener_events_dropped_total", Type: Counter, Part: Daemon, Labels: poolLabels, Whole: true,
		Help:  "The number of events that were discarded because too many waited.",
		write: func(w *writer, v *Values) { w.pools(v, func(p *Pool) float64 { return float64(p.Dropped) }) }},
	{Name: "supervisor_listener_events_rejected_total", Type: Counter, Part: Daemon, Labels: poolLabels, Whole: true,
		Help:  "The number of times that a listener has rejected an event, which is sent again.",
		write: func(w *writer, v *Values) { w.pools(v, func(p *Pool) float64 { return float64(p.Rejected) }) }},

	{Name: "supervisor_http_requests_total", Type: Counter, Part: Daemon, Labels: []string{"server", "code"}, Whole: true,
		Help: "The number of responses by the class of their status.", write: writeRequests},
	{Name: "supervisor_http_login_failures_total", Type: Counter, Part: Daemon, Labels: serverLabels, Whole: true, Help: "The number of failed logins.",
		write: func(w *writer, v *Values) { w.servers(v, func(s *Server) float64 { return float64(s.Failures) }) }},
	{Name: "supervisor_tls_certificate_expiry_timestamp_seconds", Part: Daemon, Labels: serverLabels, Whole: true,
		Help:  "When the certificate of the server expires, in seconds since 1970.",
		write: func(w *writer, v *Values) { w.servers(v, func(s *Server) float64 { return seconds(s.Expiry) }) }},

	{Name: "process_cpu_seconds_total", Type: Counter, Part: Daemon, Whole: true, Help: "The time of processors that supervisord itself has used.",
		write: func(w *writer, v *Values) { w.series(nil, float64If(v.CPU != Unknown, v.CPU.Seconds())) }},
	{Name: "process_resident_memory_bytes", Part: Daemon, Whole: true, Help: "The resident memory of supervisord itself.",
		write: func(w *writer, v *Values) { w.series(nil, known(v.RSS)) }},
	{Name: "process_open_fds", Part: Daemon, Whole: true, Help: "The number of file descriptors that supervisord has open.",
		write: func(w *writer, v *Values) { w.series(nil, known(v.FDs)) }},
	{Name: "process_max_fds", Part: Daemon, Whole: true, Help: "The number of file descriptors that supervisord may have open.",
		write: func(w *writer, v *Values) { w.series(nil, known(v.MaxFDs)) }},
	{Name: "process_start_time_seconds", Part: Daemon, Whole: true, Help: "When supervisord was started, in seconds since 1970.",
		write: func(w *writer, v *Values) { w.series(nil, seconds(v.Start)) }},
}

// writeStates counts the processes in each state.
func writeStates(w *writer, v *Values) {
	counts := map[int]int{}
	for i := range v.Processes {
		counts[v.Processes[i].State]++
	}
	for _, s := range api.States {
		w.series([]label{{"state", s.String()}}, float64(counts[int(s)]))
	}
}

// writeRecycles has the reasons that have occurred.
func writeRecycles(w *writer, v *Values) {
	for i := range v.Processes {
		for _, r := range v.Processes[i].Recycles {
			w.process(i, string(appendLabel([]byte{','}, "reason", r.Reason)), float64(r.Number))
		}
	}
}

func writeRequests(w *writer, v *Values) {
	codes := [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}
	for i := range v.Servers {
		for class, n := range v.Servers[i].Requests {
			if class > 0 { // there are no further answers with 1xx
				w.series([]label{{"server", v.Servers[i].Name}, {"code", codes[class]}}, float64(n))
			}
		}
	}
}

// seconds is a time in seconds since 1970, NaN for zero.
func seconds(t time.Time) float64 {
	return float64If(!t.IsZero(), float64(t.Unix())+float64(t.Nanosecond()/1e6)/1e3)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func known(n int64) float64 { return float64If(n != Unknown, float64(n)) }
