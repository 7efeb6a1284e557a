package api

// The fault codes of the XML-RPC interface. Source: rpc, "Faults"; 5 is unused.
const (
	UnknownMethod        = 1
	IncorrectParameters  = 2
	BadArguments         = 3
	SignatureUnsupported = 4
	ShutdownState        = 6
	BadName              = 10
	BadSignal            = 11
	NoFile               = 20
	NotExecutable        = 21
	Failed               = 30
	AbnormalTermination  = 40
	SpawnError           = 50
	AlreadyStarted       = 60
	NotRunning           = 70
	Success              = 80
	AlreadyAdded         = 90
	StillRunning         = 91
	CantReread           = 92
)

// faultName is the name of a fault code as clients see it. A map would be built at every start of either program.
func faultName(code int) string {
	switch code {
	case UnknownMethod:
		return "UNKNOWN_METHOD"
	case IncorrectParameters:
		return "INCORRECT_PARAMETERS"
	case BadArguments:
		return "BAD_ARGUMENTS"
	case SignatureUnsupported:
		return "SIGNATURE_UNSUPPORTED"
	case ShutdownState:
		return "SHUTDOWN_STATE"
	case BadName:
		return "BAD_NAME"
	case BadSignal:
		return "BAD_SIGNAL"
	case NoFile:
		return "NO_FILE"
	case NotExecutable:
		return "NOT_EXECUTABLE"
	case Failed:
		return "FAILED"
	case AbnormalTermination:
		return "ABNORMAL_TERMINATION"
	case SpawnError:
		return "SPAWN_ERROR"
	case AlreadyStarted:
		return "ALREADY_STARTED"
	case NotRunning:
		return "NOT_RUNNING"
	case Success:
		return "SUCCESS"
	case AlreadyAdded:
		return "ALREADY_ADDED"
	case StillRunning:
		return "STILL_RUNNING"
	case CantReread:
		return "CANT_REREAD"
	}
	return "UNKNOWN"
}

// Fault is an error that is part of the protocol. Only rpc makes faults; clients act on Code.
type Fault struct {
	Code    int
	Detail  string // what stands after the name and ": " in the text; may be empty
	Foreign bool   // a plug-in made it, and Detail is the whole text
}

// Error is the fault's text as clients see it, such as "BAD_NAME: web". A name or signal that is refused is always shown,
// an empty one too.
func (f Fault) Error() string {
	if f.Foreign {
		return f.Detail
	}
	if f.Detail == "" && f.Code != BadName && f.Code != BadSignal {
		return faultName(f.Code)
	}
	return faultName(f.Code) + ": " + f.Detail
}
