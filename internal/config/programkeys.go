package config

import (
	"slices"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/account"
)

// The headings of the keys of a program in the reference.
const (
	commandTopic = "Command"
	startTopic   = "Start and restart"
	stopTopic    = "Stop"
	outputTopic  = "Output"
	limitTopic   = "Limits"
)

type processKey[T any] = keyOf[Process, T]

// commonKeys are the keys of a program that are read once for all its processes.
var commonKeys = table(Key{Sections: InPrograms | InDefault, Scope: inProgram, Update: restarts}, slices.Concat(
	[]row[Process]{
		&processKey[int]{Key: Key{Name: "priority", Update: inPlace, Topic: startTopic, Member: "process_prio", Other: "5",
			Help: "lower starts first and " +
				"stops last; equal ones start by name, groups that were added later last; a shutdown reverses this order"},
			Type: intType, Absent: 999, Field: func(p *Process) *int { return &p.Priority }},
		&processKey[bool]{Key: Key{Name: "autostart", Update: inPlace, Topic: startTopic, Member: "autostart", Other: "false",
			Help: "start with supervisord"},
			Type: boolType, Absent: true, Field: func(p *Process) *bool { return &p.Start.Auto }},
		&processKey[Restart]{Key: Key{Name: "autorestart", Update: inPlace, Topic: startTopic, Member: "autorestart", Other: "true",
			Help: "start again after an exit: always, never, or after an exit status that is not in `exitcodes`"},
			Type: restartType, Absent: RestartUnexpected, Field: func(p *Process) *Restart { return &p.Exit.Restart }},
		&processKey[int]{Key: Key{Name: "startsecs", Update: inPlace, Topic: startTopic, Member: "startsecs", Other: "7",
			Help: "seconds to stay up before a start counts as a success"},
			Type: intType, Absent: 1, Field: func(p *Process) *int { return &p.Start.Secs }},
		&processKey[int]{Key: Key{Name: "startretries", Update: inPlace, Topic: startTopic, Member: "startretries", Other: "8",
			Help: "failed starts in a row before giving up"},
			Type: intType, Absent: 3, Field: func(p *Process) *int { return &p.Backoff.Retries }},
		&processKey[syscall.Signal]{Key: Key{Name: "stopsignal", Update: inPlace, Topic: stopTopic, Member: "stopsignal", Other: "INT",
			Help: "sent to stop a process"},
			Type: signalType, Absent: syscall.SIGTERM, Field: func(p *Process) *syscall.Signal { return &p.Stop.Signal },
			Custom: readStopSignal},
		&processKey[int]{Key: Key{Name: "stopwaitsecs", Update: inPlace, Topic: stopTopic, Member: "stopwaitsecs", Other: "9",
			Help: "seconds between the stop signal and `KILL`"},
			Type: intType, Absent: 10, Field: func(p *Process) *int { return &p.Stop.WaitSecs }},
		&processKey[bool]{Key: Key{Name: "stopasgroup", Update: inPlace, Topic: stopTopic, Since: "3.0", Other: "true",
			Help: "send the stop signal to the whole process group"},
			Type: boolType, Field: func(p *Process) *bool { return &p.Stop.AsGroup }},
		&processKey[bool]{Key: Key{Name: "killasgroup", Update: inPlace, Topic: stopTopic, Member: "killasgroup", Since: "3.0", Other: "true",
			Default: "as `stopasgroup`", Help: "send `KILL` to the whole process group"},
			Type: boolType, AbsentFrom: func(p *Process) bool { return p.Stop.AsGroup },
			Field: func(p *Process) *bool { return &p.Stop.KillAsGroup }},
		&processKey[[]int]{Key: Key{Name: "exitcodes", Update: inPlace, Topic: startTopic, Member: "exitcodes", Other: "0,2",
			Help: "expected exit statuses, from 0 to 255 (default `0,2` before 4.0)"},
			Type: codesType, Absent: []int{0}, Field: func(p *Process) *[]int { return &p.Exit.Codes }},
		&processKey[bool]{Key: Key{Name: "redirect_stderr", Topic: outputTopic, Member: "redirect_stderr", Since: "3.0",
			Other: "true",
			Help:  "send standard error to the log of standard output"},
			Type: boolType, Field: func(p *Process) *bool { return &p.RedirectErr }},
		&processKey[int]{Key: Key{Name: "numprocs", Update: members, Topic: commandTopic, Since: "3.0", Other: "2", Help: "number of processes"},
			Type: intType, Absent: 1, Store: func(k *sectionReader, _ *Process, n int) { k.numprocs = n }},
		&processKey[int]{Key: Key{Name: "numprocs_start", Update: members, Topic: commandTopic, Since: "3.0", Other: "4",
			Help: "number of the first process"},
			Type: intType, Store: func(k *sectionReader, _ *Process, n int) { k.first = n }},
	},
	captureKeys("stdout", func(p *Process) *Channel { return &p.Out }),
	captureKeys("stderr", func(p *Process) *Channel { return &p.Err }),
	[]row[Process]{
		&processKey[string]{Key: Key{Name: "serverurl", Secret: true, Topic: commandTopic, Member: "serverurl", Since: "3.0", Default: "`AUTO`",
			Other: "http://h:1",
			Help:  "value of `SUPERVISOR_SERVER_URL` in its environment; `AUTO`: the URL of the first server"},
			Type: serverURLType, Field: func(p *Process) *string { return &p.Run.ServerURL }},
		&processKey[*account.Account]{Key: Key{Name: "user", Topic: commandTopic, Member: "uid", Default: asSupervisord,
			Other: "0",
			Help:  "run as this user, and with `user:group` with this group; needs root"},
			Type: accountType, Field: func(p *Process) **account.Account { return &p.Run.User }, Custom: readUser},
		&processKey[int]{Key: Key{Name: "umask", Topic: commandTopic, Since: "3.0", Default: asSupervisord, Other: "027",
			Help: "file mode mask"},
			Type: umaskType, Absent: -1, Field: func(p *Process) *int { return &p.Run.Umask }},
		&processKey[string]{Key: Key{Name: "process_name", Update: members, Topic: commandTopic, Scope: inProcess, Default: "`%(program_name)s`",
			Label: "process_name", Other: "q", Help: "must contain `%(process_num)` if there is more than one process"},
			Type: nameType, Field: func(p *Process) *string { return &p.ProcessName }, Custom: checkProcessName, Then: checkKill},
	},
	limitKeys,
	identityKeys,
	policyKeys,
	exitKeys,
	readyKeys,
	dependKeys,
	hookKeys,
	cgroupKeys,
	timingKeys,
	boundKeys,
	logFilesKeys,
)...)

const asSupervisord = "as supervisord"

func captureKeys(name string, channel func(*Process) *Channel) []row[Process] {
	return []row[Process]{
		&processKey[Bytes]{Key: Key{Name: name + "_capture_maxbytes", Topic: outputTopic, Member: name + "_capture_maxbytes",
			Since: "3.0", Other: "3KB", Help: "size of the buffer for process communication events; 0: off"},
			Type: sizeType, Field: func(p *Process) *Bytes { return &channel(p).Capture }},
		&processKey[bool]{Key: Key{Name: name + "_events_enabled", Update: inPlace, Topic: outputTopic, Member: name + "_events_enabled",
			Since: "3.0", Other: "true", Help: "send an event for everything written"},
			Type: boolType, Field: func(p *Process) *bool { return &channel(p).Events }},
	}
}

// eachKeys are the keys of a program that are read for each of its processes, after the common ones.
var eachKeys = table(Key{Sections: InPrograms | InDefault, Scope: inProcess, Update: restarts}, slices.Concat(
	[]row[Process]{
		&processKey[map[string]string]{Key: Key{Name: "environment", Secret: true, Topic: commandTopic, Since: "3.0", Default: none,
			Label: "environment",
			Other: "B=2", Help: "variables, over those of `[supervisord]`"},
			Type:  environmentType,
			Field: func(p *Process) *map[string]string { return &p.Run.Environment }, Custom: readEnvironment},
		&processKey[string]{Key: Key{Name: "directory", Topic: commandTopic, Member: "directory", Since: "3.0",
			Default: asSupervisord,
			Other:   "/d", Help: "working directory"},
			Type: optionalType, Field: func(p *Process) *string { return &p.Run.Directory }},
	},
	logKeys("stdout", "log of standard output", func(p *Process) *Channel { return &p.Out }, checkStdout),
	logKeys("stderr", "log of standard error", func(p *Process) *Channel { return &p.Err }, checkStderr),
	[]row[Process]{
		&processKey[string]{Key: Key{Name: "command", Secret: true, Sections: InPrograms, Topic: commandTopic, Member: "command", Required: true, Other: "other",
			Help: "split into words like a shell does, with quotes and backslashes, but " +
				"run without a shell: no variables, wildcards or `&&`; a program without `/` is searched in `PATH`"},
			Type: commandType, Field: func(p *Process) *string { return &p.Run.Command }, Then: requireCommand},
		programEnvFiles,
	},
	lineKeys,
	checkKeys,
	fileKeys,
	socketsKeys,
	shippingRows.processes,
)...)

func logKeys(name, help string, channel func(*Process) *Channel, then func(*sectionReader, *Process)) []row[Process] {
	name += "_logfile"
	file := &processKey[Log]{Key: Key{Name: name, Topic: outputTopic, Member: name, Since: "3.0", Default: "`AUTO`",
		Other: "NONE", Help: help},
		Type: logType, Absent: Log{Kind: LogAuto}, Field: func(p *Process) *Log { return &channel(p).Log }}
	file.Custom = func(k *sectionReader, p *Process) { k.readLogFile(&file.Key, &channel(p).Log) }
	syslog := strings.Replace(name, "logfile", "syslog", 1)
	return []row[Process]{
		file,
		&processKey[int]{Key: Key{Name: name + "_backups", Update: inPlace, Topic: outputTopic, Member: name + "_backups", Since: "3.0",
			Other: "6",
			Help:  "rotated logs to keep"},
			Type: intType, Absent: 10, Field: func(p *Process) *int { return &channel(p).Log.Backups }},
		&processKey[Bytes]{Key: Key{Name: name + "_maxbytes", Update: inPlace, Topic: outputTopic, Member: name + "_maxbytes", Since: "3.0",
			Other: "2KB",
			Help:  "size at which it is rotated; 0: never"},
			Type: sizeType, Absent: 50 << 20, Field: func(p *Process) *Bytes { return &channel(p).Log.MaxBytes }},
		&processKey[bool]{Key: Key{Name: syslog, Update: inPlace, Topic: outputTopic, Member: syslog, Since: "4.0", Other: "true",
			Help: "copy to syslog"},
			Type: boolType, Field: func(p *Process) *bool { return &channel(p).Log.Syslog }, Then: then},
	}
}

// processKeys are the keys of all sections that describe a program.
var processKeys = slices.Concat(commonKeys, eachKeys)
