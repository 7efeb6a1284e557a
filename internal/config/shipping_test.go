package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestShippingOfSupervisord checks which programs have the values of [supervisord].
func TestShippingOfSupervisord(t *testing.T) {
	c := mustLoad(t, `[supervisord]
syslog_facility=local1
syslog_tag=%(here)s
syslog_stderr_priority=err
[program:own]
command=c
syslog_facility=local2
[program:none]
command=c
[eventlistener:listener]
command=c
events=TICK
[rpcinterface:plugin]
command=c
[rpcinterface:url]
url=http://h/
[fcgi-program:fcgi]
command=c
socket=unix:///f
`)
	got := map[string]Shipping{}
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			got[g.Name] = *p.Shipping()
		}
	}
	inherited := Shipping{Facility: 17, OutPriority: 6, ErrPriority: 3}
	own := inherited
	own.Facility = 18
	want := map[string]Shipping{"own": own, "none": inherited, "listener": inherited, "plugin": inherited, "fcgi": inherited}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, in := range c.Interfaces {
		if len(in.Options) > 0 {
			t.Errorf("[rpcinterface:%s] has options: %v", in.Name, in.Options)
		}
	}
	inherited.Tag = c.Supervisord.Shipping.Tag
	if d := cmp.Diff(inherited, c.Supervisord.Shipping); d != "" {
		t.Error(d)
	}
}

// TestShippingPrecedence checks which value counts if several sections have one.
func TestShippingPrecedence(t *testing.T) {
	const own, supervisord, all = "[program-default]\nsyslog_facility=local2\n", "[supervisord]\nsyslog_facility=local1\n",
		"[DEFAULT]\nsyslog_facility=local3\n"
	for text, want := range map[string]int{
		"[supervisord]\n":       1,
		supervisord:             17,
		supervisord + own:       18,
		all + "[supervisord]\n": 19,
		all + supervisord:       19,
		all + supervisord + own: 18,
		supervisord + "[program:p]\nsyslog_facility=kern\n": 0,
	} {
		if got := mustLoad(t, text+"[program:p]\ncommand=c\n").Groups[0].Processes[0].Shipping().Facility; got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

func TestTag(t *testing.T) {
	for text, want := range map[string]bool{"a": true, "a[b]/c:": true, "": false, "a b": false, "é": false, "\x7f": false,
		"123456789012345678901234567890123456789012345678": true, "1234567890123456789012345678901234567890123456789": false} {
		if _, err := parseTag(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
