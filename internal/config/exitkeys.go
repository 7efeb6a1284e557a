package config

// ExitOn decides when supervisord ends with a process.
type ExitOn struct {
	When string // ExitNever, ...
	Code int    // its exit status then, or ExitAuto
}

// The values of exit_on: the ends of a process after which supervisord ends, too.
const (
	ExitNever      = "never"
	ExitFatal      = "fatal"      // it becomes FATAL
	ExitUnexpected = "unexpected" // it becomes FATAL, or ends unexpectedly
	ExitAny        = "exit"       // it becomes FATAL, or ends
)

// ExitAuto is the exit_code that follows from that of the child.
const ExitAuto = -1

var exitOnType = oneOf(ExitNever, ExitFatal, ExitUnexpected, ExitAny)

// exitKeys are the keys that decide when supervisord ends with a process.
var exitKeys = inPart(exitOnPart, table[Process](Key{Sections: InPrograms | InDefault, Topic: startTopic, Scope: inProgram, Update: inPlace, Since: Ours},
	&extraKey[string]{Key: Key{Name: "exit_on", Other: ExitFatal,
		Help: "shut supervisord down when the process is FATAL, ends unexpectedly, or ends at all, see " +
			"[end the container](howto-end-container.md)"},
		Type: exitOnType, Absent: ExitNever, Field: func(e *Extra) *string { return &e.ExitOn.When }},
	&extraKey[int]{Key: Key{Name: "exit_code", Default: "that of the process", Other: "3",
		Help: "exit status of supervisord then"},
		Type: exitCodeType, Absent: ExitAuto, Field: func(e *Extra) *int { return &e.ExitOn.Code }},
))

var exitOnPart partAt[ExitOn] = func(e *Extra) **ExitOn { return &e.ExitOn }

var exitCodeType = intType.with("integer from 0 to 255", func(s string) (int, error) { return parseWithin(s, 0, 255) })

// exitOnDefault applies --exit-on to a program that does not say when supervisord ends with it.
func (r *reader) exitOnDefault(k *sectionReader, p *Process) {
	if r.exitOn == "" || kindOf(k.s.Name)&(InProgram|InFastCGI) == 0 || k.has("exit_on") {
		return
	}
	if p.Extra == nil {
		p.Extra = newExtra()
	}
	exitOnPart.own(p.Extra)
	p.Extra.ExitOn.When = r.exitOn
}

// setExitOn is the Set of --exit-on.
func setExitOn(o *Options, text string) (err error) {
	o.exitOn, err = exitOnType.parse(text)
	if err != nil {
		err = invalidWord("exit_on", text)
	}
	return err
}
