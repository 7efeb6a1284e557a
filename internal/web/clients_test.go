package web_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	kolo "github.com/kolo/xmlrpc"
)

// covers: ACC-3
// TestMonitorInGo makes the calls of Telegraf's input for supervisord, with the library and the types that it has, as a user of role read.
func TestMonitorInGo(t *testing.T) {
	d := supervise(t, users)
	c, err := kolo.NewClient(strings.Replace(d.url, "//", "//read:read@", 1)+"RPC2", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var processes []struct {
		Name   string `xmlrpc:"name"`
		Group  string `xmlrpc:"group"`
		Start  int32  `xmlrpc:"start"`
		Stop   int32  `xmlrpc:"stop"`
		Now    int32  `xmlrpc:"now"`
		State  int16  `xmlrpc:"state"`
		Exited int8   `xmlrpc:"exitstatus"`
		PID    int32  `xmlrpc:"pid"`
		Stdout string `xmlrpc:"stdout_logfile"`
	}
	d.until("the programs run", func() bool {
		processes = nil
		if err := c.Call("supervisor.getAllProcessInfo", nil, &processes); err != nil {
			t.Fatal(err)
		}
		return len(processes) == 2 && processes[0].State == 20 && processes[1].State == 20
	})
	if p := processes[1]; p.Name != "t" || p.Group != "t" || p.PID == 0 || p.Start == 0 || p.Now < p.Start || p.Stdout == "" {
		t.Errorf("%+v", p)
	}
	var state struct {
		Code int8   `xmlrpc:"statecode"`
		Name string `xmlrpc:"statename"`
	}
	var identification string
	if err := errors.Join(c.Call("supervisor.getState", nil, &state), c.Call("supervisor.getIdentification", nil, &identification)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %s", state, identification); got != "{1 RUNNING} production" {
		t.Error(got)
	}
	err = c.Call("supervisor.stopProcess", "t", nil) // the library has made a text of the fault
	if err == nil || err.Error() != "Fault(5): NOT_ALLOWED: read may not call supervisor.stopProcess" {
		t.Errorf("stop: %v", err)
	}
}
