// Package config turns the command line and the configuration file of supervisord into one immutable value, and finds the
// difference of two. It also reads what supervisorctl needs. It opens no log, socket or process. A Config may be read from
// any goroutine; it must not be changed.
package config

import (
	"io/fs"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/envfile"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/rotation"
)

// Bytes is a size in bytes.
type Bytes int64

// Config is one reading of the command line and the configuration file with all it includes.
type Config struct {
	Path        string // as given with -c, or as found; for messages
	Supervisord Supervisord
	Servers     []Server      // in the order they are opened: TCP first, then Unix
	Users       []access.User // in the order of the files
	Interfaces  []Interface
	Groups      []*Group  // ascending priority, then name
	Messages    []Message // for the main log: critical first, then warnings, then information
	Withheld    []string  // variables of supervisord from which passwords of servers come, and that children do not inherit
	Outdated    []string  // programs whose numprocs= in the file is not what it was when a request set another number
	Sources     Sources   // the files; those of a configuration that was handed over by an older version are not known
	reader      *reader   // for programs that are added later
}

// Message is a line for the main log about the configuration.
type Message struct {
	Level api.Level `json:"level"`
	Text  string    `json:"text"`
}

// Supervisord is the [supervisord] section with the options of the command line applied.
type Supervisord struct {
	Logfile            string            `json:"logfile"`          // absolute, or the word "syslog"
	LogfileMaxBytes    Bytes             `json:"logfile_maxbytes"` // 0: never rotate
	LogfileBackups     int               `json:"logfile_backups"`
	LogfileJSON        bool              `json:"logfile_json"` // logfile_format=json
	Loglevel           api.Level         `json:"loglevel"`
	Pidfile            string            `json:"pidfile"` // absolute
	Umask              int               `json:"umask"`   // -1: see BackgroundUmask
	NoDaemon           bool              `json:"nodaemon"`
	Silent             bool              `json:"silent"`
	MinFDs             int               `json:"minfds"`
	MinProcs           int               `json:"minprocs"`
	NoCleanup          bool              `json:"nocleanup"`
	ChildLogDir        string            `json:"childlogdir"`
	User               *account.Account  `json:"-"`         // nil: not switched
	Directory          string            `json:"directory"` // of the daemon in the background; empty: not changed
	StripANSI          bool              `json:"strip_ansi"`
	EnvFiles           []envfile.File    `json:"envfiles"`
	FileEnvironment    map[string]string `json:"-"` // the variables of EnvFiles; nil: there are none
	Environment        map[string]string `json:"-"` // stronger than FileEnvironment
	Identifier         string            `json:"identifier"`
	Subreaper          bool              `json:"subreaper"`
	ShutdownTimeout    int               `json:"shutdown_timeout"`       // seconds; 0 or less: none
	KillOrphans        bool              `json:"orphans_kill"`           // orphans=kill
	StrictDependencies bool              `json:"dependencies_strict"`    // dependencies=strict
	StartInterval      time.Duration     `json:"start_interval"`         // between two first starts; 0: none
	StateFile          string            `json:"statefile"`              // absolute; empty: none
	MaxStarting        int               `json:"max_starting"`           // processes in STARTING by a first start; 0: any number
	Cgroup             string            `json:"cgroup"`                 // auto, off, required, or the path of the base
	Shipping           Shipping          `json:"shipping"`               // of the main log
	EventHistory       int               `json:"event_history,omitzero"` // see HistorySize
	NoAPI              bool              `json:"no_api,omitzero"`        // api=false
	LogJournald        bool              `json:"log_journald"`           // the main log goes to journald, too

	LogDirs     bool            `json:"logfile_mkdirs,omitzero"` // missing directories of logs are made
	LogAccess   LogAccess       `json:"logfile_access,omitzero"`
	LogRotation rotation.Policy `json:"logfile_rotation,omitzero"` // of the main log, beyond its size

	Audit AuditLog `json:"audit_log"`

	LoginLimit access.Limit `json:"login_limit,omitzero"` // zero: see login_limit in the reference; negative: none
	OpenServer string       `json:"open_server,omitzero"` // allow, warn or refuse; empty: warn

	Metrics          bool   `json:"metrics"`           // the servers have /metrics
	MetricsResources string `json:"metrics_resources"` // process, tree or false
}

// HistorySize is how many entries the history has.
func (s *Supervisord) HistorySize() int {
	switch {
	case s.EventHistory == 0: // not set, or by a version that did not know it
		return history.DefaultSize
	case s.EventHistory < 0:
		return 0
	}
	return s.EventHistory
}

// BackgroundUmask is the umask of supervisord in the background. In the foreground it keeps that of the caller, if the
// configuration has none.
func (s *Supervisord) BackgroundUmask() int {
	if s.Umask < 0 {
		return 0o22
	}
	return s.Umask
}

// Server is one [unix_http_server] or [inet_http_server] section.
type Server struct {
	Section      string            `json:"section"` // such as "inet_http_server:a"
	Unix         bool              `json:"unix"`
	File         string            `json:"file"` // Unix: absolute path
	Mode         fs.FileMode       `json:"mode"` // Unix: permission bits, 0700 unless set
	UID          int               `json:"uid"`  // Unix: new owner, -1: unchanged
	GID          int               `json:"gid"`
	Host         string            `json:"host"`          // TCP: lower case; empty means all addresses
	Port         int               `json:"port"`          // TCP
	Username     string            `json:"username"`      // empty: no authentication
	Password     string            `json:"password"`      // plain, or "{SHA}" and the hexadecimal SHA-1
	AllowedHosts []string          `json:"allowed_hosts"` // TCP: names in lower case, "*" for all; nil: see allowed_hosts in the reference
	Access       access.Role       `json:"access,omitzero"`
	Peers        []access.PeerRule `json:"peers,omitempty"` // Unix: nil: it does not matter which process connects
	Anonymous    access.Role       `json:"anonymous,omitzero"`
	Serve        access.Parts      `json:"serve,omitzero"`          // 0: all
	OpenServer   string            `json:"open_server,omitzero"`    // empty: that of [supervisord]
	TLSCert      string            `json:"tls_cert,omitempty"`      // TCP: absolute path; empty: no TLS
	TLSKey       string            `json:"tls_key,omitempty"`       // as TLSCert
	TLSClientCA  string            `json:"tls_client_ca,omitempty"` // absolute path; empty: clients are not asked for certificates
	TLSRequest   bool              `json:"tls_request,omitempty"`   // tls_client=request
	TLS13        bool              `json:"tls_13,omitempty"`        // tls_min=1.3
	TLSName      string            `json:"tls_name,omitempty"`      // the host in the certificate; empty: it is not known
}

// Interface is one [rpcinterface:x] section.
type Interface struct {
	Name    string            `json:"name"`
	Factory string            `json:"factory"`
	Options map[string]string `json:"options"` // the other keys, including those of [DEFAULT]
	Keys    []string          `json:"keys"`    // the keys of Options that the section itself has, in the order of the file
}

// Kind is the kind of section that a group was made from.
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
	Extra     *GroupExtra
}

// GroupExtra has the keys of [group:x] that the original does not have. Group.Extra is nil if the section has none of them.
type GroupExtra struct {
	Groups    []string // the names of groups for which this one stands too
	DependsOn []string // what all its programs depend on, as written
	needs     []Need   // the same
}

// Plugin has the keys of an [rpcinterface:x] section with command= or url= that are about calls. With url= the group has no
// process.
type Plugin struct {
	URL        string   `json:"url"`             // unix:///path or http://host:port/path; empty: a child of supervisord
	CallWait   int      `json:"callwaitsecs"`    // seconds that a call may take
	CallLimit  int      `json:"call_limit"`      // calls at a time
	ResultMax  Bytes    `json:"result_maxbytes"` // size of an answer
	EventTypes []string `json:"event_types"`

	MethodsRole access.Role `json:"methods_role,omitzero"` // the least role of the callers of its methods; NoRole: full
}

// Pool has the keys of an [eventlistener:x] section that are about events.
type Pool struct {
	BufferSize     int      `json:"buffer_size"`
	Events         []string `json:"events"`          // types, in upper case
	ExtraEvents    []string `json:"extra_events"`    // the same, which the original ignores
	ResultHandler  string   `json:"result_handler"`  // a built-in handler; not used if a process of the group handles results
	HandlerTimeout int      `json:"handler_timeout"` // in seconds, for such a process
	PayloadBytes   bool     `json:"payload_bytes"`   // payload_length=bytes: len counts bytes instead of characters
}

// Socket is the listening socket of an [fcgi-program:x] section, or that of a [socket:x] section, which has a name.
type Socket struct {
	Name      string      `json:"name,omitempty"` // of [socket:x]
	URL       string      `json:"url"`            // as log lines show it: an absolute path, or the host in lower case
	Unix      bool        `json:"unix"`
	Path      string      `json:"path"` // Unix
	Host      string      `json:"host"` // TCP and UDP; [socket:x]: an IPv6 address without brackets, too
	Port      int         `json:"port"`
	Mode      fs.FileMode `json:"mode"`
	UID       int         `json:"uid"` // -1: unchanged
	GID       int         `json:"gid"`
	Backlog   int         `json:"backlog"`            // 0: the system's maximum
	Datagram  bool        `json:"datagram,omitempty"` // UDP, or a Unix socket for datagrams
	Inherit   string      `json:"inherit,omitempty"`  // the name of the socket that supervisord got in place of one of its own
	ReusePort bool        `json:"reuseport,omitempty"`
	Activate  bool        `json:"activate,omitempty"`
}

// Restart decides whether a process that has exited is started again.
type Restart int

const (
	RestartNever Restart = iota
	RestartUnexpected
	RestartAlways
)

// String returns the value as it is written in a file.
func (r Restart) String() string {
	return [...]string{RestartNever: "false", RestartUnexpected: "unexpected", RestartAlways: "true"}[r]
}

// Program has the values that all processes of a section share.
type Program struct {
	Section        string  `json:"section"` // such as "program:web"
	Name           string  `json:"name"`    // the program's name
	Priority       int     `json:"priority"`
	Start          Start   `json:"start"`
	Backoff        Backoff `json:"backoff"`
	Exit           Exit    `json:"exit"`
	Stop           Stop    `json:"stop"`
	Socket         *Socket `json:"-"`                         // fcgi-program only
	RedirectErr    bool    `json:"redirect_stderr,omitempty"` // standard error goes to standard output
	HandlesResults bool    `json:"handles_results,omitempty"` // it is the result handler of a pool (result_handler_exec), not a listener
}

// Start decides when a process is started, and when its start has succeeded.
type Start struct {
	Auto bool `json:"auto"`
	Secs int  `json:"secs"` // seconds that the process must stay up
}

// Backoff decides how often a failed start is tried again.
type Backoff struct {
	Retries int `json:"retries"`
}

// Exit decides what follows the exit of a process.
type Exit struct {
	Restart Restart `json:"restart"`
	Codes   []int   `json:"codes"` // the expected exit statuses
}

// Stop decides how a process is stopped.
type Stop struct {
	Signal      syscall.Signal `json:"signal"`
	WaitSecs    int            `json:"wait"`                 // seconds until SIGKILL
	AsGroup     bool           `json:"group,omitempty"`      // Signal goes to the process group
	KillAsGroup bool           `json:"kill_group,omitempty"` // SIGKILL goes to the process group
}

// Process is the configuration of one process: the values of its program and its own. The processes of a program share equal
// strings and maps, because there may be thousands of them.
type Process struct {
	*Program
	ProcessName string
	Run         Run
	Limits      Limits
	Out         Channel
	Err         Channel // has no log if it is redirected
	Extra       *Extra  // nil: the section sets no key of Extra
}

// Limits are steps that a child executes before its command, one for each key of this kind that the section has.
type Limits []step.Step

// Run is the command of a process and the environment in which it runs.
type Run struct {
	Command     string
	Directory   string            // empty: as supervisord
	Environment map[string]string // that of [supervisord], overridden by that of the program
	User        *account.Account  // nil: as supervisord
	Umask       int               // -1: as supervisord
	ServerURL   string            // empty: AUTO
}

// Channel is one output channel of a process, standard output or standard error.
type Channel struct {
	Log     Log   `json:"log"`
	Capture Bytes `json:"capture,omitempty"` // buffer for captured output; 0: nothing is captured
	Events  bool  `json:"events,omitempty"`  // all output is sent as events
}

// Log is the log of an output channel.
type Log struct {
	Path     string  `json:"path,omitempty"` // LogFile only
	MaxBytes Bytes   `json:"max"`            // 0: never rotate
	Backups  int     `json:"backups"`
	Kind     LogKind `json:"kind,omitempty"`
	Syslog   bool    `json:"syslog,omitempty"`
}

// LogKind is the kind of file to which the output of a channel is written.
type LogKind uint8

const (
	LogNone LogKind = iota
	LogAuto         // a file in childlogdir with a generated name
	LogFile
)
