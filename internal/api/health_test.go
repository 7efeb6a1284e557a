package api

import "testing"

// TestCondition has the table of the health command.
func TestCondition(t *testing.T) {
	for _, test := range []struct {
		c           Condition
		ready, live bool
	}{
		{Condition{State: Running}, true, true},
		{Condition{State: Running, Unhealthy: true}, false, false},
		{Condition{State: Starting}, false, true},
		{Condition{State: Stopping}, false, true},
		{Condition{State: Backoff, Coming: true}, false, true},
		{Condition{State: Exited, Expected: true}, true, true},
		{Condition{State: Exited, Expected: true, Coming: true}, false, true},
		{Condition{State: Exited}, false, false},
		{Condition{State: Exited, Coming: true}, false, true},
		{Condition{State: Unknown}, false, false},
		{Condition{State: Fatal}, false, false},
		{Condition{State: Stopped, Idle: true}, true, true},
		{Condition{State: Stopped}, false, true},
		{Condition{State: Stopped, Idle: true, Coming: true}, false, true}, // held
	} {
		if ready, live := test.c.Ready(), test.c.Live(); ready != test.ready || live != test.live {
			t.Errorf("%+v: %v, %v", test.c, ready, live)
		}
	}
}
