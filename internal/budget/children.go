package budget

// What children, and the answers and events that concern them, can make supervisord hold.
var children = []*Budget{Answer, Event, Queue, Result, Stdin, Notifications, Probes, CheckCommands, EnvFile, LimitChanges,
	WatchedDirectories, FileChanges, ChangedFiles, Tees}

// Answer is the length of the answer to a call. A part of a log is as long as an answer can hold.
var Answer = &Budget{Name: "the answer to a call", Limit: 64 << 20, Unit: "bytes", Scope: "each call",
	Beyond: "fault 30 in place of the result, in `system.multicall` of each that does not fit; less of a log"}

// Event is the length of an event that a client sends.
var Event = &Budget{Name: "an event that a client sends", Limit: 8 << 20, Unit: "bytes", Scope: "each call", Beyond: "fault 30"}

// Queue is the length of the payloads in the queue of a pool. A pool whose buffer_size is large may hold QueuedEvent for each.
var Queue = &Budget{Name: "events that wait in a pool", Limit: 16 << 20, Unit: "bytes", Scope: "each pool",
	Beyond: "the oldest is discarded, as by `buffer_size`; with a large `buffer_size` a pool may hold 64 KiB for each event"}

// QueuedEvent is what a pool may hold for each event of its buffer_size, in bytes, if that is more than Queue.
const QueuedEvent = 64 << 10

// Result is the length of a listener's result, without the length of the event that it answers: supervisor_stdout returns
// the event. Results of listeners that have exited, which wait for the result handler of a pool, hold at most Queue.
var Result = &Budget{Name: "the result of a listener, in addition to the length of its event", Limit: 1 << 20, Unit: "bytes",
	Scope: "each listener", Beyond: "an invalid result line: the listener gets no more events"}

// Stdin is what is queued for children that do not read their standard input.
var Stdin = &Budget{Name: "text for processes that do not read their standard input", Limit: 64 << 20, Unit: "bytes",
	Scope: "in all, and 8 MiB each process", Beyond: "fault 30"}

// Notifications are messages of a process that the loop has not handled. Each holds at most one descriptor, of a barrier, which is
// the last one.
var Notifications = &Budget{Name: "notifications of a process, of up to 4 KiB, of which at most 256 bytes of text are kept", Limit: 64,
	Unit: "messages", Scope: "each process", Beyond: "they stay in the socket, whose senders wait"}

// Probes are health checks by HTTP, TCP or a Unix socket that are in progress, CheckCommands those by a command.
var (
	Probes = &Budget{Name: "health checks by connection that are in progress", Limit: 64, Unit: "checks", Scope: "in all",
		Beyond: "a check waits, and its time begins later"}
	CheckCommands = &Budget{Name: "health checks by command that are in progress", Limit: 16, Unit: "checks", Scope: "in all",
		Beyond: "a check waits, and its time begins later"}
)

// EnvFile is the length of a file of envfiles=, which is read when a program starts.
var EnvFile = &Budget{Name: "a file of `envfiles`, while it is read", Limit: 1 << 20, Unit: "bytes", Scope: "each file",
	Beyond: "the start fails"}

// LimitChanges are changes of the limits of a program that runs. The kernel may take memory back for each, in a thread of ours.
var LimitChanges = &Budget{Name: "changes of limits of cgroups that the kernel works on", Limit: 8, Unit: "changes", Scope: "in all",
	Beyond: "a change waits"}

// What programs that watch files can make supervisord hold.
var (
	// WatchedDirectories are those of all directories of restart_directory_monitor together, with those below them.
	WatchedDirectories = &Budget{Name: "watched directories", Limit: 8192, Unit: "directories", Scope: "each program",
		Beyond: "a warning; what is in that directory of `restart_directory_monitor` is not watched"}
	// FileChanges are those that were noticed and not yet compared with the patterns of programs.
	FileChanges = &Budget{Name: "changes in watched directories that wait", Limit: 16384, Unit: "changes", Scope: "in all",
		Beyond: "they count as one change, of unknown files"}
	// ChangedFiles are those whose change waits for restart_debounce.
	ChangedFiles = &Budget{Name: "names of files that have changed", Limit: 1000, Unit: "names", Scope: "each program",
		Beyond: "they are not counted"}
)

// Tees is output that waits for further destinations of logs, beyond what may wait for each target in any case.
var Tees = &Budget{Name: "output that waits for destinations of `stdout_logfile_tee` and `stderr_logfile_tee`", Limit: 64 << 20, Unit: "bytes",
	Scope: "in all, and 4 MiB each destination", Beyond: "it is dropped there, and counted"}
