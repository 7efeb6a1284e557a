package config

import "strings"

// Usage returns the help text of supervisord. Source: -h.
func Usage(argv0 string) string {
	return "supervisord -- run a set of applications as daemons.\n\n" +
		"Usage: " + argv0 + " [options]\n\nOptions:\n" + strings.Join(daemonHelp, "\n") + "\n\n"
}

// CtlUsage returns the help text of supervisorctl. Source: -h.
func CtlUsage(argv0 string) string {
	return "supervisorctl -- control applications run by supervisord from the cmd line.\n\n" +
		"Usage: " + argv0 + " [options] [action [arguments]]\n\nOptions:\n" + strings.Join(ctlHelp, "\n") + "\n\n" +
		"action [arguments] -- a command such as \"status\" or \"restart web\"; the action \"help\" lists them all.\n" +
		"Without an action, or with -i, a shell reads actions from standard input until \"exit\".\n\n"
}

const configurationHelp = "-c/--configuration FILENAME -- configuration file path (searches if not given)"

var daemonHelp = []string{
	configurationHelp,
	"-n/--nodaemon -- stay in the foreground (like 'nodaemon=true' in the file)",
	"-s/--silent -- in the foreground, do not copy the log to stdout (like 'silent=true')",
	"-h/--help -- print this usage message and exit",
	"-v/--version -- print supervisord version number and exit",
	"--check -- check the configuration, print all errors and warnings, and exit with 0 or 2",
	"--exit-on VALUE -- exit_on of programs that have none: never, fatal, unexpected or exit",
	"--show -- as --check, and print the configuration that counts, as a file; --show-defaults: all keys",
	"-u/--user USER -- switch to this user, given by name or uid",
	"-m/--umask UMASK -- umask of the daemon and its children (default 022)",
	"-d/--directory DIRECTORY -- directory to change to when going into the background",
	"-l/--logfile FILENAME -- use FILENAME as path of the main log",
	"-y/--logfile_maxbytes BYTES -- size at which the main log is rotated",
	"-z/--logfile_backups NUM -- number of rotated main logs to keep",
	"-e/--loglevel LEVEL -- lowest level to log (critical,error,warn,info,debug,trace,blather)",
	"-j/--pidfile FILENAME -- path of the file that holds the daemon's pid",
	"-i/--identifier STR -- name of this instance of supervisord",
	"-q/--childlogdir DIRECTORY -- directory of automatic child logs",
	"-k/--nocleanup -- keep the automatic child logs of the previous run",
	"-a/--minfds NUM -- number of file descriptors that must be available",
	"-t/--strip_ansi -- remove ANSI escape sequences from child logs (-t without another option but -c: --check)",
	"--minprocs NUM -- number of processes that must be available",
	"--profile_options OPTIONS -- accepted for compatibility, without effect",
}

var ctlHelp = []string{
	configurationHelp,
	"-h/--help -- print usage message and exit",
	"-i/--interactive -- start an interactive shell that reads actions",
	"-s/--serverurl URL -- where supervisord listens (default \"http://localhost:9001\")",
	"-u/--username USERNAME -- user name to log in with",
	"-p/--password PASSWORD -- password to log in with",
	"--password-file FILENAME -- file whose first line is the password (also: SUPERVISORCTL_PASSWORD in the environment)",
	"-r/--history-file FILENAME -- file that keeps the lines typed in the shell",
}
