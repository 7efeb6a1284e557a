package config

import (
	"slices"
	"strings"
)

// helperOf returns the command in a value of a key of a process, empty if there is none. It is a helper: ok is true if values of
// this type are split into words.
func helperOf(value any) (c HelperCommand, ok bool) {
	switch v := value.(type) {
	case HelperCommand:
		return v, true
	case CheckScript:
		return v.Command, true
	case CheckAction:
		return v.Command, true
	}
	return c, false
}

func (r *extraKey[T]) helper(e *Extra) (HelperCommand, bool) { return helperOf(*r.Field(e)) }

// helperKeys are the keys that name a command of a hook, of a check, and so on.
var helperKeys []extraRow

func init() { // the tables refer to it
	e := newExtra()
	extraRows(func(r extraRow) {
		if _, ok := r.helper(e); ok {
			helperKeys = append(helperKeys, r)
			splitKeys[r.key().Name] = true
		}
	})
}

// helpers calls f with each command that the process has besides its own.
func (p *Process) helpers(f func(key string, c HelperCommand)) {
	if p.Extra == nil {
		return
	}
	for _, r := range helperKeys {
		if c, _ := r.helper(p.Extra); c.Line != "" {
			f(r.key().Name, c)
		}
	}
}

// companion is a key that has no effect without others.
type companion struct {
	key  string // with * at its end: all that begin so
	of   string
	used func(e *Extra) bool
}

var companions = []companion{
	{"liveness_check_*", "liveness_check_script", func(e *Extra) bool { return e.Checks.Liveness.Used() }},
	{"readiness_check_*", "readiness_check_script", func(e *Extra) bool { return e.Checks.Readiness.Used() }},
	{"ready_timeout", "ready or notify_socket", func(e *Extra) bool { return e.Notify.Used() }},
	{"restart_file_*", "restart_directory_monitor", watchesDirectories},
	{"restart_cmd_when_file_changed", "restart_directory_monitor", watchesDirectories},
	{"restart_signal_when_file_changed", "restart_directory_monitor", watchesDirectories},
	{"restart_cmd_when_binary_changed", "restart_when_binary_changed", watchesBinary},
	{"restart_signal_when_binary_changed", "restart_when_binary_changed", watchesBinary},
	{"restart_debounce", "restart_directory_monitor or restart_when_binary_changed", func(e *Extra) bool { return e.Files.Used() }},
	{"watchdog_signal", "watchdog", func(e *Extra) bool { return e.Notify.HasSocket() }}, // a program may ask for a watchdog
	{"cron_timezone", "cron or restart_cron", func(e *Extra) bool { return e.Timing.Cron != "" || e.Timing.RestartCron != "" }},
	{"cron_overlap", "cron", func(e *Extra) bool { return e.Timing.Cron != "" }},
	{"cron_catchup", "cron", func(e *Extra) bool { return e.Timing.Cron != "" }},
	{"maxmemory_*", "maxmemory", func(e *Extra) bool { return e.Bounds.Memory > 0 }},
	{"maxage_jitter", "maxage", func(e *Extra) bool { return e.Bounds.Age > 0 }},
}

func watchesDirectories(e *Extra) bool { return len(e.Files.Directories) > 0 }
func watchesBinary(e *Extra) bool      { return e.Files.Binary }

func (c *companion) is(key string) bool {
	if begin, ok := strings.CutSuffix(c.key, "*"); ok {
		return strings.HasPrefix(key, begin)
	}
	return key == c.key
}

// companions looks for keys of the section itself, whose values count for nothing because another key is missing. Those of
// [program-default] may be for other programs.
func (d *doubts) companions(p *Process) {
	s := d.r.doc.ByName[p.Section]
	if p.Extra == nil || s == nil {
		return
	}
	for _, set := range p.Extra.set {
		name := set.key.Name
		if slices.Contains(d.r.defaulted[s], name) {
			continue
		}
		for _, c := range companions {
			if c.is(name) && !c.used(p.Extra) && !d.failed[keyName{p.Section, strings.Fields(c.of)[0]}] {
				d.add(p.Section, name, "it has no effect without "+c.of)
			}
		}
	}
}
