package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGenerator checks that a seed and a number always give the same session, and others another.
func TestGenerator(t *testing.T) {
	make := func(seed, number uint64) (list []any) {
		g := newGenerator(seed, number)
		list = append(list, g.config())
		for range 50 {
			c := g.call([][2]string{{"a", "a"}, {"g", "b_00"}})
			list = append(list, c.String(), c.config)
		}
		return list
	}
	if diff := cmp.Diff(make(1, 2), make(1, 2)); diff != "" {
		t.Error(diff)
	}
	for _, other := range [][2]uint64{{1, 3}, {2, 2}} {
		if cmp.Equal(make(1, 2), make(other[0], other[1])) {
			t.Errorf("seed %d, number %d give what seed 1, number 2 do", other[0], other[1])
		}
	}
}

// TestNormalize checks that the same texts of two daemons become equal, and different ones do not.
func TestNormalize(t *testing.T) {
	one, other := &daemon{dir: "/one"}, &daemon{dir: "/other"}
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"spawned: 'a' with pid 12", "spawned: 'a' with pid 7", true},
		{"spawned: 'a' with pid 12", "spawned: 'b' with pid 12", false},
		{"pid 5, uptime 0:00:01", "pid 77, uptime 1:00:00", true},
		{"Nov 26 07:47 PM", "Jan 01 01:00 AM", true},
		{"/one/a-stdout---supervisor-abc_1.log", "/other/a-stdout---supervisor-zz.log", true},
		{"/one/a-stdout---supervisor-abc_1.log", "/other/a-stderr---supervisor-abc_1.log", false},
		{"exited: a (exit status 3; expected)", "exited: a (exit status 0; expected)", false},
		{`can't parse command '"x': No closing quotation`, "can't parse command: No closing quotation", true},
		{`can't parse command '"x': No closing quotation`, "can't parse command: No escaped character", false},
		{"Format string '%(no)s' for 'program:a.command' contains names ('no') which", "Format string for 'program:a.command' contains names which", true},
		{"Format string '%(no)s' for 'program:a.directory' contains names ('no') which", "Format string for 'program:a.directory' contains names which", false},
	} {
		if (one.normalize(c.one) == other.normalize(c.other)) != c.same {
			t.Errorf("%q and %q become %q and %q", c.one, c.other, one.normalize(c.one), other.normalize(c.other))
		}
	}
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"17\n", "4\n", true},
		{"17\n", "0\n", false},
		{"g:None: cleared\n", "g:*: cleared\n", true},
		{"g:None: ERROR (no such process)\n", "g:: ERROR (no such process)\n", true},
		{"g:None: cleared\n", "h:*: cleared\n", false},
		{"error: boom: file: /usr/lib/x.py line: 5\n", "error: boom: unix:///other/s\n", true},
		{"error: boom: file: /usr/lib/x.py line: 5\n", "error: bang: unix:///other/s\n", false},
		{"refused\n", "refused\n  /other/sd.conf:4: [program:a] x=y\n", true},
		{"one\n\n", "one\n", false},
		{"a: stopped\nb: stopped\n", "b: stopped\na: stopped\n", false},
	} {
		if cmp.Equal(one.normalizeOutput("remove", 0, c.one), other.normalizeOutput("remove", 0, c.other)) != c.same {
			t.Errorf("the outputs %q and %q: not %v", c.one, c.other, c.same)
		}
	}
	if cmp.Equal(one.normalizeOutput("stop", 0, ""), other.normalizeOutput("stop", 1, "")) {
		t.Error("two exit statuses are equal")
	}
	info := func(pid, state int64) any {
		return []any{map[string]any{"name": "a", "pid": pid, "state": state, "start": pid}}
	}
	even := func(v any) any { return one.normalizeAnswer("supervisor.getAllProcessInfo", v) }
	if !cmp.Equal(even(info(5, 20)), even(info(6, 20))) || cmp.Equal(even(info(5, 20)), even(info(5, 0))) ||
		cmp.Equal(even(info(5, 20)), even(info(0, 20))) {
		t.Error("process ids and times must become true or false, states must stay")
	}
}
