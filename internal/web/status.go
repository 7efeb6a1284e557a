package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/rpc"
)

// statusPage is what the status page shows.
type statusPage struct {
	about
	Life    string
	Layout  int
	Since   int64 // nanoseconds since 1970: changes from then on are news for this page
	Message string
	Failed  bool // the message tells of a failure
	Filter  filter
	States  []count // those of all processes, the whole first
	Groups  []group
	Total   int
}

// group is a section of the page.
type group struct {
	Name   string // empty: programs that are no members of a group of another name
	Counts []count
	Rows   []row
	Shown  bool // a row of it passes the filter
}

// count is how many processes are in a state. The whole has no state.
type count struct {
	State  string
	Number int
}

// row is one process.
type row struct {
	Namespec, Name     string
	State, Class       string
	PID                int
	Uptime             string // of a running one
	Start              int
	Description        string // empty for a running one, whose pid and uptime say it all
	LastExit           string
	Stop               string // when that was, unless the description tells
	Stderr             bool   // it has a log for stderr
	CanStart           bool
	CanStop, CanStopIn bool // CanStopIn: it is not up yet, so that a restart has no point
	Hidden             bool // by the filter
}

// filter is what is looked for. Both are part of the address.
type filter struct{ Query, State string }

func filterOf(r *http.Request) filter {
	return filter{Query: r.Form.Get("q"), State: strings.ToLower(r.Form.Get("state"))}
}

func (f filter) passes(namespec, state string) bool {
	return (f.State == "" || f.State == state) &&
		strings.Contains(strings.ToLower(namespec), strings.ToLower(strings.TrimSpace(f.Query)))
}

// status is the status page, and takes actions.
func (h *Handler) status(w http.ResponseWriter, r *http.Request) int {
	if d, given := demanded(r); given {
		return h.act(w, r, d)
	}
	snap, err := h.rpc.All()
	if err != nil {
		return refused(err)
	}
	page := statusPage{
		about: h.about(snap.At), Life: h.life, Layout: snap.Layout, Since: snap.At.UnixNano(),
		Message: r.Form.Get("message"), Filter: filterOf(r), Total: len(snap.Views),
	}
	page.Failed = isFailure(page.Message)
	page.Groups = groupsOf(snap, page.Filter)
	var states []string
	for _, v := range snap.Views {
		states = append(states, strings.ToLower(v.StateName))
	}
	page.States = append([]count{{"", len(states)}}, counts(states)...)
	return show(w, http.StatusOK, "status.html", page)
}

// groupsOf makes sections: first of the programs that are alone in a group of their own name, then one for each other group.
func groupsOf(snap rpc.Snapshot, f filter) []group {
	var alone group
	var groups []group
	for i := 0; i < len(snap.Views); {
		end := i + 1
		for end < len(snap.Views) && snap.Views[end].Group == snap.Views[i].Group {
			end++
		}
		members := snap.Views[i:end]
		if len(members) == 1 && members[0].Name == members[0].Group {
			alone.add(members[0], snap.At, f)
		} else {
			g := group{Name: members[0].Group, Rows: make([]row, 0, len(members))}
			for _, v := range members {
				g.add(v, snap.At, f)
			}
			groups = append(groups, g)
		}
		i = end
	}
	if len(alone.Rows) > 0 {
		groups = append([]group{alone}, groups...)
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

func (g *group) add(v rpc.View, now time.Time, f filter) {
	r := rowOf(v, now)
	r.Hidden = !f.passes(r.Namespec, r.State)
	g.Shown = g.Shown || !r.Hidden
	g.Rows = append(g.Rows, r)
}

// counts are how many of each state there are, in the order in which they deserve attention.
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

func rowOf(v rpc.View, now time.Time) row {
	r := row{
		Namespec: api.Namespec(v.Group, v.Name), Name: v.Name, State: strings.ToLower(v.StateName), PID: v.PID,
		Description: v.Description, LastExit: v.LastExit, Stderr: v.StderrLogfile != "",
		Class: "statusnominal", CanStart: v.State.IsStopped() && v.State != api.Unknown,
	}
	switch v.State {
	case api.Running:
		_, r.Uptime, _ = strings.Cut(v.Description, ", uptime ")
		r.Class, r.Description, r.Start, r.CanStop = "statusrunning", "", v.Start, true
	case api.Fatal, api.Backoff:
		r.Class = "statuserror"
		r.CanStopIn = v.State == api.Backoff
	case api.Starting:
		r.Class += " moving"
		r.CanStopIn = true
	case api.Stopping:
		r.Class += " moving"
	}
	if v.LastExit != "" && !(v.State == api.Stopped || v.State == api.Exited) {
		r.Stop = moment(time.Unix(int64(v.Stop), 0), now)
	}
	return r
}

// moment tells a time of the past as briefly as it can be understood.
func moment(t, now time.Time) string {
	switch {
	case now.Sub(t) < 12*time.Hour && t.YearDay() == now.YearDay():
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return t.Format("Jan 02 15:04")
	}
	return t.Format("2006-01-02")
}

// address is the query of the page with this filter.
func (f filter) address() string {
	q := ""
	for _, p := range [...][2]string{{"q", f.Query}, {"state", f.State}} {
		if p[1] != "" {
			q += "&" + p[0] + "=" + quote(p[1])
		}
	}
	return strings.TrimPrefix(q, "&")
}

// With is the address of the page with another state and the same name.
func (f filter) With(state string) string {
	return "./?" + filter{f.Query, state}.address()
}

// Plural is for texts.
func (c count) Plural() string {
	if c.Number == 1 {
		return "1 program"
	}
	return strconv.Itoa(c.Number) + " programs"
}
