package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nestedFile has groups of groups of three levels. Priorities and names are in different orders.
const nestedFile = `[supervisord]
[program:web]
command=c
numprocs=2
process_name=%(program_name)s_%(process_num)d
priority=30
[program:db]
command=c
priority=10
[program:cache]
command=c
priority=20
[program:alone]
command=c
[group:store]
programs=db,cache
priority=5
[group:back]
groups=store
[group:site]
groups=back,web
programs=alone
priority=40
[group:empty]
`

// covers: L14-l
func TestNames(t *testing.T) {
	c := mustLoad(t, nestedFile)
	names := NewNames(c.Groups)
	for name, want := range map[string]string{
		"store":       "store:db store:cache",
		"store:*":     "store:db store:cache",
		"store:":      "store:db store:cache",
		"store:db":    "store:db",
		"store:web":   "unknown",
		"db":          "store:db", // a program
		"db:*":        "unknown",
		"web":         "web:web_0 web:web_1", // a group, and a program
		"web:web_1":   "web:web_1",
		"back":        "store:db store:cache",
		"site:*":      "store:db store:cache web:web_0 web:web_1 site:alone",
		"site":        "store:db store:cache web:web_0 web:web_1 site:alone",
		"site:alone":  "site:alone",
		"site:db":     "unknown", // it stays store:db
		"alone":       "site:alone",
		"empty":       "",
		"none":        "unknown",
		"none:*":      "unknown",
		"":            "unknown",
		"web:web_0:x": "unknown",
	} {
		list, ok := names.Find(name)
		var found []string
		for _, n := range list {
			found = append(found, n.Namespec())
		}
		got := strings.Join(found, " ")
		if !ok {
			got = "unknown"
		}
		if got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
	}
}

// TestNamesOfProgramInTwoGroups shows that the name of a program means its processes in every group that it is in.
func TestNamesOfProgramInTwoGroups(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[program:p]\ncommand=c\n[group:b]\nprograms=p\n[group:a]\nprograms=p\n")
	list, _ := NewNames(c.Groups).Find("p")
	var got []string
	for _, n := range list {
		got = append(got, n.Namespec())
	}
	if diff := cmp.Diff([]string{"a:p", "b:p"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestNested has groups= that are no cycle, and two ways to the same group.
func TestNested(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[program:a]\ncommand=c\n[group:x]\ngroups=y,z\n[group:y]\ngroups=a\n[group:z]\ngroups=a,y\n")
	list, _ := NewNames(c.Groups).Find("x")
	if len(list) != 1 || list[0].Namespec() != "a" {
		t.Error(list)
	}
	if c.Groups[0].Extra != nil {
		t.Error("a group without groups= has memory for it")
	}
}
