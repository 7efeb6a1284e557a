package api

import (
	"errors"
	"strconv"
)

// The fault codes of the XML-RPC interface. Faults describes them.
const (
	UnknownMethod        = 1
	IncorrectParameters  = 2
	BadArguments         = 3
	SignatureUnsupported = 4
	NotAllowed           = 5
	ShutdownState        = 6
	BadName              = 10
	BadSignal            = 11
	NoFile               = 20
	NotExecutable        = 21
	NoTimes              = 22
	Failed               = 30
	AbnormalTermination  = 40
	SpawnError           = 50
	AlreadyStarted       = 60
	NotRunning           = 70
	Success              = 80
	AlreadyAdded         = 90
	StillRunning         = 91
	CantReread           = 92
	NotInWhitelist       = 230
)

// FaultCode describes one fault code. Name is what the text of a fault begins with.
type FaultCode struct {
	Code       int
	Name, Help string
}

// Faults are all fault codes, in ascending order. Source: supervisor.xmlrpc.Faults.
var Faults = [...]FaultCode{
	{UnknownMethod, "UNKNOWN_METHOD", "the server does not offer the method"},
	{IncorrectParameters, "INCORRECT_PARAMETERS", "the number or the type of the parameters is wrong"},
	{BadArguments, "BAD_ARGUMENTS", "`offset` and `length` do not describe a part of a log"},
	{SignatureUnsupported, "SIGNATURE_UNSUPPORTED", "there is no help or signature for the method"},
	{NotAllowed, "NOT_ALLOWED", "the [role](security.md#roles) of the caller is too low for the method"},
	{ShutdownState, "SHUTDOWN_STATE", "supervisord is stopping or restarting"},
	{BadName, "BAD_NAME", "there is no process, group or event type of that name"},
	{BadSignal, "BAD_SIGNAL", "there is no signal of that name or number"},
	{NoFile, "NO_FILE", "the command or the log does not exist, or the standard input of the process is closed"},
	{NotExecutable, "NOT_EXECUTABLE", "the command is not executable"},
	{NoTimes, "NO_TIMES", "the log cannot be searched by time: its format is neither `text` nor `json`"},
	{Failed, "FAILED", "the operation failed; the text says why, if it is known"},
	{AbnormalTermination, "ABNORMAL_TERMINATION", "the process ended before it was `RUNNING`"},
	{SpawnError, "SPAWN_ERROR", "the process could not be started; its `spawnerr` says why"},
	{AlreadyStarted, "ALREADY_STARTED", "the process is already running or starting"},
	{NotRunning, "NOT_RUNNING", "the process or the plug-in is not running"},
	{Success, "SUCCESS", "no fault: the `status` of a process for which the operation succeeded"},
	{AlreadyAdded, "ALREADY_ADDED", "the group is already active"},
	{StillRunning, "STILL_RUNNING", "the group or the process to be removed has not stopped"},
	{CantReread, "CANT_REREAD", "the configuration cannot be read"},
	// The original's text of a fault that its own table does not list begins with UNKNOWN.
	{NotInWhitelist, "UNKNOWN", "the method is not in the `whitelist` of the `supervisor_twiddler` section"},
}

// faultName is the name of a fault code as clients see it.
func faultName(code int) string {
	for i := range Faults {
		if Faults[i].Code == code {
			return Faults[i].Name
		}
	}
	return "UNKNOWN"
}

// Fault is the error that a call ends with: a code that clients act on and a text for people, such as "BAD_NAME: web".
type Fault struct {
	Code int
	Text string
}

// Name is the name of its code.
func (f *Fault) Name() string { return faultName(f.Code) }

func (f *Fault) Error() string { return "fault " + strconv.Itoa(f.Code) + ": " + f.Text }

// NewFault makes a fault whose text is the name of the code and, after a colon, the detail. An empty detail is left out,
// but for a name or signal that is refused.
func NewFault(code int, detail string) *Fault {
	text := faultName(code)
	if detail != "" || code == BadName || code == BadSignal {
		text += ": " + detail
	}
	return &Fault{code, text}
}

// FaultOf returns the fault that err is or wraps, nil if there is none.
func FaultOf(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	errors.As(err, &f)
	return f
}
