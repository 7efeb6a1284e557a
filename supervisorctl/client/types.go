package client

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// ProcessInfo is the state of one process. Times are whole seconds since 1970, 0 for never. In JSON its members have the names
// of the interface.
type ProcessInfo = api.ProcessInfo

// ProcessState is the state of a process, such as 20 for RUNNING.
type ProcessState = api.State

// ProcessStatus is the outcome for one process of a method that acts on several: Status is 80 or the code of a fault.
type ProcessStatus = api.ProcessStatus

// State is the state of supervisord itself.
type State struct {
	Code int    `xmlrpc:"statecode"`
	Name string `xmlrpc:"statename"`
}

// ConfigInfo is the configuration of one process. Paths are "none" or "auto" where no file is given; sizes are bytes.
type ConfigInfo struct {
	Name                  string
	Group                 string
	Command               string
	Directory             string
	ServerURL             string
	UID                   any // int64, or the string "none"
	GroupPriority         int
	ProcessPriority       int
	InUse                 bool
	AutoStart             bool
	AutoRestart           any // bool, or "unexpected"; nil from servers before 4.3
	StartSecs             int
	StartRetries          int
	ExitCodes             []int
	StopSignal            int
	StopWaitSecs          int
	KillAsGroup           bool
	RedirectStderr        bool
	StdoutLogfile         string
	StdoutLogfileMaxBytes int
	StdoutLogfileBackups  int
	StdoutCaptureMaxBytes int
	StdoutEventsEnabled   bool
	StdoutSyslog          bool
	StderrLogfile         string
	StderrLogfileMaxBytes int
	StderrLogfileBackups  int
	StderrCaptureMaxBytes int
	StderrEventsEnabled   bool
	StderrSyslog          bool
}

// Changes are the names of the groups that were added, changed and removed in the configuration.
type Changes struct{ Added, Changed, Removed []string }

// Tail is the end of a log. Offset is the size of the log; Overflow is true if the log has grown by more than the requested
// length since the offset of the call.
type Tail struct {
	Text     string
	Offset   int
	Overflow bool
}

// Call is one call of a Multicall.
type Call struct {
	Method string
	Params []any
}

// Result is the outcome of one Call: Fault, or else Value, which is an int64, string, bool, []any or map[string]any.
type Result struct {
	Value any
	Fault *Fault
}

// decode stores the members of the struct v in dst. Members that are missing or of another type stay zero; unknown ones are
// ignored.
func decode[T any](dst *T, v xmlrpc.Value, members []api.Member[T]) {
	next := 0 // servers send the members in the order of the table
	for i := range v.Members {
		from := &v.Members[i]
		for range members {
			m := &members[next]
			if next++; next == len(members) {
				next = 0
			}
			if m.Name != from.Name {
				continue
			}
			if m.Text != nil {
				*m.Text(dst) = from.Value.Text
			} else {
				*m.Number(dst) = int(from.Value.Number)
			}
			break
		}
	}
}

// configInfo is decode for a configuration.
func configInfo(v xmlrpc.Value) (info ConfigInfo) {
	texts := map[string]*string{
		"name": &info.Name, "group": &info.Group, "command": &info.Command, "directory": &info.Directory,
		"serverurl": &info.ServerURL, "stdout_logfile": &info.StdoutLogfile, "stderr_logfile": &info.StderrLogfile,
	}
	numbers := map[string]*int{
		"group_prio": &info.GroupPriority, "process_prio": &info.ProcessPriority, "startsecs": &info.StartSecs,
		"startretries": &info.StartRetries, "stopsignal": &info.StopSignal, "stopwaitsecs": &info.StopWaitSecs,
		"stdout_logfile_maxbytes": &info.StdoutLogfileMaxBytes, "stdout_logfile_backups": &info.StdoutLogfileBackups,
		"stdout_capture_maxbytes": &info.StdoutCaptureMaxBytes, "stderr_logfile_maxbytes": &info.StderrLogfileMaxBytes,
		"stderr_logfile_backups": &info.StderrLogfileBackups, "stderr_capture_maxbytes": &info.StderrCaptureMaxBytes,
	}
	flags := map[string]*bool{
		"inuse": &info.InUse, "autostart": &info.AutoStart, "killasgroup": &info.KillAsGroup,
		"redirect_stderr": &info.RedirectStderr, "stdout_events_enabled": &info.StdoutEventsEnabled,
		"stdout_syslog": &info.StdoutSyslog, "stderr_events_enabled": &info.StderrEventsEnabled,
		"stderr_syslog": &info.StderrSyslog,
	}
	for _, m := range v.Members {
		if to := texts[m.Name]; to != nil {
			*to = m.Value.Text
		} else if to := numbers[m.Name]; to != nil {
			*to = int(m.Value.Number)
		} else if to := flags[m.Name]; to != nil {
			*to = m.Value.Number != 0
		} else if m.Name == "uid" {
			info.UID = scalar(m.Value)
		} else if m.Name == "autorestart" {
			info.AutoRestart = scalar(m.Value)
		} else if m.Name == "exitcodes" {
			for _, code := range m.Value.Items {
				info.ExitCodes = append(info.ExitCodes, int(code.Number))
			}
		}
	}
	return info
}

func scalar(v xmlrpc.Value) any {
	switch v.Kind {
	case xmlrpc.Int:
		return v.Number
	case xmlrpc.Bool:
		return v.Number != 0
	}
	return v.Text
}
