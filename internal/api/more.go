package api

import "encoding/json"

// ProcessMore has the members of a ProcessInfo that only some programs have. An empty text, and nil, is a member that the
// process does not have.
type ProcessMore struct {
	WaitsFor   string `xmlrpc:"waits_for" json:"waits_for,omitempty"`
	Ready      *bool  `xmlrpc:"ready" json:"ready,omitempty"`
	Health     string `xmlrpc:"health" json:"health,omitempty"`
	HealthText string `xmlrpc:"health_text" json:"health_text,omitempty"`
	StatusText string `xmlrpc:"status_text" json:"status_text,omitempty"`
	Reason     string `xmlrpc:"reason" json:"reason,omitempty"`
	Restarts   *int   `xmlrpc:"restarts" json:"restarts,omitempty"`
	NextStart  *int   `xmlrpc:"next_start" json:"next_start,omitempty"`
	Disabled   *bool  `xmlrpc:"disabled" json:"disabled,omitempty"`
	Reloading  *bool  `xmlrpc:"reloading" json:"reloading,omitempty"`
	StopStep   string `xmlrpc:"stop_step" json:"stop_step,omitempty"`
	Stale      string `xmlrpc:"stale" json:"stale,omitempty"`

	HealthSince *int   `xmlrpc:"health_since" json:"health_since,omitempty"`
	HealthCheck string `xmlrpc:"health_check" json:"health_check,omitempty"`
	Limits      string `xmlrpc:"limits" json:"limits,omitempty"`

	NextStartReason string `xmlrpc:"next_start_reason" json:"next_start_reason,omitempty"`
}

// MoreMember describes a member of a ProcessMore: its name, what it means, which processes have it, and the field that holds
// its value. One of Text, Flag and Number is not nil.
type MoreMember struct {
	Name, Help, Of string
	Text           func(*ProcessMore) *string
	Flag           func(*ProcessMore) **bool
	Number         func(*ProcessMore) **int
}

// MoreMembers are the members of a ProcessMore, in the order in which they are sent, after those of a ProcessInfo.
var MoreMembers = [...]MoreMember{
	{Name: "waits_for", Help: "the conditions that its start waits for", Of: "of a start that dependencies hold back",
		Text: func(m *ProcessMore) *string { return &m.WaitsFor }},
	{Name: "ready", Help: "whether it is ready", Of: "with `ready` or a readiness check",
		Flag: func(m *ProcessMore) **bool { return &m.Ready }},
	{Name: "health", Help: "`healthy`, `unhealthy` or `unknown`", Of: "with a check or a watchdog",
		Text: func(m *ProcessMore) *string { return &m.Health }},
	{Name: "health_text", Help: "the last failure", Of: "that is unhealthy",
		Text: func(m *ProcessMore) *string { return &m.HealthText }},
	{Name: "status_text", Help: "what it reports about itself", Of: "that sent `STATUS=`",
		Text: func(m *ProcessMore) *string { return &m.StatusText }},
	{Name: "reason", Help: "why its last run ended", Of: "whose run ended neither by request nor by itself",
		Text: func(m *ProcessMore) *string { return &m.Reason }},
	{Name: "restarts", Help: "starts without a request, but the first", Of: "with keys of a restart policy or of checks",
		Number: func(m *ProcessMore) **int { return &m.Restarts }},
	{Name: "next_start", Help: "when it is started again, in seconds since 1970", Of: "with a restart policy, before a start",
		Number: func(m *ProcessMore) **int { return &m.NextStart }},
	{Name: "disabled", Help: "true", Of: "that is disabled", Flag: func(m *ProcessMore) **bool { return &m.Disabled }},
	{Name: "reloading", Help: "true", Of: "that reloads", Flag: func(m *ProcessMore) **bool { return &m.Reloading }},
	{Name: "stop_step", Help: "what is done to stop it, such as `signal INT`", Of: "that is STOPPING in more than two steps",
		Text: func(m *ProcessMore) *string { return &m.StopStep }},
	{Name: "stale", Help: "names of keys that had other values when it was started", Of: "whose configuration has changed",
		Text: func(m *ProcessMore) *string { return &m.Stale }},
	{Name: "health_since", Help: "when `health` changed, in seconds since 1970", Of: "that is healthy or unhealthy",
		Number: func(m *ProcessMore) **int { return &m.HealthSince }},
	{Name: "health_check", Help: "`liveness`, `readiness` or `watchdog`: what found the failure", Of: "that is unhealthy",
		Text: func(m *ProcessMore) *string { return &m.HealthCheck }},
	{Name: "limits", Help: "its limits, such as `nice 5, rlimit_nofile 100:200`", Of: "with keys about limits",
		Text: func(m *ProcessMore) *string { return &m.Limits }},
	{Name: "next_start_reason", Help: "`schedule`: that of `cron`", Of: "whose next start is one of its schedule",
		Text: func(m *ProcessMore) *string { return &m.NextStartReason }},
}

// MarshalJSON writes the members of More behind the others.
func (p ProcessInfo) MarshalJSON() ([]byte, error) {
	type plain ProcessInfo // without this method
	return json.Marshal(struct {
		plain
		*ProcessMore
	}{plain(p), p.More})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *ProcessInfo) UnmarshalJSON(text []byte) error {
	type plain ProcessInfo
	var more ProcessMore
	if err := json.Unmarshal(text, (*plain)(p)); err != nil {
		return err
	}
	err := json.Unmarshal(text, &more)
	if more != (ProcessMore{}) {
		p.More = &more
	}
	return err
}
