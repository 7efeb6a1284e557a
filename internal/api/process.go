package api

// ProcessInfo is the state of one process. Times are whole seconds since 1970, 0 for never. The order of the fields is that
// of "status --json". Source: getProcessInfo.
type ProcessInfo struct {
	Name          string `xmlrpc:"name" json:"name"`
	Group         string `xmlrpc:"group" json:"group"`
	State         State  `xmlrpc:"state" json:"state"`
	StateName     string `xmlrpc:"statename" json:"statename"`
	Description   string `xmlrpc:"description" json:"description"`
	PID           int    `xmlrpc:"pid" json:"pid"`
	Start         int    `xmlrpc:"start" json:"start"`
	Stop          int    `xmlrpc:"stop" json:"stop"`
	Now           int    `xmlrpc:"now" json:"now"`
	ExitStatus    int    `xmlrpc:"exitstatus" json:"exitstatus"`
	SpawnErr      string `xmlrpc:"spawnerr" json:"spawnerr"`
	Logfile       string `xmlrpc:"logfile" json:"-"` // an older name for StdoutLogfile
	StdoutLogfile string `xmlrpc:"stdout_logfile" json:"stdout_logfile"`
	StderrLogfile string `xmlrpc:"stderr_logfile" json:"stderr_logfile"`

	More *ProcessMore `json:"-"` // nil: the process has no further members
}

// ProcessStatus is the outcome for one process of a method that acts on several. Status is Success or a fault code, and
// Description the text of the fault, or "OK". Source: startAllProcesses.
type ProcessStatus struct {
	Name        string `xmlrpc:"name"`
	Group       string `xmlrpc:"group"`
	Status      int    `xmlrpc:"status"`
	Description string `xmlrpc:"description"`
}

// Member describes a member of a struct that a method returns: its name, what it means, and the field of T that holds its
// value. The value is a string or an integer: one of Text and Number is nil.
type Member[T any] struct {
	Name, Help string
	Text       func(*T) *string
	Number     func(*T) *int
}

// ProcessMembers are the members of a ProcessInfo, in the order in which they are sent.
var ProcessMembers = [...]Member[ProcessInfo]{
	{"name", "the name of the process", func(p *ProcessInfo) *string { return &p.Name }, nil},
	{"group", "the name of its group", func(p *ProcessInfo) *string { return &p.Group }, nil},
	{"start", "when it was last started, in seconds since 1970; 0 for never", nil, func(p *ProcessInfo) *int { return &p.Start }},
	{"stop", "when it last ended, in seconds since 1970; 0 for never", nil, func(p *ProcessInfo) *int { return &p.Stop }},
	{"now", "the time of the answer, in seconds since 1970", nil, func(p *ProcessInfo) *int { return &p.Now }},
	{"state", "the number of its state, see [states](states.md)", nil, func(p *ProcessInfo) *int { return (*int)(&p.State) }},
	{"statename", "the name of its state", func(p *ProcessInfo) *string { return &p.StateName }, nil},
	{"spawnerr", "why the last start failed, or the last run ended badly", func(p *ProcessInfo) *string { return &p.SpawnErr }, nil},
	{"exitstatus", "of the last run; -1 if a signal ended it", nil, func(p *ProcessInfo) *int { return &p.ExitStatus }},
	{"logfile", "the same as `stdout_logfile`", func(p *ProcessInfo) *string { return &p.Logfile }, nil},
	{"stdout_logfile", "a path, empty for none", func(p *ProcessInfo) *string { return &p.StdoutLogfile }, nil},
	{"stderr_logfile", "a path, empty for none", func(p *ProcessInfo) *string { return &p.StderrLogfile }, nil},
	{"pid", "0 if there is no child", nil, func(p *ProcessInfo) *int { return &p.PID }},
	{"description", "such as `pid 4711, uptime 0:01:02`", func(p *ProcessInfo) *string { return &p.Description }, nil},
}

// StatusMembers are the members of a ProcessStatus, in the order in which they are sent.
var StatusMembers = [...]Member[ProcessStatus]{
	{"name", "the name of the process", func(s *ProcessStatus) *string { return &s.Name }, nil},
	{"group", "the name of its group", func(s *ProcessStatus) *string { return &s.Group }, nil},
	{"status", "80, or the code of a fault", nil, func(s *ProcessStatus) *int { return &s.Status }},
	{"description", "`OK`, or the text of the fault", func(s *ProcessStatus) *string { return &s.Description }, nil},
}
