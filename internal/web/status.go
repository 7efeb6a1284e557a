package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

// statusPage is what the status page shows.
type statusPage struct {
	daemonInfo
	Instance string
	Layout   int
	Since    int64 // nanoseconds since 1970: the stream begins with changes from then on
	Message  string
	Failed   bool // the message is about a failure
	Filter   filter
	States   []count // of all processes, the total first
	Groups   []group
	Total    int
}

// group is a section of the page.
type group struct {
	Name    string // empty: the programs that are in no other group
	Counts  []count
	Rows    []row
	Shown   bool // one of its rows passes the filter
	Actions bool // those of the group are offered
}

// count is the number of processes in a state, or of all if State is empty.
type count struct {
	State  string
	Number int
}

// row is one process.
type row struct {
	Namespec, Name      string
	State, Class        string
	PID                 int
	Uptime              string // of a running process
	Start               int
	Description         string // empty for a running process, whose pid and uptime are shown
	LastExit            string
	Stop                string // time of the last exit, unless the description has it
	Stderr              bool   // there is a stderr log
	CanStart            bool
	CanStop, CanRestart bool
	Hidden              bool // by the filter
	Badges              []badge
}

// filter selects the rows of the page, by a part of the namespec and by state. It is part of the address.
type filter struct{ Query, State string }

func filterOf(r *http.Request) filter {
	return filter{Query: r.Form.Get("q"), State: strings.ToLower(r.Form.Get("state"))}
}

func (f filter) passes(namespec, state string) bool {
	return (f.State == "" || f.State == state) &&
		strings.Contains(strings.ToLower(namespec), strings.ToLower(strings.TrimSpace(f.Query)))
}

// status is the status page. It also carries out actions.
func (h *Handler) status(w http.ResponseWriter, r *http.Request) int {
	if req, found := parseAction(r); found {
		return h.act(w, r, req)
	}
	return render(w, http.StatusOK, "status.html", func() (any, int) { return h.statusPage(r) })
}

// statusPage is what the status page shows, or the status of an error page.
func (h *Handler) statusPage(r *http.Request) (shown any, status int) {
	snap, err := h.ops.For(r.Context()).Snapshot()
	if err != nil {
		return nil, errorStatus(err)
	}
	page := statusPage{
		daemonInfo: h.daemonInfoAt(r, snap.At), Instance: h.instance(access.Of(r.Context())), Layout: snap.Layout, Since: snap.At.UnixNano(),
		Message: r.Form.Get("message"), Filter: filterOf(r), Total: len(snap.Processes),
	}
	page.Failed = isFailure(page.Message)
	page.Groups = groupsOf(snap, page.Filter, page.May)
	var states []string
	for _, v := range snap.Processes {
		states = append(states, strings.ToLower(v.StateName))
	}
	page.States = append([]count{{"", len(states)}}, counts(states)...)
	return page, 0
}

// groupsOf returns the sections of the page: one for the programs that are alone in a group of their own name, then one for
// each other group.
func groupsOf(snap operations.Snapshot, f filter, may may) []group {
	var single group
	var groups []group
	for i := 0; i < len(snap.Processes); {
		end := i + 1
		for end < len(snap.Processes) && snap.Processes[end].Group == snap.Processes[i].Group {
			end++
		}
		members := snap.Processes[i:end]
		if len(members) == 1 && members[0].Name == members[0].Group {
			single.add(members[0], snap.At, f, may)
		} else {
			g := group{Name: members[0].Group, Rows: make([]row, 0, len(members)), Actions: may.Control && !snap.Partial[members[0].Group]}
			for _, v := range members {
				g.add(v, snap.At, f, may)
			}
			groups = append(groups, g)
		}
		i = end
	}
	if len(single.Rows) > 0 {
		groups = append([]group{single}, groups...)
	}
	for i := range groups {
		var states []string
		for _, r := range groups[i].Rows {
			states = append(states, r.State)
		}
		groups[i].Counts = counts(states)
	}
	return groups
}

func (g *group) add(v operations.ProcessView, now time.Time, f filter, may may) {
	r := rowOf(v, now, may)
	r.Hidden = !f.passes(r.Namespec, r.State)
	g.Shown = g.Shown || !r.Hidden
	g.Rows = append(g.Rows, r)
}

// counts counts the states, the ones that need attention first.
func counts(states []string) []count {
	number := map[string]int{}
	for _, s := range states {
		number[s]++
	}
	var all []count
	for _, s := range [...]api.State{api.Fatal, api.Backoff, api.Unknown, api.Starting, api.Running, api.Stopping,
		api.Exited, api.Stopped} {
		if name := strings.ToLower(s.String()); number[name] > 0 {
			all = append(all, count{name, number[name]})
		}
	}
	return all
}

func rowOf(v operations.ProcessView, now time.Time, may may) row {
	r := row{
		Namespec: api.Namespec(v.Group, v.Name), Name: v.Name, State: strings.ToLower(v.StateName), PID: v.PID,
		Description: v.Description, LastExit: v.LastExit, Stderr: v.StderrLogfile != "",
		Class: "statusnominal", CanStart: may.Control && v.State.IsStopped() && v.State != api.Unknown,
	}
	if v.More != nil {
		r.Badges = badgesOf(v.More, v.Description, now)
	}
	switch v.State {
	case api.Running:
		_, r.Uptime, _ = strings.Cut(v.Description, ", uptime ")
		r.Class, r.Description, r.Start = "statusrunning", "", v.Start
		r.CanStop, r.CanRestart = may.Control, may.Control
	case api.Fatal, api.Backoff:
		r.Class = "statuserror"
		r.CanStop = may.Control && v.State == api.Backoff
	case api.Starting:
		r.Class += " changing"
		r.CanStop = may.Control
	case api.Stopping:
		r.Class += " changing"
	}
	if v.LastExit != "" && !(v.State == api.Stopped || v.State == api.Exited) {
		r.Stop = shortTime(time.Unix(int64(v.Stop), 0), now)
	}
	return r
}

// shortTime is a time of the past without what it has in common with now.
func shortTime(t, now time.Time) string {
	switch {
	case now.Sub(t) < 12*time.Hour && t.YearDay() == now.YearDay():
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return t.Format("Jan 02 15:04")
	}
	return t.Format("2006-01-02")
}

// address is the query of the address of the page with this filter.
func (f filter) address() string {
	q := ""
	for _, p := range [...][2]string{{"q", f.Query}, {"state", f.State}} {
		if p[1] != "" {
			q += "&" + p[0] + "=" + quote(p[1])
		}
	}
	return strings.TrimPrefix(q, "&")
}

// With is the address of the page with the same query and another state.
func (f filter) With(state string) string {
	return "./?" + filter{f.Query, state}.address()
}
