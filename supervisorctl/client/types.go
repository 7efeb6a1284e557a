package client

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// ProcessInfo is the state of one process. Times are whole seconds since 1970, 0 for never. In JSON its members have the names
// of the interface.
type ProcessInfo = api.ProcessInfo

// ProcessMore has the members that only some processes have.
type ProcessMore = api.ProcessMore

// ProcessState is the state of a process, such as 20 for RUNNING.
type ProcessState = api.State

// ProcessStatus is the outcome for one process of a method that acts on several: Status is 80 or the code of a fault.
type ProcessStatus = api.ProcessStatus

// CheckResult is the outcome of a health check: its name, whether it succeeded, and if not, why.
type CheckResult = api.CheckResult

// Dependency is what a process depends on. Source: getDependencies.
type Dependency = api.Dependency

// State is the state of supervisord itself.
type State struct {
	Code int    `xmlrpc:"statecode"`
	Name string `xmlrpc:"statename"`
}

// ConfigInfo is the configuration of one process. Paths are "none" or "auto" where no file is given; sizes are bytes.
type ConfigInfo struct {
	Name                  string `xmlrpc:"name"`
	Group                 string `xmlrpc:"group"`
	Command               string `xmlrpc:"command"`
	Directory             string `xmlrpc:"directory"`
	ServerURL             string `xmlrpc:"serverurl"`
	UID                   any    `xmlrpc:"uid"` // int64, or the string "none"
	GroupPriority         int    `xmlrpc:"group_prio"`
	ProcessPriority       int    `xmlrpc:"process_prio"`
	InUse                 bool   `xmlrpc:"inuse"`
	AutoStart             bool   `xmlrpc:"autostart"`
	AutoRestart           any    `xmlrpc:"autorestart"` // bool, or "unexpected"; nil from servers before 4.3
	StartSecs             int    `xmlrpc:"startsecs"`
	StartRetries          int    `xmlrpc:"startretries"`
	ExitCodes             []int  `xmlrpc:"exitcodes"`
	StopSignal            int    `xmlrpc:"stopsignal"`
	StopWaitSecs          int    `xmlrpc:"stopwaitsecs"`
	KillAsGroup           bool   `xmlrpc:"killasgroup"`
	RedirectStderr        bool   `xmlrpc:"redirect_stderr"`
	StdoutLogfile         string `xmlrpc:"stdout_logfile"`
	StdoutLogfileMaxBytes int    `xmlrpc:"stdout_logfile_maxbytes"`
	StdoutLogfileBackups  int    `xmlrpc:"stdout_logfile_backups"`
	StdoutCaptureMaxBytes int    `xmlrpc:"stdout_capture_maxbytes"`
	StdoutEventsEnabled   bool   `xmlrpc:"stdout_events_enabled"`
	StdoutSyslog          bool   `xmlrpc:"stdout_syslog"`
	StderrLogfile         string `xmlrpc:"stderr_logfile"`
	StderrLogfileMaxBytes int    `xmlrpc:"stderr_logfile_maxbytes"`
	StderrLogfileBackups  int    `xmlrpc:"stderr_logfile_backups"`
	StderrCaptureMaxBytes int    `xmlrpc:"stderr_capture_maxbytes"`
	StderrEventsEnabled   bool   `xmlrpc:"stderr_events_enabled"`
	StderrSyslog          bool   `xmlrpc:"stderr_syslog"`

	// Keys are the other members: keys that the original does not have, as far as they are set.
	Keys map[string]string
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

// processInfo is decode for a process. Members of the table come first.
func processInfo(info *ProcessInfo, v xmlrpc.Value) {
	decode(info, v, api.ProcessMembers[:])
	if len(v.Members) <= len(api.ProcessMembers) {
		return
	}
	var more api.ProcessMore
	for _, from := range v.Members {
		for _, m := range api.MoreMembers {
			switch {
			case m.Name != from.Name:
			case m.Text != nil:
				*m.Text(&more) = from.Value.Text
			case m.Flag != nil:
				*m.Flag(&more) = new(from.Value.Number != 0)
			default:
				*m.Number(&more) = new(int(from.Value.Number))
			}
		}
	}
	if more != (api.ProcessMore{}) {
		info.More = &more
	}
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

// configFields are the indexes of the fields of a ConfigInfo by the names of their members.
var configFields = sync.OnceValue(func() map[string]int {
	fields := map[string]int{}
	for i := range reflect.TypeFor[ConfigInfo]().NumField() {
		if name := reflect.TypeFor[ConfigInfo]().Field(i).Tag.Get("xmlrpc"); name != "" {
			fields[name] = i
		}
	}
	return fields
})

// configInfo is decode for a configuration.
func configInfo(v xmlrpc.Value) (info ConfigInfo) {
	for _, m := range v.Members {
		i, ok := configFields()[m.Name]
		if !ok {
			if info.Keys == nil {
				info.Keys = map[string]string{}
			}
			info.Keys[m.Name] = fmt.Sprint(scalar(m.Value))
			continue
		}
		switch to := reflect.ValueOf(&info).Elem().Field(i).Addr().Interface().(type) {
		case *string:
			*to = m.Value.Text
		case *int:
			*to = int(m.Value.Number)
		case *bool:
			*to = m.Value.Number != 0
		case *any:
			*to = scalar(m.Value)
		case *[]int:
			for _, item := range m.Value.Items {
				*to = append(*to, int(item.Number))
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
