package budget

// What clients can make supervisord hold.
var clients = []*Budget{Connections, Waiting, TCPDescriptors, UnixDescriptors, Headers, Bodies, Answers, Followers, Viewers, Streams, Searches, Scaled}

// The limits of connections are those of each kind of server: clients of TCP servers take nothing from those of Unix sockets.
var (
	// Connections counts all connections.
	Connections = &Budget{Name: "connections", Limit: 1024, Unit: "connections", Scope: "each of TCP servers and Unix sockets",
		Beyond: "the connection that has waited longest is closed; 503 if none waits"}
	// Waiting counts connections without a request that was received whole and is not answered yet, and those that were
	// refused.
	Waiting = &Budget{Name: "connections that are idle, have an incomplete request, are in the handshake of TLS or were refused", Limit: 512,
		Unit: "connections", Scope: "each of TCP servers and Unix sockets",
		Beyond: "the one that was refused, or has waited longest, is closed"}
	// TCPDescriptors and UnixDescriptors count the last descriptors of the table, of which a kind of connection takes only a
	// few.
	TCPDescriptors = &Budget{Name: "descriptors that clients of TCP servers leave free", Limit: 96, Unit: "descriptors",
		Scope:  "in all; at most half of the limit of open files",
		Beyond: "TCP connections that have waited longest are closed; 503 if none waits"}
	UnixDescriptors = &Budget{Name: "descriptors that clients of Unix sockets leave free", Limit: 64, Unit: "descriptors",
		Scope:  "in all; at most a quarter of the limit of open files",
		Beyond: "TCP connections that have waited longest are closed, then those of Unix sockets; 503 if none waits"}
)

// SmallAnswer is the size of the largest answer or page that Answers does not count, in bytes.
const SmallAnswer = 64 << 10

var (
	// Headers counts the bytes of headers of requests, as far as they are long.
	Headers = &Budget{Name: "headers of requests, beyond the first 8 KiB of each", Limit: 16 << 20, Unit: "bytes", Scope: "in all",
		Beyond: "503"}
	// Bodies counts the bytes of the bodies of requests that are being received or answered.
	Bodies = &Budget{Name: "bodies of requests that are being received or answered", Limit: 64 << 20, Unit: "bytes",
		Scope: "in all", Beyond: "503"}
	// Answers counts the bytes of answers and pages that wait to be sent, as far as they are long.
	Answers = &Budget{Name: "answers and pages that are made or sent, beyond 64 KiB", Limit: 128 << 20, Unit: "bytes",
		Scope: "in all", Beyond: "503"}
	// Followers counts the logs that are being sent to clients, followed or as a file.
	Followers = &Budget{Name: "logs that clients follow or download", Limit: 128, Unit: "logs",
		Scope: "in all; at most a quarter of the limit of open files", Beyond: "503"}
	// Viewers counts the status pages that are updated.
	Viewers = &Budget{Name: "web pages that are updated", Limit: 64, Unit: "pages", Scope: "in all", Beyond: "503"}
	// Streams counts the streams of events of the JSON API. Each is a position in the history, and a buffer of some kilobytes.
	Streams = &Budget{Name: "streams of events of the JSON API", Limit: 64, Unit: "streams", Scope: "in all", Beyond: "503"}
)

// Searches are files in which a search of a log has stopped, which are open for its next part. One that is compressed takes up to 8 MiB.
var Searches = &Budget{Name: "files of logs in which a search may go on, for 10 seconds", Limit: 8, Unit: "files", Scope: "in all",
	Beyond: "the oldest is closed; its search begins at the beginning of that file again"}

// Scaled is the number of processes that a client can give a program.
var Scaled = &Budget{Name: "processes of a program after `scale`", Limit: 10000, Unit: "processes", Scope: "each program",
	Beyond: "fault 2"}
