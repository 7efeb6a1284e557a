package ctl

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/fleet"
)

func statusFlags(flags *pflag.FlagSet, o *options) {
	flags.BoolVar(&o.programs, "programs", false, "list processes")
	flags.StringArrayVar(&o.states, "state", nil, "processes in this `state` (may be repeated)")
}

// status prints hosts or processes.
func status(ctx context.Context, s *session) (int, error) {
	hosts, err := s.readHosts(ctx)
	if err != nil {
		return 0, err
	}
	if len(hosts) == 0 {
		return 0, &statusError{nothing, "no host matches"}
	}
	if !s.programs && !s.selector.OfProcesses() {
		fmt.Fprint(s.out, hostTable(hosts, s.now))
		return hostStatus(hosts), nil
	}
	states, err := s.readStates(ctx, hosts)
	if err != nil {
		return 0, err
	}
	if len(states) == 0 {
		return 0, &statusError{nothing, "no process matches"}
	}
	fmt.Fprint(s.out, processTable(hosts, states))
	return processStatus(hosts, states), nil
}

// shownStates is the order in which counts are shown.
var shownStates = []string{"RUNNING", "STARTING", "STOPPING", "BACKOFF", "STOPPED", "EXITED", "FATAL", "UNKNOWN"}

// counts returns 198 RUNNING, 2 FATAL.
func counts(of map[string]int) string {
	var list []string
	for _, state := range shownStates {
		if of[state] > 0 {
			list = append(list, fmt.Sprintf("%d %s", of[state], state))
		}
	}
	return cmp.Or(strings.Join(list, ", "), "none")
}

// clockLimit is how far the clock of a host may be from that of the hub before it is shown.
const clockLimit = time.Minute

// hostTable returns the table of hosts, with a summary.
func hostTable(hosts map[string]*host, now time.Time) string {
	rows := [][]string{{"HOST", "STATE", "PROGRAMS", "CONFIG", "SEEN", "LABELS"}}
	how, total, unknown, processes := map[string]int{}, map[string]int{}, 0, 0
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		h := hosts[name]
		state, programs, seen := h.state(), counts(h.Counts), "now"
		how[state]++
		for of, n := range h.Counts {
			processes += n
			if state == up {
				total[of] += n
			} else {
				unknown += n
			}
		}
		if state != up {
			programs = "(" + programs + ")"
		}
		if h.alive == nil {
			seen = clock(h.seen, now)
		} else if h.behind.Abs() > clockLimit {
			seen += ", CLOCK " + sign(h.behind)
		}
		rows = append(rows, []string{name, state, programs, "-", seen, fleet.FormatLabels(h.Labels)})
	}
	return align(rows) + fmt.Sprintf("%s: %s; %s: %s\n", plural(len(hosts), "host", "hosts"), inOrder(how, up, silent, stopped, lost),
		plural(processes, "process", "processes"), withUnknown(total, unknown))
}

// sign returns a difference in minutes, with its sign: +2h3m.
func sign(d time.Duration) string {
	text := strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	if d > 0 {
		return "+" + text
	}
	return text
}

func withUnknown(total map[string]int, unknown int) string {
	text := counts(total)
	switch {
	case unknown == 0:
		return text
	case len(total) == 0:
		return fmt.Sprintf("%d not known", unknown)
	}
	return fmt.Sprintf("%s, %d not known", text, unknown)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func inOrder(of map[string]int, names ...string) string {
	var list []string
	for _, name := range names {
		if of[name] > 0 {
			list = append(list, fmt.Sprintf("%d %s", of[name], name))
		}
	}
	return strings.Join(list, ", ")
}

// clock returns a time of today as such, and others with their date.
func clock(t, now time.Time) string {
	if t.Local().Format(time.DateOnly) == now.Local().Format(time.DateOnly) {
		return t.Local().Format(time.TimeOnly)
	}
	return t.Local().Format(time.DateTime)
}

// hostStatus returns the exit status for hosts.
func hostStatus(hosts map[string]*host) int {
	for _, h := range hosts {
		if h.state() != up {
			return unwell
		}
		for state, n := range h.Counts {
			if n > 0 && !isWell(state) {
				return unwell
			}
		}
	}
	return 0
}

// isWell reports whether a state has exit status 0.
func isWell(state string) bool {
	return !slices.ContainsFunc(api.States, func(s api.State) bool { return s.String() == state && s.IsStopped() })
}

// processTable returns the table of processes.
func processTable(hosts map[string]*host, states map[fleet.Process]fleet.State) string {
	var rows [][]string
	for _, p := range slices.SortedFunc(maps.Keys(states), compareProcesses) {
		state := states[p]
		shown := state.State
		if hosts[p.Host].state() != up {
			shown = "(" + shown + ")"
		}
		rows = append(rows, []string{p.Host, api.Namespec(p.Group, p.Name), shown, details(state)})
	}
	return align(rows)
}

func compareProcesses(a, b fleet.Process) int {
	return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
}

// details returns what is behind a state.
func details(s fleet.State) string {
	var list []string
	if s.PID > 0 {
		list = append(list, fmt.Sprintf("pid %d", s.PID))
	}
	if s.Note != "" {
		list = append(list, s.Note)
	}
	if s.Since > 0 {
		list = append(list, "since "+time.Unix(s.Since, 0).Local().Format(time.DateTime))
	}
	return strings.Join(list, ", ")
}

// processStatus returns the exit status for processes.
func processStatus(hosts map[string]*host, states map[fleet.Process]fleet.State) int {
	for p, state := range states {
		if hosts[p.Host].state() != up || !isWell(state.State) {
			return unwell
		}
	}
	return 0
}
