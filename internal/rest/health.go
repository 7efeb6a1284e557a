package rest

import (
	"net/http"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

// health is the answer to a request whether all is well.
type health struct {
	processes int
	problems  []operations.View
}

var healthObject = &object[health]{name: "Health", help: "whether all is well", members: []member[health]{
	{"ok", "no process has a problem", booleans, func(b []byte, h *health) []byte { return appendBool(b, len(h.problems) == 0) }},
	{"processes", "the number of processes", integers, func(b []byte, h *health) []byte { return appendInt(b, h.processes) }},
	{"problems", "the processes that are not well", listOf(problemProcess.ref()), func(b []byte, h *health) []byte {
		return appendList(b, h.problems, problemProcess.append)
	}},
}}

var problemProcess = &object[operations.View]{name: "HealthProblem", help: "a process that is not well", members: []member[operations.View]{
	{"group", "the name of its group", texts, func(b []byte, v *operations.View) []byte { return appendText(b, v.Group) }},
	{"name", "its name", texts, func(b []byte, v *operations.View) []byte { return appendText(b, v.Name) }},
	{"state", "its state", texts, func(b []byte, v *operations.View) []byte { return appendText(b, v.StateName) }},
	{"detail", "why", texts, func(b []byte, v *operations.View) []byte { return appendText(b, whyNotWell(v)) }},
}}

// whyNotWell is why a process is not well, in words.
func whyNotWell(v *operations.View) string {
	switch {
	case v.State == api.Exited:
		return exitWords(v.Exit.Text, v.Exit.Expected)
	case v.State != api.Running || v.More == nil:
		return v.Description
	}
	text := "unhealthy"
	if v.More.HealthCheck != "" {
		text += ", " + v.More.HealthCheck
	}
	if v.More.HealthText != "" {
		text += ": " + v.More.HealthText
	}
	return text
}

// conditionOf is what decides whether all is well with a process.
func conditionOf(v *operations.View) api.Condition {
	c := api.Condition{State: v.State, Expected: v.Exit.Expected, Coming: v.StartComes || v.Held}
	if v.More != nil {
		c.Unhealthy = v.More.Health == "unhealthy"
		if v.More.NextStartReason != "" { // by its schedule, which does not hold it back
			c.Idle = true
		}
		if v.More.Disabled != nil && *v.More.Disabled {
			c.Idle = true
		}
	}
	if v.Start == 0 && v.Stop == 0 && !v.Config.Start.Auto {
		c.Idle = true
	}
	return c
}

func (q *request) health() {
	list, _, err := q.ops.Views(operations.Filter{}, nil)
	if err != nil {
		q.fail(err)
		return
	}
	h := health{processes: len(list)}
	live := q.query.Get("mode") == "live"
	for i := range list {
		c := conditionOf(&list[i])
		if live && !c.Live() || !live && !c.Ready() {
			h.problems = append(h.problems, list[i])
		}
	}
	status := http.StatusOK
	if len(h.problems) > 0 {
		status = http.StatusServiceUnavailable
	}
	q.answer(status, healthObject.append(nil, &h))
}
