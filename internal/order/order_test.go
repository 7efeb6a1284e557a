package order

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unit is "name priority needs,needs".
type unit struct {
	name     string
	priority int
}

// world makes units of texts such as "web 10 db,cache"; a name alone has priority 0.
func world(texts ...string) (units []*unit, r Rules[*unit], find func(string) *unit) {
	byName, needs := map[string]*unit{}, map[*unit][]string{}
	for _, text := range texts {
		f := strings.Fields(text + " 0")
		u := &unit{name: f[0]}
		for _, c := range f[1] {
			u.priority = u.priority*10 + int(c-'0')
		}
		if len(f) > 3 {
			needs[u] = strings.Split(f[2], ",")
		}
		byName[u.name] = u
		units = append(units, u)
	}
	find = func(name string) *unit { return byName[name] }
	r = Rules[*unit]{
		Priority: func(u *unit) int { return u.priority },
		Needs: func(u *unit) (list []*unit) {
			for _, name := range needs[u] {
				list = append(list, byName[name])
			}
			return list
		},
	}
	return units, r, find
}

func names(units []*unit) string {
	var list []string
	for _, u := range units {
		list = append(list, u.name)
	}
	return strings.Join(list, " ")
}

func TestSort(t *testing.T) {
	for _, c := range []struct{ units, sorted, cycle string }{
		{"", "", ""},
		{"a 3;b 1;c 2;d 1", "b d c a", ""},
		{"web 1 db;db 9", "db web", ""},
		{"a 1 c;b 2;c 3", "b c a", ""},
		{"a 0 b,c;b 0 d;c 0 d;d 0", "d b c a", ""},
		{"a 0 b;b 0 a;c 5", "c a b", "a b"},
		{"x 0 a;a 0 b;b 0 c;c 0 a;free 1", "free x a b c", "a b c"},
		{"self 0 self", "self", "self"},
	} {
		var texts []string
		if c.units != "" {
			texts = strings.Split(c.units, ";")
		}
		units, r, _ := world(texts...)
		sorted, cycle := r.Sort(units)
		if got := names(sorted); got != c.sorted {
			t.Errorf("%s: sorted %q, want %q", c.units, got, c.sorted)
		}
		if got := names(cycle); got != c.cycle {
			t.Errorf("%s: cycle %q, want %q", c.units, got, c.cycle)
		}
	}
}

// TestPriorityAlone shows the order without needs: Insert gives the same as Sort, Descending keeps equal ones as they are.
func TestPriorityAlone(t *testing.T) {
	units, r, _ := world("a 3", "b 1", "c 2", "d 1", "e 3")
	r.Needs = nil
	sorted, cycle := r.Sort(units)
	if names(sorted) != "b d c a e" || cycle != nil {
		t.Errorf("sorted %q, cycle %v", names(sorted), cycle)
	}
	var inserted []*unit
	for _, u := range units {
		inserted = r.Insert(inserted, u)
	}
	if d := cmp.Diff(names(sorted), names(inserted)); d != "" {
		t.Error(d)
	}
	if got := names(r.Descending(units)); got != "a e c b d" {
		t.Errorf("descending %q", got)
	}
	if names(units) != "a b c d e" {
		t.Errorf("the list was changed: %q", names(units))
	}
	if r.NextStart(units) != 0 || r.NextStart(nil) != -1 || r.NextStop(units) != 4 || r.NextStop(nil) != -1 {
		t.Error("without needs the first starts next, and the last stops next")
	}
}

// TestStates starts and stops units one by one, as their needs let them.
func TestStates(t *testing.T) {
	units, r, find := world("web 1 db,cache", "db 9", "cache 5 db", "cron 7")
	up := map[*unit]bool{}
	r.Up = func(u *unit) bool { return up[u] }
	waiting, _ := r.Sort(units)
	if got := names(waiting); got != "cron db cache web" {
		t.Fatalf("sorted %q", got)
	}
	waiting = []*unit{find("web"), find("cache"), find("db"), find("cron")}
	var started []string
	for len(waiting) > 0 {
		i := r.NextStart(waiting)
		if i < 0 {
			t.Fatalf("nothing may start of %q", names(waiting))
		}
		started = append(started, waiting[i].name)
		up[waiting[i]] = true
		waiting = slices.Delete(waiting, i, i+1)
	}
	if d := cmp.Diff([]string{"db", "cache", "web", "cron"}, started); d != "" {
		t.Error(d)
	}
	up[find("db")] = false
	if r.NextStart([]*unit{find("web"), find("cache")}) != -1 {
		t.Error("a unit may start although what it needs is not up")
	}
	running, _ := r.Sort(units)
	var stopped []string
	for len(running) > 0 {
		i := r.NextStop(running)
		stopped = append(stopped, running[i].name)
		running = slices.Delete(running, i, i+1)
	}
	if d := cmp.Diff([]string{"web", "cache", "db", "cron"}, stopped); d != "" {
		t.Error(d)
	}
	loop, r2, _ := world("a 0 b", "b 0 a")
	if r2.NextStop(loop) != 1 {
		t.Error("a cycle cannot be stopped")
	}
}

// TestRandom shows for random graphs that Sort returns each unit once, what a unit needs before it unless there is a
// cycle, and that a cycle is one.
func TestRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		n := 1 + rng.IntN(8)
		units := make([]*unit, n)
		needs := map[*unit][]*unit{}
		for i := range units {
			units[i] = &unit{name: string(rune('a' + i)), priority: rng.IntN(3)}
		}
		for range rng.IntN(2 * n) {
			a, b := units[rng.IntN(n)], units[rng.IntN(n)]
			needs[a] = append(needs[a], b)
		}
		r := Rules[*unit]{Priority: func(u *unit) int { return u.priority }, Needs: func(u *unit) []*unit { return needs[u] }}
		sorted, cycle := r.Sort(units)
		at := map[*unit]int{}
		for i, u := range sorted {
			at[u] = i
		}
		if len(sorted) != n || len(at) != n {
			t.Fatalf("sorted %q of %q", names(sorted), names(units))
		}
		for i, u := range cycle {
			if next := cycle[(i+1)%len(cycle)]; !slices.Contains(needs[u], next) {
				t.Fatalf("%q is no cycle: %s does not need %s", names(cycle), u.name, next.name)
			}
		}
		if len(cycle) > 0 {
			continue
		}
		for i, u := range sorted {
			for _, need := range needs[u] {
				if at[need] >= i {
					t.Fatalf("%s needs %s, sorted %q", u.name, need.name, names(sorted))
				}
			}
			for _, later := range sorted[i+1:] { // a later one of lower priority needs something between
				if later.priority < u.priority && !slices.ContainsFunc(needs[later], func(x *unit) bool { return at[x] >= i }) {
					t.Fatalf("%s starts after %s, sorted %q", later.name, u.name, names(sorted))
				}
			}
		}
	}
}
