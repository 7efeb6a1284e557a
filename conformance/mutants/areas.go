package main

// area is a part of the code, with the scripts that test it.
type area struct {
	name     string
	packages []string
	scripts  string // a regular expression of areas of conformance/scripts
}

// areas have all packages of the programs, and all areas of scripts. Each package is in one of them, a script may be in several.
var areas = []*area{
	{"state machine", []string{"internal/state", "internal/order", "internal/timers", "internal/process", "internal/supervisor", "internal/check", "internal/helper",
		"internal/handover", "internal/upgrade", "internal/upgrade/early", "internal/waiting", "internal/schedule", "internal/wallclock", "internal/filewatch",
		"internal/statefile", "internal/proc", "internal/history"},
		"states|stop|startup|signals|events|depend|readiness|health|hooks|exit|policy|upgrade|schedule|files|control|update"},
	{"config", []string{"internal/config", "internal/ini", "internal/expand", "internal/getopt", "internal/shlex", "internal/envfile",
		"internal/inifile", "internal/signame", "internal/timezone", "internal/cpus", "internal/pyrepr", "internal/glob",
		"supervisord/echo_supervisord_conf"}, "config|startup|environment|update"},
	{"events", []string{"internal/events", "internal/output", "internal/socket", "supervisord/listeners", "supervisord/childutils"},
		"events|fcgi|listeners|sockets"},
	{"notify", []string{"internal/notify"}, "notify"},
	{"rpc", []string{"internal/operations", "internal/rpc", "internal/rest", "internal/xmlrpc", "internal/httpd", "internal/httpd/fast", "internal/web", "internal/origin",
		"internal/api", "internal/plugin", "internal/budget", "internal/access", "internal/audit", "internal/metrics", "internal/scrape"},
		"rpc|http|plugins|tls|security|access|audit|metrics|api"},
	{"logs", []string{"internal/logs", "internal/rotation", "internal/pump"}, "logs"},
	{"ctl", []string{"internal/ctl", "supervisorctl", "supervisorctl/client", "internal/quit", "internal/screen"}, "ctl|control|tls"},
	{"children", []string{"internal/child", "internal/child/step", "internal/cgroup", "internal/daemon", "internal/daemon/startlimit", "internal/account", "internal/orphans",
		"internal/parentthread", "internal/sdnotify", "internal/safefile", "internal/sigaction", "internal/sock", "supervisord", "supervisord/pidproxy"},
		"environment|startup|signals|stop|orphans|readiness|security|upgrade|limits|cgroup"},
	{"fleet", []string{"internal/fleet", "internal/fleet/spool", "internal/fleet/workdir", "internal/fleet/agent", "internal/fleet/hub", "internal/fleet/identity", "internal/fleet/ctl"}, "fleet"},
}

// unchanged are the packages that get no mutants, and why.
var unchanged = map[string]string{
	"internal/cgroup/cgrouptest":   "only tests use it",
	"internal/exefile":             "only tests use it",
	"internal/freeport":            "only tests and samples use it",
	"internal/upgrade/fault":       "does something only in programs that are built for tests",
	"internal/waiting/waitingtest": "only tests use it",
}
