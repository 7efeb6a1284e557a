package screen

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// place is a row: a process, or a group if the name is empty.
type place struct{ group, name string }

// row is a line of the list.
type row struct {
	place
	process *Process // nil for a group
	members []Process
	indent  bool
}

// order is a column by which the list is sorted.
type order int

const (
	byName order = iota
	byState
	byCPU
	byMemory
	byRestarts
	orders
)

func (o order) String() string {
	return [...]string{"name", "state", "CPU", "memory", "restarts"}[o]
}

// list is the rows, and what determines them.
type list struct {
	processes []Process
	unfolded  map[string]bool // groups
	marks     map[place]bool  // processes
	cursor    place
	top       int // first row on the screen
	order     order
	name      string     // filter
	state     *api.State // filter
	rows      []row
}

func newList() list { return list{unfolded: map[string]bool{}, marks: map[place]bool{}} }

// arrange makes the rows anew. The cursor stays where it is, or at the row that takes its place.
func (l *list) arrange(processes []Process) {
	index := l.index()
	l.processes, l.rows = processes, nil
	present := map[place]bool{}
	for start := 0; start < len(processes); {
		group := processes[start].Group
		end := start + 1
		for end < len(processes) && processes[end].Group == group {
			end++
		}
		for _, p := range processes[start:end] {
			present[place{group, p.Name}] = true
		}
		l.arrangeGroup(processes[start:end])
		start = end
	}
	for mark := range l.marks {
		if !present[mark] {
			delete(l.marks, mark)
		}
	}
	l.sort()
	if l.index() < 0 && len(l.rows) > 0 {
		l.cursor = l.rows[min(max(index, 0), len(l.rows)-1)].place
	}
}

// arrangeGroup appends the row of a group and of its processes. A group of one process of its name has that one alone.
func (l *list) arrangeGroup(members []Process) {
	single := len(members) == 1 && members[0].Name == members[0].Group
	group := members[0].Group
	var shown []row
	for i := range members {
		p := &members[i]
		if l.matches(p) {
			shown = append(shown, row{place: place{group, p.Name}, process: p, indent: !single})
		}
	}
	switch {
	case len(shown) == 0:
	case single:
		l.rows = append(l.rows, shown...)
	default:
		l.rows = append(l.rows, row{place: place{group: group}, members: members})
		if l.unfolded[group] || l.filtered() {
			l.rows = append(l.rows, shown...)
		}
	}
}

// filtered reports whether a filter is set: then groups show what matches.
func (l *list) filtered() bool { return l.name != "" || l.state != nil }

// matches reports whether a process passes the filters. A name with * or ? is a pattern, any other a part of the namespec.
func (l *list) matches(p *Process) bool {
	if l.state != nil && p.State != *l.state {
		return false
	}
	name, wanted := strings.ToLower(p.Namespec()), strings.ToLower(l.name)
	if strings.ContainsAny(wanted, "*?") {
		ok, err := path.Match(wanted, name)
		return ok && err == nil
	}
	return strings.Contains(name, wanted)
}

// sort sorts groups, and the processes within each, by the order. Rows that are equal stay sorted by name.
func (l *list) sort() {
	if l.order == byName {
		return
	}
	var blocks [][]row
	for _, r := range l.rows {
		if r.indent && r.process != nil {
			blocks[len(blocks)-1] = append(blocks[len(blocks)-1], r)
		} else {
			blocks = append(blocks, []row{r})
		}
	}
	for _, b := range blocks {
		slices.SortStableFunc(b[1:], func(a, b row) int { return cmp.Compare(l.weight(b), l.weight(a)) })
	}
	slices.SortStableFunc(blocks, func(a, b []row) int { return cmp.Compare(l.weight(b[0]), l.weight(a[0])) })
	l.rows = slices.Concat(blocks...)
}

// weight is what a row is sorted by, the greatest first. That of a group is its greatest.
func (l *list) weight(r row) float64 {
	if r.process == nil {
		greatest := l.weightOf(&r.members[0])
		for i := range r.members[1:] {
			greatest = max(greatest, l.weightOf(&r.members[i+1]))
		}
		return greatest
	}
	return l.weightOf(r.process)
}

// urgency is the order of states: what needs attention first.
var urgency = map[api.State]float64{
	api.Fatal: 8, api.Unknown: 7, api.Backoff: 6, api.Stopping: 5, api.Starting: 4, api.Exited: 3, api.Running: 2, api.Stopped: 1,
}

func (l *list) weightOf(p *Process) float64 {
	switch {
	case l.order == byState:
		return urgency[p.State]
	case l.order == byCPU && p.Resources != nil:
		return p.Resources.CPU
	case l.order == byMemory && p.Resources != nil:
		return float64(p.Resources.Memory)
	case l.order == byRestarts && p.Restarts != nil:
		return float64(*p.Restarts)
	}
	return -1
}

// index is the row of the cursor, or -1.
func (l *list) index() int {
	return slices.IndexFunc(l.rows, func(r row) bool { return r.place == l.cursor })
}

// move moves the cursor by n rows.
func (l *list) move(n int) {
	if len(l.rows) > 0 {
		l.cursor = l.rows[min(max(l.index()+n, 0), len(l.rows)-1)].place
	}
}

// current returns the row of the cursor, or nil if there are no rows.
func (l *list) current() *row {
	if i := l.index(); i >= 0 {
		return &l.rows[i]
	}
	return nil
}

// process returns the process of the cursor, or nil if it is at a group.
func (l *list) process() *Process {
	if r := l.current(); r != nil {
		return r.process
	}
	return nil
}

// visible returns the rows that fit into height, with that of the cursor.
func (l *list) visible(height int) []row {
	if i := l.index(); i >= 0 {
		l.top = max(min(l.top, i), i-height+1)
	}
	l.top = max(min(l.top, len(l.rows)-height), 0)
	return l.rows[l.top:min(l.top+height, len(l.rows))]
}

// mark marks the process of the cursor, or all of its group, or takes the marks away; then the cursor goes down.
func (l *list) mark() {
	r := l.current()
	if r == nil {
		return
	}
	places := []place{r.place}
	if r.process == nil {
		places = nil
		for i := range r.members {
			if l.matches(&r.members[i]) {
				places = append(places, place{r.group, r.members[i].Name})
			}
		}
	}
	all := !slices.ContainsFunc(places, func(p place) bool { return !l.marks[p] })
	for _, p := range places {
		if all {
			delete(l.marks, p)
		} else {
			l.marks[p] = true
		}
	}
	l.move(1)
}

// targets returns the names that an action is about, and how many processes these are: the marked ones, or else the row of the
// cursor.
func (l *list) targets() (names []string, processes int) {
	for i := range l.processes {
		if p := &l.processes[i]; l.marks[place{p.Group, p.Name}] {
			names = append(names, p.Namespec())
		}
	}
	r := l.current()
	switch {
	case len(names) > 0:
		return names, len(names)
	case r == nil:
		return nil, 0
	case r.process != nil:
		return []string{r.process.Namespec()}, 1
	case l.filtered(): // what is shown of the group
		for i := range r.members {
			if l.matches(&r.members[i]) {
				names = append(names, r.members[i].Namespec())
			}
		}
		return names, len(names)
	}
	return []string{r.group + ":*"}, len(r.members)
}

// nextState sets the filter to the next state that a process has, in the order of urgency, and after the last one to none.
func (l *list) nextState() {
	present := map[api.State]bool{}
	for i := range l.processes {
		present[l.processes[i].State] = true
	}
	last := 9.0
	if l.state != nil {
		last = urgency[*l.state]
	}
	var next *api.State
	for s := range present {
		if urgency[s] < last && (next == nil || urgency[s] > urgency[*next]) {
			next = &s
		}
	}
	l.state = next
	l.arrange(l.processes)
}
