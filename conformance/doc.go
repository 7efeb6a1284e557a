// Package conformance is a suite of scripts that demonstrate the behavior of supervisord and supervisorctl from outside. The same
// scripts run on the original programs and on ours. The package imports none of our others, so that a mistake in one cannot hide
// in its own test.
//
// # Running
//
//	IMPL=ours go test ./conformance               # bin/supervisord, bin/supervisorctl of this tree (the default)
//	IMPL=reference go test ./conformance          # /usr/bin/supervisord, /usr/bin/supervisorctl
//	SUPERVISORD=/p/supervisord SUPERVISORCTL=/p/supervisorctl go test ./conformance
//	go test ./conformance -run 'TestScripts/stop/stopasgroup$' -v
//
// Build the programs first (make programs). Four scripts for each processor run at once, two with IMPL=reference, or as many as
// -parallel says. CONFORMANCE_SCALE=3 makes every timeout three times as long (default 30 s each). CHILD names a prebuilt
// fixtures/child/cmd; without it the suite builds one. -keep leaves the directories of failed scripts in place.
//
// After three waits of a command (waitlog, daemon, ...) in vain, that command waits only four times as long as its longest wait that
// succeeded, so an implementation that does nothing right fails in minutes. The processes of a script that does not end are killed.
// A script that fails on the original is run again, up to three times; "wavered" names those that passed then.
//
// exec waits until all processes have closed its output: a process that outlives it gets "> FILE 2>&1 < /dev/null". Do not use
// ttyin and ttyout, but shell: keys may reach the terminal before the line editor, and output right before an exit may be missing.
//
// # A script
//
// A script is scripts/AREA/NAME.txtar in the format of github.com/rogpeppe/go-internal/testscript, with all of its
// standard commands (exec, cmp, grep, stdout, stderr, exists, cp, rm, mkdir, env, cd, stdin, ...), of at most 30 commands:
//
//	# A program that ignores the stop signal is killed after stopwaitsecs.
//	# covers: 3.0a2-03
//	daemon
//	waitstate t RUNNING
//	ctl stop t
//	stdout '^t: stopped$'
//	waitlog 'WARN stopped: t \(terminated by SIGKILL\)'
//
//	-- sd.conf --
//	[program:t]
//	command=$CHILD ignore TERM hang
//	stopwaitsecs=1
//
// The first line states the behavior. A line "# covers: ID ID" names rows of a ledger. If no row fits, "# source: PLACE" names
// where the behavior is described: a section of our pages (docs/plugins.md#limits), of the original's manual
// (running.html#signal-handlers, below http://supervisord.org/) or, if both are silent, a function or class of the original
// (supervisor.process.finish). TestSources checks that it exists.
//
// Where the two programs differ, a script uses the conditions [reference] and [ours], and a line "# differs: ID REASON" with the
// id of a row of docs/differences.md (DIFF-9, N-1) and the reason in a few words. A Go test that demonstrates a difference has
// "// differs: ID REASON". TestDiffers checks that every row is named by a script or a Go test.
//
// Scripts never sleep: they wait for a state, a log line, a file or the end of a process. A script that needs root begins with
// "[!root] skip 'needs root: WHY'".
//
// # Configuration
//
// sd.conf has only what the script is about; a script without one starts the base alone. Before a daemon starts, and in the
// command config, the suite replaces $CHILD, $WORK, $CGROUP, $PORT, $PORT2, $PIDPROXY, $LISTENERS and $SAMPLES in it, and adds what is
// missing of this base:
//
//	[unix_http_server]        file=%(here)s/s.sock
//	[supervisord]             logfile=%(here)s/main.log  pidfile=%(here)s/sd.pid  childlogdir=%(here)s
//	[rpcinterface:supervisor] supervisor.rpcinterface_factory=...
//	[supervisorctl]           serverurl=unix://%(here)s/s.sock
//
// Missing keys are added below the header of their section, missing sections at the end of the file. In a file whose first line
// is "; raw" only the variables are replaced.
//
// # Variables
//
//	WORK CHILD           the script's directory; the program of fixtures/child
//	SUPERVISORD CTL      the two programs (for exec; the commands below add -c)
//	PIDPROXY SAMPLE      pidproxy and echo_supervisord_conf of the same implementation
//	LISTENERS SAMPLES    directories of our supervisor-memmon etc., and docs/examples
//	DAEMON               process id of the daemon started last
//	VARIANTS             a directory with supervisord built in other ways, VARIANTS/NAME/supervisord, for which see [variant:NAME]
//	CGROUP               the path of the cgroup that the command cgroup makes
//	CGROUPS              which cgroups there are here, for the reason of a skip
//	PORT                 a TCP port on 127.0.0.1 that was free when the script started, PORT2 another
//
// # Conditions
//
// [reference] [ours] [root] [cgroup] (we can make cgroups of version 2), [cgroup:memory] (with the controller memory), [resource] (hard limits can be raised), [listeners] (LISTENERS and SAMPLES are set), [fleet] (LISTENERS has the programs of a fleet), [hostconfig] (this
// host has a configuration in /etc; a script that starts supervisord without -c in a directory without one must skip then), [nss]
// (libnss-systemd is installed, by which a script can have accounts that are in no file), [variant:NAME] (our supervisord can be
// built in the way that TestMain calls NAME, and has been), and those of testscript, such as [linux] and [exec:NAME].
//
// # Commands
//
// In texts after a command, {D} stands for $WORK. A leading "!" is allowed where the list says so.
//
//	config FILE                install FILE as sd.conf, base added
//	daemon [-c FILE] [-bg] [-as UID] [-program FILE] [-sh TEXT] [-syslog FILE [-stream]] [-env K=V]... [FLAG...]
//	    start supervisord (-n unless -bg) with sd.conf, wait until it answers HTTP, or, without a server, has written
//	    its start line; its output goes to daemon.out and daemon.err. Sets DAEMON. -as runs it as another user and
//	    gives $WORK to it. -program FILE runs that file as supervisord. -sh TEXT runs TEXT in the shell first (ulimit,
//	    exec 9<file), before the daemon takes over.
//	    -syslog FILE appends what the daemon sends to syslog to FILE, a line a record; it needs root and unshare. With
//	    -stream the socket is no datagram socket.
//	startfails [-rc N] [-raw] [-as UID] [-env K=V]... [-sh TEXT] [FLAG...]
//	    run supervisord and expect it to end with status N (default 2); -c sd.conf -n are added unless -raw or a -c is
//	    given. For the commands stdout and stderr.
//	usageerror [-section S] [-file F] TEXT
//	    stderr of the last startfails, or of CTL, was exactly "Error: TEXT" and the help line, with at most one line
//	    between them, indented by two blanks, that locates the error; -section adds
//	    " in section 'S' (file: '{D}/F')", where F is sd.conf by default
//	refuse FILE [-section S] TEXT     startfails with FILE as configuration, then usageerror
//	waitdaemon [STATUS]        wait for the daemon to end, with this status (default 0; any for a background one)
//	stopdaemon                 send SIGTERM, then waitdaemon 0
//	leftover                   wait until no process of this script is left, nor s.sock, nor sd.pid
//	ctl [-rc N] ARG...         run supervisorctl -c sd.conf ARG...; status must be N (default 0); "! ctl": any but 0
//	shell FILE                 run supervisorctl without an action in a terminal of 80 columns, and type each line of FILE
//	    after the prompt; the last one must end it. Prints what the terminal shows.
//	rpc METHOD ARG...          call METHOD (supervisor. is added to a name without a dot) and print the result as JSON
//	    with sorted keys, a fault as "fault CODE TEXT", an HTTP error as "http CODE"; the last two need "! rpc".
//	    ARG: 5 and -5 are int, true and false boolean, s:TEXT a string, json:JSON any value, the rest strings
//	rpc -tcp ADDR [-u USER:PASSWORD] METHOD ARG...      the same over TCP (also -u without -tcp)
//	http [-tcp ADDR] [-u USER:PASSWORD] [-H 'K: V']... [-d BODY] METHOD PATH
//	    print "HTTP STATUS", the header lines in order of name, an empty line and the body; follows no redirect
//	waithttp REGEXP ARG...     make the request of the command http until what is printed matches; ^ and $ match at lines
//	raw [-tcp ADDR] FILE       send the bytes of FILE (\n become \r\n), print the answer until the server closes
//	waitstate NAME STATE[|STATE]...     wait until getProcessInfo(NAME) shows it
//	waitlog REGEXP [COUNT]     wait until main.log has COUNT (default 1) matches; ^ and $ match at lines
//	logcount REGEXP COUNT      main.log has exactly COUNT matches now
//	logorder REGEXP REGEXP...  wait until main.log has all of them, in this order
//	nolog REGEXP               main.log has no match now
//	waitfile FILE [REGEXP]     wait until FILE exists (and matches); "! waitfile FILE": until it is gone
//	waitgrep COUNT REGEXP FILE wait until FILE has at least COUNT matches
//	pidof NAME VAR             set VAR to the process id of NAME as soon as it is not 0 (daemon: of the daemon)
//	pidin FILE VAR             wait for a process id, the first in FILE, and set VAR
//	signal SIG WHO             send SIG (TERM, 15) to daemon, a process id, or the process NAME
//	alive PID                  the process exists and is no zombie
//	dead PID                   wait until it does not
//	waitctl [-rc N] REGEXP ARG...       run ctl ARG... until its output matches
//	waitrpc REGEXP METHOD ARG...        call until the printed result (or fault) matches
//	cgroup                     make the cgroup $CGROUP, which is removed at the end with all that is in it
//	certificate [-ca NAME] [-expired] NAME [HOST...]
//	    make a certificate for the hosts and its key, NAME.pem and NAME.key, each by a rename; its common name is NAME. It is signed
//	    by the CA of that name, or by itself, and then may sign others.
//	eq A B                     the texts are equal ("! eq": not)
//	descriptors PID VAR        set VAR to the number of open descriptors; if VAR is set, wait until no more are
//	proxy FROM TO              start a TCP proxy from one address to another; one in a script
//	proxy pass|hold|drop       pass bytes; hold them, also of new connections; or close all connections, and new ones at once
//	waitexec [-rc N] REGEXP PROGRAM ARG...    run the program until its output and errors match, and its status is N (default 0)
//	eventids FILE              FILE has events of a fleet, as JSON, and for each host their numbers are without gap and in order
//	bytes FILE N               wait until FILE has exactly N bytes; "bytes -atleast FILE N": at least
//
// # Ledger
//
// ledger.tsv lists the facts of the original's changelog (id, our one-line wording, class); beyond.tsv has what the original does
// not have (SEC-n: attacks of docs/security.md; REP-n: reported bugs). TestLedger fails if no script covers a row of class behavior or library, or a
// script covers an unknown row. A Go test anywhere in the tree may cover rows, too, with
// "// covers: ID".
//
// # Report
//
//	IMPL=reference go test -json ./conformance > ref.json
//	IMPL=ours      go test -json ./conformance > ours.json
//	go run ./conformance/report -ours ours.json -reference ref.json > report.md
package conformance
