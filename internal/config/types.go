// Package config turns the command line and the configuration file of supervisord into one immutable value, and finds the
// difference of two. It also reads what supervisorctl needs. It opens no log, socket or process. A Config may be read from
// any goroutine; it must not be changed.
package config

import (
	"io/fs"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
)

// Bytes is a size in bytes.
type Bytes int64

// Config is one reading of the command line and the configuration file with all it includes.
type Config struct {
	Path        string // as given with -c, or as found; for messages
	Supervisord Supervisord
	Servers     []Server // in the order they are opened: TCP first, then Unix
	Interfaces  []Interface
	Groups      []*Group  // ascending priority, then name
	Messages    []Message // what the reading wants in the main log: critical first, then warnings, then information
	reader      *reader   // for programs that are added later
}

// Message is a line for the main log that reading the configuration gave rise to.
type Message struct {
	Level api.Level
	Text  string
}

// Supervisord is the section of that name, the command line applied on top.
type Supervisord struct {
	Logfile         string // absolute, or the word "syslog"
	LogfileMaxBytes Bytes  // 0: never rotate
	LogfileBackups  int
	Loglevel        api.Level
	Pidfile         string // absolute
	Umask           int
	NoDaemon        bool
	Silent          bool
	MinFDs          int
	MinProcs        int
	NoCleanup       bool
	ChildLogDir     string
	User            *account.Account // nil: keep the user that started us
	Directory       string           // empty: stay; used in the background only
	StripANSI       bool
	Environment     map[string]string
	Identifier      string
	Subreaper       bool
	ShutdownTimeout int  // seconds; 0 or less: none
	KillOrphans     bool // orphans=kill
}

// Server is one [unix_http_server] or [inet_http_server] section.
type Server struct {
	Section  string // such as "inet_http_server:a"
	Unix     bool
	File     string      // Unix: absolute path
	Mode     fs.FileMode // Unix: permission bits, 0700 unless set
	UID, GID int         // Unix: new owner, -1: unchanged
	Host     string      // TCP: lower case; empty means all addresses
	Port     int         // TCP
	Username string      // empty: no authentication
	Password string      // clear, or "{SHA}" and the hexadecimal SHA-1
}

// Interface is one [rpcinterface:x] section.
type Interface struct {
	Name    string
	Factory string
	Options map[string]string // the other keys, those of [DEFAULT] too
	Keys    []string          // those of Options that the section itself has
}

// Kind tells what a group was made from.
type Kind int

const (
	ProgramGroup  Kind = iota // a [program:x] of its own
	NamedGroup                // a [group:x]
	ListenerGroup             // an [eventlistener:x]
	FastCGIGroup              // an [fcgi-program:x] of its own
	PluginGroup               // an [rpcinterface:x] with command= or url=
)

// Group is a set of processes that is added, removed and stopped as one.
type Group struct {
	Name      string
	Kind      Kind
	Priority  int
	Processes []*Process // a [group:x]: ascending priority, ties in the order of programs=; else in the order of names
	Pool      *Pool      // event listeners, and plug-ins that subscribe to events
	Plugin    *Plugin    // plug-ins only
}

// Plugin is what an [rpcinterface:x] section with command= or url= says beside its processes and its events. The group
// has no process if it is reached by a URL.
type Plugin struct {
	URL        string // unix:///path or http://host:port/path; empty: a child of ours
	CallWait   int    // seconds that a call may take
	CallLimit  int    // how many calls at once
	ResultMax  Bytes  // of an answer
	EventTypes []string
}

// Pool is what an [eventlistener:x] section has beside its processes.
type Pool struct {
	BufferSize     int
	Events         []string // upper case, as subscribed to
	ResultHandler  string   // one of the handlers that are built in; no matter if a process of the group judges results
	HandlerTimeout int      // in seconds, for such a process
	PayloadBytes   bool     // payload_length=bytes: len counts bytes instead of characters
}

// Socket is the listening socket of an [fcgi-program:x] section.
type Socket struct {
	URL      string // as log lines show it: the path made absolute, the host in lower case
	Unix     bool
	Path     string // Unix
	Host     string // TCP
	Port     int    // TCP
	Mode     fs.FileMode
	UID, GID int // -1: unchanged
	Backlog  int // 0: the system's maximum
}

// Restart says whether an exited process is started again.
type Restart int

const (
	RestartNever Restart = iota
	RestartUnexpected
	RestartAlways
)

// String is the word for it in a file.
func (r Restart) String() string {
	return [...]string{RestartNever: "false", RestartUnexpected: "unexpected", RestartAlways: "true"}[r]
}

// Program is what all processes of one section have in common.
type Program struct {
	Section        string // such as "program:web"
	Name           string // the program's name
	Priority       int
	Start          Start
	Backoff        Backoff
	Exit           Exit
	Stop           Stop
	Socket         *Socket // fcgi-program only
	RedirectErr    bool    // standard error goes to standard output
	HandlesResults bool    // the result handler of a pool, result_handler_exec, and no listener
}

// Start says when a process is started and from when on it is running.
type Start struct {
	Auto bool
	Secs int // seconds that it must stay up
}

// Backoff says how a start that failed is tried again.
type Backoff struct {
	Retries int
}

// Exit says what the end of a process means.
type Exit struct {
	Restart Restart
	Codes   []int // the expected exit statuses
}

// Stop says how a process is stopped.
type Stop struct {
	Signal      syscall.Signal
	WaitSecs    int  // seconds until SIGKILL
	AsGroup     bool // the signal is for its process group
	KillAsGroup bool // SIGKILL is
}

// Process is one process to be: its program's values and what was expanded for it alone. Equal strings and maps are
// shared between the processes of a program, so that a thousand of them cost little.
type Process struct {
	*Program
	ProcessName string
	Run         Run
	Limits      Limits
	Out         Channel
	Err         Channel // without a log when redirected
}

// Limits are steps that the child does before it executes its command, one for each key of this kind that the section has.
type Limits []child.Step

// Run is what a child runs and what it finds there.
type Run struct {
	Command     string
	Directory   string            // empty: as supervisord
	Environment map[string]string // [supervisord] environment= and, over it, the program's own
	User        *account.Account  // nil: as supervisord
	Umask       int               // -1: as supervisord
	ServerURL   string            // empty: AUTO
}

// Channel is one output channel of a process, standard output or standard error.
type Channel struct {
	Log     Log
	Capture Bytes // of what is captured between tokens; 0: nothing is captured
	Events  bool  // output is an event
}

// Log is where the output of a channel goes.
type Log struct {
	Path     string // LogFile only
	MaxBytes Bytes  // 0: never rotate
	Backups  int
	Kind     LogKind
	Syslog   bool
}

// LogKind says where the output of a channel goes, syslog apart.
type LogKind uint8

const (
	LogNone LogKind = iota
	LogAuto
	LogFile
)
