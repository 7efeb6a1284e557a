package order

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// graphOf makes a graph of texts such as "web db,-cache:exited"; the condition is running if there is none.
func graphOf(text string) (g *Graph[string], cycles [][]string) {
	var nodes []Node[string]
	for _, n := range strings.Split(text, ";") {
		unit, list, _ := strings.Cut(n, " ")
		node := Node[string]{Unit: unit}
		for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
			i := Item[string]{Condition: Running}
			item, i.Optional = strings.CutPrefix(item, "-")
			name, word, _ := strings.Cut(item, ":")
			if c, ok := ParseCondition(word); ok {
				i.Condition = c
			}
			i.Name, i.On = name, strings.Split(name, "+")
			node.Items = append(node.Items, i)
		}
		nodes = append(nodes, node)
	}
	return New(nodes)
}

// TestConditions shows what each state of a process means for each condition.
func TestConditions(t *testing.T) {
	expected := func(s api.State) Facts { return Facts{State: s, Expected: true} }
	for _, c := range []struct {
		name  string
		facts Facts
		met   string // the conditions
	}{
		{"never started", expected(api.Stopped), ""},
		{"STARTING without a child", Facts{State: api.Starting}, ""},
		{"STARTING", Facts{State: api.Starting, Child: true}, "started"},
		{"RUNNING", Facts{State: api.Running}, "started running ready healthy"},
		{"RUNNING, not ready", Facts{State: api.Running, Unready: true}, "started running"},
		{"unhealthy", Facts{State: api.Running, Checked: true}, "started running ready"},
		{"healthy", Facts{State: api.Running, Checked: true, Healthy: true}, "started running ready healthy"},
		{"BACKOFF", expected(api.Backoff), ""},
		{"STOPPING", expected(api.Stopping), ""},
		{"EXITED as expected", expected(api.Exited), "started running ready healthy exited"},
		{"EXITED as expected, with checks", Facts{State: api.Exited, Expected: true, Checked: true}, "started running ready exited"},
		{"EXITED unexpectedly", Facts{State: api.Exited}, ""},
		{"FATAL", expected(api.Fatal), ""},
		{"UNKNOWN", expected(api.Unknown), ""},
	} {
		var met []string
		for i, word := range Conditions() {
			if Condition(i).Met(c.facts) {
				met = append(met, word)
			}
		}
		if got := strings.Join(met, " "); got != c.met {
			t.Errorf("%s: met %q, want %q", c.name, got, c.met)
		}
	}
}

// TestItems shows when dependencies are met, and when they are lost.
func TestItems(t *testing.T) {
	facts := map[string]Facts{"up": {State: api.Running}, "done": {State: api.Exited, Expected: true},
		"dead": {State: api.Fatal, Gone: true}, "tries": {State: api.Backoff}}
	of := func(u string) Facts { return facts[u] }
	for _, c := range []struct{ items, unmet, lost string }{
		{"", "", ""},
		{"up", "", ""},
		{"up,done,tries,dead", "tries:running dead:running", "tries:running"},
		{"done:exited,up:exited", "up:exited", ""},
		{"-dead,-tries", "tries:running", "tries:running"},
		{"up+tries", "up+tries:running", ""}, // all open it, one keeps it
		{"dead+tries", "dead+tries:running", "dead+tries:running"},
		{"-dead+tries", "dead+tries:running", ""},
	} {
		g, _ := graphOf("x " + c.items)
		met, unmet := g.Open("x", of)
		var texts []string
		for _, i := range unmet {
			texts = append(texts, i.String())
		}
		if got := strings.Join(texts, " "); got != c.unmet || met != (c.unmet == "") {
			t.Errorf("%s: met %v, unmet %q, want %q", c.items, met, got, c.unmet)
		}
		i, lost := g.Lost("x", of)
		if lost != (c.lost != "") || lost && i.String() != c.lost {
			t.Errorf("%s: lost %v %q, want %q", c.items, lost, i, c.lost)
		}
	}
	missing := Item[string]{Name: "gone", Condition: Running, Missing: true}
	if missing.Met(of) || !missing.Lost(of) {
		t.Error("a name that vanished is met")
	}
	if missing.Optional = true; !missing.Met(of) || missing.Lost(of) {
		t.Error("an optional name that vanished is not met")
	}
	if none := (Item[string]{Name: "none", Condition: Running}); !none.Met(of) || none.Lost(of) {
		t.Error("a name with no process is not met")
	}
	var g *Graph[string]
	if met, _ := g.Open("x", of); !met || g.Dependents("x") != nil {
		t.Error("without a graph there is a dependency")
	}
}

// TestCycles shows which edges count for nothing.
func TestCycles(t *testing.T) {
	for _, c := range []struct{ graph, cycles, dependents string }{
		{"a b;b a", "a b", ""},
		{"self self,other", "self", "other: self"},
		{"x a;a b;b c;c a", "a b c", "a: x"},
		{"a b,far;b a;far end", "a b", "end: far, far: a"},
		{"a b;b c,a;c b;d e;e d", "a b, d e", ""},
		{"web db,db;db disk", "", "db: web, disk: db"},
	} {
		g, cycles := graphOf(c.graph)
		var found, dependents []string
		for _, cycle := range cycles {
			found = append(found, strings.Join(cycle, " "))
		}
		for u, list := range g.dependents {
			dependents = append(dependents, u+": "+strings.Join(list, " "))
		}
		slices.Sort(dependents)
		if d := cmp.Diff([2]string{c.cycles, c.dependents}, [2]string{strings.Join(found, ", "), strings.Join(dependents, ", ")}); d != "" {
			t.Errorf("%s: %s", c.graph, d)
		}
	}
}

// TestSharedItems shows that nodes may share their items: an edge that is cut for one of them remains for the other.
func TestSharedItems(t *testing.T) {
	shared := []Item[string]{{Name: "x", Condition: Running, On: []string{"x"}}}
	g, cycles := New([]Node[string]{{"a", shared}, {"b", shared}, {"x", []Item[string]{{Name: "a", On: []string{"a"}}}}})
	if len(cycles) != 1 {
		t.Errorf("cycles %q", cycles)
	}
	for u, want := range map[string][]string{"a": {}, "b": {"x"}, "x": {}} {
		if diff := cmp.Diff(want, g.Items(u)[0].On); diff != "" {
			t.Errorf("%s (-want +got)\n%s", u, diff)
		}
	}
	if diff := cmp.Diff([]string{"x"}, shared[0].On); diff != "" {
		t.Errorf("the items of the nodes (-want +got)\n%s", diff)
	}
}

func TestEqualItems(t *testing.T) {
	i := Item[string]{Name: "a", Condition: Running, Optional: true, On: []string{"a"}}
	for _, other := range []Item[string]{
		i,
		{Name: "b", Condition: Running, Optional: true, On: []string{"a"}},
		{Name: "a", Condition: Ready, Optional: true, On: []string{"a"}},
		{Name: "a", Condition: Running, On: []string{"a"}},
		{Name: "a", Condition: Running, Optional: true, Missing: true, On: []string{"a"}},
		{Name: "a", Condition: Running, Optional: true, On: []string{"b"}},
	} {
		if got, want := i.Equal(other), cmp.Equal(i, other, cmp.Comparer(func(a, b []string) bool { return slices.Equal(a, b) })); got != want {
			t.Errorf("%+v: %v", other, got)
		}
	}
}

// TestNext shows the order in which units stop.
func TestNext(t *testing.T) {
	g, _ := graphOf("web db,cache;cache db;proxy web;cron db")
	stopping := []string{"db", "cache", "web", "proxy", "cron", "free"}
	var stopped []string
	for len(stopping) > 0 {
		next := g.Next(stopping)
		stopped = append(stopped, strings.Join(next, " "))
		stopping = slices.DeleteFunc(stopping, func(u string) bool { return slices.Contains(next, u) })
	}
	if d := cmp.Diff([]string{"proxy cron free", "web", "cache", "db"}, stopped); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"proxy"}, g.Next([]string{"db", "proxy", "web"})); d != "" {
		t.Error(d)
	}
	var none *Graph[string]
	if d := cmp.Diff([]string{"b", "a"}, none.Next([]string{"b", "a"})); d != "" {
		t.Error(d)
	}
}

// reaches is a plain model: whether there is a way from a to b of at least one edge.
func reaches(edges map[int][]int, a, b int) bool {
	seen := map[int]bool{}
	queue := slices.Clone(edges[a])
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at == b {
			return true
		}
		if !seen[at] {
			seen[at] = true
			queue = append(queue, edges[at]...)
		}
	}
	return false
}

// TestRandom compares random graphs with random states of their units with a plain model: edges count unless there is a way back,
// a unit is open if and only if all it depends on is met, units stop in the reverse order, and the graph can always be stopped and
// started whole.
func TestRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		n := 1 + rng.IntN(8)
		edges := map[int][]int{}
		nodes := make([]Node[int], n)
		for i := range nodes {
			nodes[i].Unit = i
		}
		for range rng.IntN(2 * n) {
			from := rng.IntN(n)
			item := Item[int]{Condition: Condition(rng.IntN(len(conditions))), Optional: rng.IntN(4) == 0}
			for range rng.IntN(3) {
				item.On = append(item.On, rng.IntN(n))
			}
			edges[from] = append(edges[from], item.On...)
			nodes[from].Items = append(nodes[from].Items, item)
		}
		g, cycles := New(nodes)
		for _, c := range cycles {
			for i, u := range c {
				if next := c[(i+1)%len(c)]; !slices.Contains(edges[u], next) {
					t.Fatalf("%v is no cycle in %v", c, nodes)
				}
			}
		}
		counts := func(from, on int) bool {
			return slices.Contains(edges[from], on) && !reaches(edges, on, from) && from != on
		}
		for a := range n {
			if got := slices.ContainsFunc(cycles, func(c []int) bool { return slices.Contains(c, a) }); got && !reaches(edges, a, a) {
				t.Fatalf("%d is in a cycle of %v", a, nodes)
			}
			for b := range n {
				if got := slices.Contains(g.Dependents(b), a); got != counts(a, b) {
					t.Fatalf("%d depends on %d: %v in %v", a, b, got, nodes)
				}
			}
		}
		checkOpen(t, rng, g, nodes, counts)
		checkWhole(t, rng, g, n, counts)
	}
}

// checkOpen gives the units random facts.
func checkOpen(t *testing.T, rng *rand.Rand, g *Graph[int], nodes []Node[int], counts func(from, on int) bool) {
	facts := make([]Facts, len(nodes))
	for i := range facts {
		facts[i] = Facts{State: api.States[rng.IntN(len(api.States))], Child: rng.IntN(2) == 0, Expected: rng.IntN(2) == 0,
			Unready: rng.IntN(2) == 0, Checked: rng.IntN(2) == 0, Healthy: rng.IntN(2) == 0, Gone: rng.IntN(2) == 0}
	}
	for _, node := range nodes {
		want := true
		for _, i := range node.Items {
			for _, on := range i.On {
				met := i.Condition.Met(facts[on]) || i.Optional && facts[on].Gone
				want = want && (met || !counts(node.Unit, on))
			}
		}
		of := func(u int) Facts { return facts[u] }
		met, unmet := g.Open(node.Unit, of)
		if met != want || met != (len(unmet) == 0) {
			t.Fatalf("open %v, unmet %v, want %v in %v with %v", met, unmet, want, node, facts)
		}
		if _, lost := g.Lost(node.Unit, of); lost && met {
			t.Fatalf("%v is lost and met with %v", node, facts)
		}
	}
}

// checkWhole starts and stops all units, in any of the orders that the graph permits.
func checkWhole(t *testing.T, rng *rand.Rand, g *Graph[int], n int, counts func(from, on int) bool) {
	up := map[int]bool{}
	of := func(u int) Facts { // a one-shot and a program with all conditions at once
		if !up[u] {
			return Facts{State: api.Stopped}
		}
		return Facts{State: api.Exited, Expected: true}
	}
	for len(up) < n {
		var open []int
		for u := range n {
			if met, _ := g.Open(u, of); met && !up[u] {
				open = append(open, u)
			}
		}
		if len(open) == 0 {
			t.Fatalf("nothing more can start after %v", up)
		}
		up[open[rng.IntN(len(open))]] = true
	}
	remaining := rng.Perm(n)
	for len(remaining) > 0 {
		next := g.Next(remaining)
		if len(next) == 0 {
			t.Fatalf("nothing of %v can stop", remaining)
		}
		for _, u := range next {
			for _, other := range remaining {
				if counts(other, u) {
					t.Fatalf("%d stops before %d, which depends on it", u, other)
				}
			}
		}
		one := next[rng.IntN(len(next))]
		remaining = slices.DeleteFunc(remaining, func(u int) bool { return u == one })
	}
}
