package rest

import (
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// shownProcess is a process as an answer shows it.
type shownProcess struct {
	operations.View
	detail bool
}

// stateNames are the names of all states.
func stateNames() (names []string) {
	for _, s := range api.States {
		names = append(names, s.String())
	}
	return names
}

var processObject = &object[shownProcess]{name: "Process", help: "a process", members: []member[shownProcess]{
	{"group", "the name of its group", texts, func(b []byte, p *shownProcess) []byte { return appendText(b, p.Group) }},
	{"name", "its name in the group", texts, func(b []byte, p *shownProcess) []byte { return appendText(b, p.Name) }},
	{"namespec", "its name as supervisorctl shows it: NAME, or GROUP:NAME", texts,
		func(b []byte, p *shownProcess) []byte { return appendText(b, api.Namespec(p.Group, p.Name)) }},
	{"state", "its state", oneOf(stateNames()...), func(b []byte, p *shownProcess) []byte { return appendText(b, p.StateName) }},
	{"statecode", "the number of the state", integers, func(b []byte, p *shownProcess) []byte { return appendInt(b, int(p.State)) }},
	{"description", "such as `pid 4711, uptime 0:01:02`", texts, func(b []byte, p *shownProcess) []byte { return appendText(b, p.Description) }},
	{"pid", "of the child", orNull(integers), func(b []byte, p *shownProcess) []byte {
		if p.PID == 0 {
			return appendNull(b)
		}
		return appendInt(b, p.PID)
	}},
	{"started", "when the last child was made", orNull(moments), func(b []byte, p *shownProcess) []byte { return appendTime(b, p.StartedAt) }},
	{"stopped", "when the last child that has ended did", orNull(moments), func(b []byte, p *shownProcess) []byte { return appendTime(b, p.Exit.At) }},
	{"exit", "how that child ended", orNull(exitObject.ref()), func(b []byte, p *shownProcess) []byte {
		if p.Exit.At.IsZero() {
			return appendNull(b)
		}
		return exitObject.append(b, &p.Exit)
	}},
	{"spawn_error", "why the last start failed, or the last run ended badly", orNull(texts),
		func(b []byte, p *shownProcess) []byte { return appendTextOrNull(b, p.SpawnErr) }},
	{"tries", "failed starts in a row", integers, func(b []byte, p *shownProcess) []byte { return appendInt(b, p.Tries) }},
	{"logs", "its logs", logsObject.ref(), func(b []byte, p *shownProcess) []byte { return logsObject.append(b, p) }},
	{"detail", "more, if that was asked for", orNull(detailObject.ref()), func(b []byte, p *shownProcess) []byte {
		if !p.detail {
			return appendNull(b)
		}
		return detailObject.append(b, p)
	}},
}}

var exitObject = &object[process.Exit]{name: "Exit", help: "how a child has ended", members: []member[process.Exit]{
	{"at", "when", moments, func(b []byte, e *process.Exit) []byte { return appendTime(b, e.At) }},
	{"status", "the exit status; null if a signal has ended it", orNull(integers), func(b []byte, e *process.Exit) []byte {
		if e.Signal != 0 || e.Status < 0 {
			return appendNull(b)
		}
		return appendInt(b, e.Status)
	}},
	{"signal", "the signal that has ended it, such as SIGKILL", orNull(texts), func(b []byte, e *process.Exit) []byte {
		if e.Signal == 0 {
			return appendNull(b)
		}
		return appendText(b, signame.Name(syscall.Signal(e.Signal)))
	}},
	{"expected", "whether the program is configured to end like that, or it was stopped", booleans,
		func(b []byte, e *process.Exit) []byte { return appendBool(b, e.Expected) }},
	{"ran", "how long it ran, in seconds; null if that is not known", orNull(numbers), func(b []byte, e *process.Exit) []byte {
		if e.Ran == 0 {
			return appendNull(b)
		}
		return appendSeconds(b, e.Ran)
	}},
	{"text", "the same in words", texts, func(b []byte, e *process.Exit) []byte { return appendText(b, exitWords(e.Text, e.Expected)) }},
}}

func exitWords(how string, expected bool) string {
	if expected {
		return how + "; expected"
	}
	return how + "; not expected"
}

var logsObject = &object[shownProcess]{name: "Logs", help: "the logs of a process", members: []member[shownProcess]{
	{"stdout", "", orNull(logObject.ref()), func(b []byte, p *shownProcess) []byte { return p.appendLog(b, api.Stdout) }},
	{"stderr", "", orNull(logObject.ref()), func(b []byte, p *shownProcess) []byte { return p.appendLog(b, api.Stderr) }},
}}

// shownLog is the log of a channel as an answer shows it.
type shownLog struct {
	operations.LogView
	config *config.Log
	lines  *config.ChannelLines
	bytes  int64 // -1: not known
}

func (p *shownProcess) appendLog(b []byte, channel api.Channel) []byte {
	l := shownLog{LogView: p.Out, config: &p.Config.Out.Log, lines: p.Config.Lines(channel)}
	if channel == api.Stderr {
		l.LogView, l.config = p.Err, &p.Config.Err.Log
	}
	if l.Path == "" {
		return appendNull(b)
	}
	l.bytes = l.Size
	if l.bytes < 0 && p.detail {
		if info, err := os.Stat(l.Path); err == nil && info.Mode().IsRegular() {
			l.bytes = info.Size()
		}
	}
	return logObject.append(b, &l)
}

var logObject = &object[shownLog]{name: "Log", help: "the log of a channel", members: []member[shownLog]{
	{"path", "of the file", texts, func(b []byte, l *shownLog) []byte { return appendText(b, l.Path) }},
	{"bytes", "its size; null if it is not a file, or neither it is open nor was detail asked for", orNull(integers), func(b []byte, l *shownLog) []byte {
		if l.bytes < 0 {
			return appendNull(b)
		}
		return appendInt(b, int(l.bytes))
	}},
	{"maxbytes", "the size at which it is rotated, 0 for never", integers, func(b []byte, l *shownLog) []byte { return appendInt(b, int(l.config.MaxBytes)) }},
	{"format", "`plain`, `text`, `json` or `template`", texts, func(b []byte, l *shownLog) []byte { return appendText(b, l.lines.Format.Kind.String()) }},
	{"logged", "bytes since the process exists", integers, func(b []byte, l *shownLog) []byte { return appendInt(b, int(l.Logged)) }},
	{"lost", "bytes that could not be written", integers, func(b []byte, l *shownLog) []byte { return appendInt(b, int(l.Lost)) }},
	{"rotations", "since the process exists", integers, func(b []byte, l *shownLog) []byte { return appendInt(b, int(l.Rotations)) }},
	{"tees", "further targets", listOf(texts), func(b []byte, _ *shownLog) []byte { return append(b, "[]"...) }},
}}

var detailObject = &object[shownProcess]{name: "Detail", help: "more about a process; what does not apply is null", members: append([]member[shownProcess]{
	{"starts", "children that were made", integers, func(b []byte, p *shownProcess) []byte { return appendInt(b, int(p.Counts.Starts)) }},
	{"restarts", "starts that no request asked for, but the first", integers, func(b []byte, p *shownProcess) []byte { return appendInt(b, int(p.Counts.Restarts)) }},
	{"exits", "children that have ended", integers,
		func(b []byte, p *shownProcess) []byte {
			return appendInt(b, int(p.Counts.Expected+p.Counts.Unexpected))
		}},
	{"exits_unexpected", "those that did not end as the program is configured, and were not stopped", integers,
		func(b []byte, p *shownProcess) []byte { return appendInt(b, int(p.Counts.Unexpected)) }},
	{"resources", "what it uses, if that was asked for", orNull(schema{"type": "object"}), func(b []byte, _ *shownProcess) []byte { return appendNull(b) }},
	{"command", "the command line", texts, func(b []byte, p *shownProcess) []byte { return appendText(b, p.Config.Run.Command) }},
	{"priority", "of its program", integers, func(b []byte, p *shownProcess) []byte { return appendInt(b, p.Config.Priority) }},
	{"autostart", "whether it starts with supervisord", booleans, func(b []byte, p *shownProcess) []byte { return appendBool(b, p.Config.Start.Auto) }},
	{"autorestart", "when it is started again after an exit", oneOf("true", "false", "unexpected"),
		func(b []byte, p *shownProcess) []byte { return appendText(b, p.Config.Exit.Restart.String()) }},
}, moreMembers()...)}

// moreMembers are the members that only some programs have.
func moreMembers() (list []member[shownProcess]) {
	for _, m := range api.MoreMembers {
		help := strings.Replace(m.Help, ", in seconds since 1970", "", 1)
		switch {
		case m.Name == "restarts": // is always there
		case m.Text != nil:
			list = append(list, member[shownProcess]{m.Name, help, orNull(texts), func(b []byte, p *shownProcess) []byte {
				if p.More == nil {
					return appendNull(b)
				}
				return appendTextOrNull(b, *m.Text(p.More))
			}})
		case m.Flag != nil:
			list = append(list, member[shownProcess]{m.Name, help, orNull(booleans), func(b []byte, p *shownProcess) []byte {
				if p.More == nil || *m.Flag(p.More) == nil {
					return appendNull(b)
				}
				return appendBool(b, **m.Flag(p.More))
			}})
		default: // all other numbers are times
			list = append(list, member[shownProcess]{m.Name, help, orNull(moments), func(b []byte, p *shownProcess) []byte {
				if p.More == nil || *m.Number(p.More) == nil {
					return appendNull(b)
				}
				return appendTime(b, time.Unix(int64(**m.Number(p.More)), 0))
			}})
		}
	}
	return list
}

// processList is the answer to a request for processes.
type processList struct {
	views  []operations.View
	detail bool
	life   string
	seq    uint64
}

var processesObject = &object[processList]{name: "Processes", help: "processes, by group and name", members: []member[processList]{
	{"processes", "", listOf(processObject.ref()), func(b []byte, l *processList) []byte {
		return appendList(b, l.views, func(b []byte, v *operations.View) []byte {
			return processObject.append(b, &shownProcess{*v, l.detail})
		})
	}},
	{"life", "the id of what `seq` belongs to", texts, func(b []byte, l *processList) []byte { return appendText(b, l.life) }},
	{"seq", "the number of the last event that the states include: LIFE-SEQ is its id", integers,
		func(b []byte, l *processList) []byte { return appendInt(b, int(l.seq)) }},
}}

// views holds slices of earlier requests for reuse.
var views = sync.Pool{New: func() any { return new([]operations.View) }}

func (q *request) processes() {
	filter := operations.Filter{Group: q.query.Get("group"), Name: q.query.Get("name")}
	for _, name := range strings.Split(q.query.Get("state"), ",") {
		if name == "" {
			continue
		}
		state, ok := parseState(name)
		if !ok {
			q.problem(http.StatusBadRequest, "bad value of state: "+shown(name))
			return
		}
		filter.States = append(filter.States, state)
	}
	room := views.Get().(*[]operations.View)
	list, seq, err := q.ops.Views(filter, (*room)[:0])
	if err != nil {
		q.fail(err)
		return
	}
	detail := q.flag("detail")
	size := 700
	if detail {
		size = 1600
	}
	body := processesObject.append(make([]byte, 0, len(list)*size+100), &processList{list, detail, q.history().Life(), seq})
	clear(list)
	*room = list
	views.Put(room)
	q.answer(http.StatusOK, body)
}

func parseState(name string) (api.State, bool) {
	for _, s := range api.States {
		if strings.EqualFold(s.String(), name) {
			return s, true
		}
	}
	return 0, false
}

// processName is that of the process in the path.
func (q *request) processName() string { return q.args[0] + ":" + q.args[1] }

func (q *request) process() { q.showProcess(http.StatusOK) }

// showProcess answers with the process in the path.
func (q *request) showProcess(status int) {
	view, err := q.ops.View(q.processName())
	if err != nil {
		q.fail(err)
		return
	}
	q.answer(status, processObject.append(nil, &shownProcess{view, true}))
}

// processRoutes are those that only read.
var processRoutes = []route{
	{method: "GET", path: "/processes", role: access.Read, help: "The processes.", answer: processesObject.ref(), serve: (*request).processes,
		operation: "supervisor.getAllProcessInfo", params: []param{
			{name: "group", help: "only those of this group"},
			{name: "name", help: "only those of which this pattern matches the name or GROUP:NAME, as `web*`"},
			{name: "state", help: "only those in these states, such as `FATAL,BACKOFF`"},
			{name: "detail", help: "with the member detail", choices: flags},
		}},
	{method: "GET", path: "/processes/{group}/{name}", role: access.Read, help: "A process, with the member detail.", answer: processObject.ref(),
		serve: (*request).process, operation: "supervisor.getProcessInfo"},
}
