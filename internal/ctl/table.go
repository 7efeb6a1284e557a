package ctl

// command is a command of supervisorctl.
type command struct {
	name        string
	noArgs      bool     // arguments are an error
	upcheck     bool     // check the server's version first
	unreachable int      // status if that fails; 0: that of the check
	offline     bool     // needs no server
	timed       bool     // takes --timeout
	quoted      string   // a flag whose value may be quoted: with it, quotes and backslashes count in arguments
	flags       []string // for completion
	values      []string // those of them that have a value
	args        argKind
	run         func(c *Controller, args []string) error // nil: a topic of help, or a command that exits the shell
	help        string                                   // output of help NAME
}

// commands are those of the original and moreCommands ours. hiddenCommands are for packages and shells; help does not list
// them. The tables are set in init because help and open refer to them.
var commands, moreCommands, hiddenCommands []command

func init() {
	commands = []command{
		{name: "add", args: groupArgs, run: (*Controller).add,
			help: "add <name> [...]\tActivates any updates in config for process/group"},
		{name: "avail", noArgs: true, run: (*Controller).avail,
			help: "avail\t\t\tDisplay all configured processes"},
		{name: "clear", args: processArgs, upcheck: true, run: (*Controller).clear,
			help: "clear <name>\t\tClear a process' log files.\n" +
				"clear <name> <name>\tClear multiple process' log files\n" +
				"clear all\t\tClear all process' log files"},
		{name: "exit", help: "exit\tExit the supervisor shell."},
		{name: "fg", args: processArgs, upcheck: true, run: (*Controller).fg,
			help: "fg <process>\tConnect to a process in foreground mode\n" +
				"\t\tCtrl-C to exit"},
		{name: "maintail", upcheck: true, run: (*Controller).maintail,
			help: "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\n" +
				"maintail -100\tlast 100 *bytes* of supervisord main log file\n" +
				"maintail\tlast 1600 *bytes* of supervisor main log file\n"},
		{name: "open", offline: true, run: (*Controller).openURL,
			help: "open <url>\tConnect to a remote supervisord process.\n" +
				"\t\t(for UNIX domain socket, use unix:///socket/path)"},
		{name: "pid", args: processArgs, upcheck: true, run: (*Controller).pid,
			help: "pid\t\t\tGet the PID of supervisord.\n" +
				"pid <name>\t\tGet the PID of a single child process by name.\n" +
				"pid all\t\t\tGet the PID of every child process, one per line."},
		{name: "quit", help: "quit\tExit the supervisor shell."},
		{name: "reload", noArgs: true, run: (*Controller).reload,
			help: "reload \t\tRestart the remote supervisord."},
		{name: "remove", args: groupArgs, run: (*Controller).remove,
			help: "remove <name> [...]\tRemoves process/group from active config"},
		{name: "reread", noArgs: true, run: (*Controller).reread,
			help: "reread \t\t\tReload the daemon's configuration files without add/remove"},
		{name: "restart", args: processArgs, upcheck: true, timed: true, run: (*Controller).restart,
			help: "restart <name>\t\tRestart a process\n" +
				"restart <gname>:*\tRestart all processes in a group\n" +
				"restart <name> <name>\tRestart multiple processes or groups\n" +
				"restart all\t\tRestart all processes\n" +
				"Note: restart does not reread config files. For that, see reread and update."},
		{name: "shutdown", noArgs: true, run: (*Controller).shutdown,
			help: "shutdown \tShut the remote supervisord down."},
		{name: "signal", args: processArgs, upcheck: true, run: (*Controller).signal,
			help: "signal <signal name> <name>\t\tSignal a process\n" +
				"signal <signal name> <gname>:*\t\tSignal all processes in a group\n" +
				"signal <signal name> <name> <name>\tSignal multiple processes or groups\n" +
				"signal <signal name> all\t\tSignal all processes"},
		{name: "start", args: processArgs, upcheck: true, timed: true, run: (*Controller).start,
			help: "start <name>\t\tStart a process\n" +
				"start <gname>:*\t\tStart all processes in a group\n" +
				"start <name> <name>\tStart multiple processes or groups\n" +
				"start all\t\tStart all processes"},
		{name: "status", args: processArgs, upcheck: true, timed: true, unreachable: exitUnreachable,
			run: (*Controller).showStatus,
			help: "status <name>\t\tGet status for a single process\n" +
				"status <gname>:*\tGet status for all processes in a group\n" +
				"status <name> <name>\tGet status for multiple named processes\n" +
				"status\t\t\tGet all process status info"},
		{name: "stop", args: processArgs, upcheck: true, timed: true, run: (*Controller).stop,
			help: "stop <name>\t\tStop a process\n" +
				"stop <gname>:*\t\tStop all processes in a group\n" +
				"stop <name> <name>\tStop multiple processes or groups\n" +
				"stop all\t\tStop all processes"},
		{name: "tail", args: processArgs, upcheck: true, run: (*Controller).tail,
			help: "tail [-f] <name> [stdout|stderr] (default stdout)\n" +
				"Ex:\n" +
				"tail -f <name>\t\tContinuous tail of named process stdout\n" +
				"\t\t\tCtrl-C to exit.\n" +
				"tail -100 <name>\tlast 100 *bytes* of process stdout\n" +
				"tail <name> stderr\tlast 1600 *bytes* of process stderr"},
		{name: "update", args: groupArgs, run: (*Controller).update,
			help: "update\t\t\tReload config and add/remove as necessary, and will restart affected programs\n" +
				"update all\t\tReload config and add/remove as necessary, and will restart affected programs\n" +
				"update <gname> [...]\tUpdate specific groups"},
		{name: "version", noArgs: true, upcheck: true, run: (*Controller).version,
			help: "version\t\t\tShow the version of the remote supervisord process"},
	}
	moreCommands = []command{
		{name: "check", args: processArgs, upcheck: true, run: (*Controller).check,
			help: "check <name> [...]\tRun the health checks of processes now and show the results\n" +
				"check <gname>:*\t\tThe same for all processes in a group\n" +
				"check all\t\tThe same for all processes"},
		{name: "audit", upcheck: true, run: (*Controller).audit,
			help: "audit\t\t\tShow the last 20 entries of the audit log: who has asked supervisord for what\n" +
				"audit -n 50\t\tShow the last 50\n" +
				"audit --json\t\tPrint them as they are, an object in JSON on each line"},
		{name: "config", args: processArgs, upcheck: true, run: (*Controller).config,
			help: "config\t\t\tPrint the configuration that counts, after includes, defaults and expansions, as a file\n" +
				"config <name> [...]\tThe same for processes, programs, groups or sections\n" +
				"Comments say where values come from. Secrets are hidden."},
		{name: "hup", args: processArgs, upcheck: true, timed: true, run: (*Controller).hup,
			help: "hup <name> [...]\tHave processes read their configuration again, by reload_command or reloadsignal\n" +
				"hup <gname>:*\t\tThe same for all processes in a group\n" +
				"hup all\t\t\tThe same for all processes\n" +
				"To restart supervisord, see reload."},
		{name: "kill", args: processArgs, upcheck: true, timed: true, run: (*Controller).kill,
			help: "kill <name> [...]\tKill processes with SIGKILL, also those that are stopping\n" +
				"kill <gname>:*\t\tThe same for all processes in a group\n" +
				"kill all\t\tThe same for all processes"},
		{name: "disable", args: processArgs, upcheck: true, timed: true, run: (*Controller).disable,
			help: "disable <name> [...]\tStart processes only by requests about them alone, also after a restart if statefile is set\n" +
				"disable <gname>:*\tThe same for all processes in a group\n" +
				"disable all\t\tThe same for all processes\n" +
				"disable --now <name>\tStop them, too"},
		{name: "enable", args: processArgs, upcheck: true, timed: true, run: (*Controller).enable,
			help: "enable <name> [...]\tStart disabled processes as configured again, from the next restart on\n" +
				"enable <gname>:*\tThe same for all processes in a group\n" +
				"enable all\t\tThe same for all processes\n" +
				"enable --now <name>\tStart them now"},
		{name: "deps", args: processArgs, upcheck: true, run: (*Controller).deps,
			help: "deps\t\t\tShow what programs depend on, and whether it is met\n" +
				"deps <name> [...]\tThe same for processes, programs or groups"},
		{name: "events", args: processArgs, run: (*Controller).events,
			flags: []string{"-n", "--since", "--json"}, values: []string{"-n", "--since"},
			help: "events\t\t\tShow what has happened to processes: changes of states with exit statuses, the last 20\n" +
				"events <name> [...]\tThe same for some processes\n" +
				"events <gname>:*\tThe same for all processes in a group\n" +
				"events -n 50\t\tShow the last 50\n" +
				"events --since 10m\tShow those of the last ten minutes; also 14:30, or 2026-11-27T14:30:00Z\n" +
				"events --json\t\tShow each as an object in JSON\n" +
				"supervisord keeps the last 4096, or as many as event_history says."},
		{name: "health", args: processArgs, run: (*Controller).health, flags: []string{"--live"},
			help: "health\t\t\tShow which processes are not as they should be; the exit status is 1 if there are some, else 0\n" +
				"health <name> [...]\tThe same for some processes\n" +
				"health --live\t\tShow only those that have failed, not those that start or were stopped\n" +
				"For containers: HEALTHCHECK CMD [\"supervisorctl\", \"health\"]"},
		{name: "logs", args: processArgs, upcheck: true, quoted: patternFlag, run: (*Controller).logs,
			flags: []string{"-f", "-n", "--since", "--until", patternFlag, "--raw"}, values: []string{"-n", "--since", "--until", patternFlag},
			help: "logs <name> [...]\tShow the last lines of the stdout and stderr logs of processes\n" +
				"logs <gname>:*\t\tThe same for all processes in a group\n" +
				"logs\t\t\tThe same for all processes\n" +
				"logs -n 50 <name>\tShow 50 lines of each log instead of 10\n" +
				"logs -f <name>\t\tFollow the logs (Ctrl-C to exit)\n" +
				"logs --since 10m <name>\tShow records of the last ten minutes, from rotated files, too, by time over all logs. Also\n" +
				"\t\t\t14:30, or 2026-11-27T14:30:00Z. The format of the logs must be text or json.\n" +
				"logs --until 14:30 <name>\tShow records before a time\n" +
				"logs --grep <pattern> <name>\tShow records that match a regular expression (RE2)\n" +
				"logs --raw <name>\tShow records in JSON as they are\n" +
				"Lines of stdout begin with the name of the process and |, lines of stderr with the name and !."},
		{name: "options", help: optionsHelp},
		{name: "reopen", args: processArgs, upcheck: true, run: (*Controller).reopen,
			help: "reopen <name> [...]\tOpen the log files of processes again, after they were moved away\n" +
				"reopen <gname>:*\tThe same for all processes in a group\n" +
				"reopen all\t\tThe same for all processes\n" +
				"reopen main\t\tThe same for the main log\n" +
				"To reopen all logs, SIGUSR2 can be sent to supervisord, too."},
		{name: "rotate", args: processArgs, upcheck: true, run: (*Controller).rotate,
			help: "rotate <name> [...]\tRotate the log files of processes now\n" +
				"rotate <gname>:*\tThe same for all processes in a group\n" +
				"rotate all\t\tThe same for all processes\n" +
				"rotate main\t\tThe same for the main log\n" +
				"rotate --wait <name>\tReturn when rotated files have been compressed, too"},
		{name: "scale", args: processArgs, upcheck: true, timed: true, run: (*Controller).scale,
			help: "scale <program> <number>\tStart more processes of a program, or stop and remove those with the highest numbers\n" +
				"scale --no-start <program> <number>\tAdd processes without a start\n" +
				"scale --no-wait <program> <number>\tDo not wait until they are RUNNING, or have stopped"},
		{name: "top", offline: true, run: (*Controller).top,
			help: "top\tShow all processes and their logs on the full screen, and act on them; ? lists its keys"},
		{name: "upgrade", upcheck: true, run: (*Controller).upgrade,
			help: "upgrade\t\t\tExecute the supervisord that is installed now in place of the running one\n" +
				"upgrade --dry-run\tFind out only whether that is possible\n" +
				"upgrade --timeout <time>\tGive up after that time instead of a minute\n" +
				"Programs and clients notice nothing. If the new one cannot take over, nothing changes."},
		{name: "wait", args: processArgs, timed: true, run: (*Controller).wait,
			help: "wait <name> [...]\tWait until the processes are RUNNING\n" +
				"wait <gname>:*\t\tThe same for all processes in a group\n" +
				"wait all\t\tThe same for all processes\n" +
				"wait <name> --for <state>[,<state>]\tWait for a state, or one of several, such as STOPPED,EXITED\n" +
				"wait <name> --for READY\tWait until it is RUNNING and ready, or with HEALTHY until its health checks succeed\n" +
				"wait <name> --timeout <time>\tGive up after that time: seconds, or a duration such as 1m30s"},
	}
	hiddenCommands = []command{
		{name: "complete", offline: true, run: (*Controller).printCompletions},
		{name: "completion", offline: true, run: (*Controller).completion,
			help: "completion bash|zsh|fish\tPrint a script that makes the shell complete the command lines of supervisorctl"},
		{name: "hash-password", offline: true, run: (*Controller).hashPassword,
			help: "hash-password [--argon2id|--bcrypt|--sha256]\tRead a password and print the value of password= with its hash"},
		{name: "man", noArgs: true, offline: true, run: (*Controller).man,
			help: "man\tPrint the manual page of supervisorctl"},
	}
}

// optionsHelp describes our options of the original's commands.
const optionsHelp = "status --json [...]\tPrint the status as JSON\n" +
	"status --verbose [...]\tPrint further lines about processes with keys of their life cycle; also -v\n" +
	"start --no-wait <name>\tDo not wait until the process is RUNNING; also for restart\n" +
	"update --minimal [...]\tChange groups in place, and restart only processes that need it, one at a time\n" +
	"update --no-start [...]\tStart nothing that does not run\n" +
	"update --no-restart [...]\tAs --minimal, but restart nothing: processes have new values from their next start\n" +
	"update --dry-run [...]\tShow what would be done, also with the other options, and change nothing\n" +
	"stop --no-wait <name>\tDo not wait until the process has stopped; also for kill and hup\n" +
	"restart --rolling <name>\tRestart one process after the other, each when the one before is RUNNING\n" +
	"restart --rolling --batch <number> <name>\tRestart so many at once; also a percentage such as 25%, or all\n" +
	"restart --rolling --wait-ready <name>\tGo on when the processes are ready and healthy, too\n" +
	"restart --rolling --ready-timeout <time> <name>\tGive a batch that time for it instead of 5 minutes\n" +
	"restart --rolling --pause <time> <name>\tWait between two batches\n" +
	"start --deps <name>\tStart first what it depends on\n" +
	"start --timeout <time> <name>\tGive up after that time: seconds, or a duration such as 1m30s; also for stop, restart, kill, hup " +
	"and status\n" +
	"tail --raw [...]\tOn a terminal, pass on control sequences of logs, not colors alone; also for maintail, logs and fg"

// block is a list of commands that help prints under a title.
type block struct {
	title    string
	commands []command
}

// blocks are the commands of the original, ours, and those of the plug-ins.
func (c *Controller) blocks() []block {
	list := []block{{"default", commands}, {"more", moreCommands}}
	for _, p := range c.plugins {
		list = append(list, block{p.name, p.commands})
	}
	return list
}

// find returns the command with a name, or nil. The original's changelog calls remove "drop".
func (c *Controller) find(name string) *command {
	if name == "drop" {
		name = "remove"
	}
	for _, b := range append(c.blocks(), block{"", hiddenCommands}) {
		for i := range b.commands {
			if b.commands[i].name == name {
				return &b.commands[i]
			}
		}
	}
	return externalCommand(name)
}
