package budget

// Limits of what clients can do before it is known who they are, or without the right to it.
const (
	KnownFailures    = 1024     // addresses, and as many names, of which failed logins are known
	RememberedChecks = 64       // slow checks of passwords that have succeeded
	WaitingChecks    = 8        // slow checks that wait for the one that runs
	TokenBytes       = 256      // the longest token
	HeaderBytes      = 64 << 10 // the longest header of a request
	HandshakeBytes   = 64 << 10 // of a client in the handshake of TLS: more than any chain of certificates needs
	RecordedRefusals = 120      // in the audit log, in a minute
)

var logins = []*Budget{
	{Name: "the header of a request", Limit: HeaderBytes, Unit: "bytes", Scope: "each request", Beyond: "431"},
	{Name: "what a client sends in the handshake of TLS, which has ten seconds", Limit: HandshakeBytes, Unit: "bytes", Scope: "each connection",
		Beyond: "it is closed"},
	{Name: "a token", Limit: TokenBytes, Unit: "bytes", Scope: "each request", Beyond: "401"},
	{Name: "addresses, and as many names, of which failed logins are known", Limit: KnownFailures, Unit: "of each", Scope: "in all",
		Beyond: "the oldest is forgotten"},
	{Name: "slow checks of passwords that wait", Limit: WaitingChecks, Unit: "checks", Scope: "in all", Beyond: "503"},
	{Name: "slow checks that have succeeded and are remembered", Limit: RememberedChecks, Unit: "checks", Scope: "in all",
		Beyond: "the oldest is forgotten"},
	{Name: "refused requests in the audit log", Limit: RecordedRefusals, Unit: "entries", Scope: "each minute", Beyond: "they are counted in the next entry"},
}
