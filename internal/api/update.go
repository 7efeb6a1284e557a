package api

// UpdateAction is what an update does, would do or has done, to a group or a process.
type UpdateAction struct {
	Action  string `xmlrpc:"action"` // one of the words below
	Group   string `xmlrpc:"group"`
	Process string `xmlrpc:"name"`        // empty: the whole group
	Keys    string `xmlrpc:"keys"`        // that have changed, such as "command, environment"
	Running int    `xmlrpc:"running"`     // of UpdateReplace: how many processes run
	Status  int    `xmlrpc:"status"`      // Success or the code of a fault, once it is done; 0: it is not
	Text    string `xmlrpc:"description"` // of the fault, or "OK"
}

// The actions of an update.
const (
	UpdateRemove  = "remove"
	UpdateReplace = "replace" // remove the group, and add it again
	UpdateChange  = "change"  // in place
	UpdateRestart = "restart"
	UpdateStart   = "start"
	UpdateLater   = "later" // it has the values from its next start; a group from its next update
	UpdateAdd     = "add"
	UpdateNone    = "none" // there is no such group
)

// UpdateMembers are the members of an UpdateAction, in the order in which they are sent.
var UpdateMembers = [...]Member[UpdateAction]{
	{"action", "`remove`, `replace` (remove and add again), `change` (in place), `restart`, `start`, `later` (from the next start), `add`, or " +
		"`none` (there is no such group)", func(a *UpdateAction) *string { return &a.Action }, nil},
	{"group", "the name of the group", func(a *UpdateAction) *string { return &a.Group }, nil},
	{"name", "the name of the process, empty for the whole group", func(a *UpdateAction) *string { return &a.Process }, nil},
	{"keys", "the keys that have changed, such as `command, environment`", func(a *UpdateAction) *string { return &a.Keys }, nil},
	{"running", "of `replace`: the number of processes that run", nil, func(a *UpdateAction) *int { return &a.Running }},
	{"status", "80, or the code of a fault; 0 in a plan", nil, func(a *UpdateAction) *int { return &a.Status }},
	{"description", "`OK`, or the text of the fault; empty in a plan", func(a *UpdateAction) *string { return &a.Text }, nil},
}
