package ctl

// command is one action of supervisorctl.
type command struct {
	name        string
	noArgs      bool // an argument is an error
	checked     bool // ask the server for its version first
	offline     bool // works without a server
	unreachable int  // the status when that check fails; 0: what the check says
	run         func(c *Controller, args []string) error
	help        string // what "help NAME" prints
}

// commands is set in init because help and open run other commands of the table.
var commands []command

func init() {
	commands = []command{
		{name: "add", run: (*Controller).add,
			help: "add <name> [...]\tActivates any updates in config for process/group"},
		{name: "avail", noArgs: true, run: (*Controller).avail,
			help: "avail\t\t\tDisplay all configured processes"},
		{name: "clear", checked: true, run: (*Controller).clear,
			help: "clear <name>\t\tClear a process' log files.\n" +
				"clear <name> <name>\tClear multiple process' log files\n" +
				"clear all\t\tClear all process' log files"},
		{name: "exit", help: "exit\tExit the supervisor shell."},
		{name: "fg", checked: true, run: (*Controller).fg,
			help: "fg <process>\tConnect to a process in foreground mode\n" +
				"\t\tCtrl-C to exit"},
		{name: "maintail", checked: true, run: (*Controller).maintail,
			help: "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\n" +
				"maintail -100\tlast 100 *bytes* of supervisord main log file\n" +
				"maintail\tlast 1600 *bytes* of supervisor main log file\n"},
		{name: "open", offline: true, run: (*Controller).openURL,
			help: "open <url>\tConnect to a remote supervisord process.\n" +
				"\t\t(for UNIX domain socket, use unix:///socket/path)"},
		{name: "pid", checked: true, run: (*Controller).pid,
			help: "pid\t\t\tGet the PID of supervisord.\n" +
				"pid <name>\t\tGet the PID of a single child process by name.\n" +
				"pid all\t\t\tGet the PID of every child process, one per line."},
		{name: "quit", help: "quit\tExit the supervisor shell."},
		{name: "reload", noArgs: true, run: (*Controller).reload,
			help: "reload \t\tRestart the remote supervisord."},
		{name: "remove", run: (*Controller).remove,
			help: "remove <name> [...]\tRemoves process/group from active config"},
		{name: "reread", noArgs: true, run: (*Controller).reread,
			help: "reread \t\t\tReload the daemon's configuration files without add/remove"},
		{name: "restart", checked: true, run: (*Controller).restart,
			help: "restart <name>\t\tRestart a process\n" +
				"restart <gname>:*\tRestart all processes in a group\n" +
				"restart <name> <name>\tRestart multiple processes or groups\n" +
				"restart all\t\tRestart all processes\n" +
				"Note: restart does not reread config files. For that, see reread and update."},
		{name: "shutdown", noArgs: true, run: (*Controller).shutdown,
			help: "shutdown \tShut the remote supervisord down."},
		{name: "signal", checked: true, run: (*Controller).signal,
			help: "signal <signal name> <name>\t\tSignal a process\n" +
				"signal <signal name> <gname>:*\t\tSignal all processes in a group\n" +
				"signal <signal name> <name> <name>\tSignal multiple processes or groups\n" +
				"signal <signal name> all\t\tSignal all processes"},
		{name: "start", checked: true, run: (*Controller).start,
			help: "start <name>\t\tStart a process\n" +
				"start <gname>:*\t\tStart all processes in a group\n" +
				"start <name> <name>\tStart multiple processes or groups\n" +
				"start all\t\tStart all processes"},
		{name: "status", checked: true, unreachable: exitUnreachable, run: (*Controller).showStatus,
			help: "status <name>\t\tGet status for a single process\n" +
				"status <gname>:*\tGet status for all processes in a group\n" +
				"status <name> <name>\tGet status for multiple named processes\n" +
				"status\t\t\tGet all process status info"},
		{name: "stop", checked: true, run: (*Controller).stop,
			help: "stop <name>\t\tStop a process\n" +
				"stop <gname>:*\t\tStop all processes in a group\n" +
				"stop <name> <name>\tStop multiple processes or groups\n" +
				"stop all\t\tStop all processes"},
		{name: "tail", checked: true, run: (*Controller).tail,
			help: "tail [-f] <name> [stdout|stderr] (default stdout)\n" +
				"Ex:\n" +
				"tail -f <name>\t\tContinuous tail of named process stdout\n" +
				"\t\t\tCtrl-C to exit.\n" +
				"tail -100 <name>\tlast 100 *bytes* of process stdout\n" +
				"tail <name> stderr\tlast 1600 *bytes* of process stderr"},
		{name: "update", run: (*Controller).update,
			help: "update\t\t\tReload config and add/remove as necessary, and will restart affected programs\n" +
				"update all\t\tReload config and add/remove as necessary, and will restart affected programs\n" +
				"update <gname> [...]\tUpdate specific groups"},
		{name: "version", noArgs: true, checked: true, run: (*Controller).version,
			help: "version\t\t\tShow the version of the remote supervisord process"},
	}
}

// find is the command of that name, nil if there is none. "drop" is what the changelog calls remove.
func find(name string) *command {
	if name == "drop" {
		name = "remove"
	}
	for i := range commands {
		if commands[i].name == name {
			return &commands[i]
		}
	}
	return nil
}
