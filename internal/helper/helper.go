// Package helper runs the commands that a program has besides its own: hooks, stop and reload commands, checks and actions. A
// Run is one such command from its start to its end, with a deadline. It never decides what the end means: it reports a
// Result, once, to the function that its Spec names. Only the loop of supervisord may call what is here, and Done is called in
// the loop; the loop is never blocked by a helper.
package helper

import (
	"fmt"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// Spec is what to run, and how.
type Spec struct {
	Hook    string // value of SUPERVISOR_HOOK, such as "pre_start"
	Label   string // its name in log lines, such as "pre_start_hook"
	Command config.HelperCommand
	Env     []string      // more variables, KEY=value
	Timeout time.Duration // from its start; 0: none
	// Check keeps the end of its output for the result instead of logging it, has the deadline kill at once, and logs at debug
	// level only.
	Check bool
	// Done is called once, after Start has returned: at the end, or when the helper should have ended and survived SIGKILL.
	// Nil: nothing is to be notified.
	Done func(r Result, now time.Time)
}

// Result is the end of a helper.
type Result struct {
	OK     bool   // exit status 0, or its failure does not matter
	Text   string // "exit status 3", "terminated by SIGKILL", "timed out after 60 seconds", "can't find command 'x'"
	Exit   int    // exit status; -1: a signal ended it, it timed out, or it was not started
	Output string // of a check: the last KiB of its output
}

// Program is the program on whose behalf a helper runs.
type Program struct {
	Name    string     // of the process, in log lines
	Child   child.Spec // without Files
	Problem string     // why the command cannot be started; empty: it can
	// Outputs returns what gets standard output and standard error, the latter nil if it goes where standard output goes, and a
	// function to call after their last byte. It is not called for checks.
	Outputs func() (out, err pump.Sink, done func(), failure error)
	Own     func(pid int, r *Run) // has the exit of the child passed to r
}

// Host is what helpers need of the loop.
type Host struct {
	Log      *logs.Main
	Pump     *pump.Pump
	MaxFD    int // the largest descriptor that a pipe may have here; 0: any
	Start    func(child.Spec) (pid int, err error)
	Signal   func(pid int, sig syscall.Signal, group bool) error
	Schedule func(timers.Item) // takes over the deadline of an item
	// Send has f run in the loop. It returns false if the loop has ended. Any goroutine may call it.
	Send func(f func(now time.Time)) bool
}

// killWait is the time between SIGTERM and SIGKILL, and from SIGKILL until a helper is regarded as stuck.
const killWait = time.Second

// stage is how far a Run is.
type stage uint8

const (
	unstarted stage = iota // there is no child; the result is due
	running
	terminated // SIGTERM, or the signal of Stop, was sent
	killed     // SIGKILL was sent
	stuck      // it survives SIGKILL
	reaped     // its last output is being read
	ended
)

// Run is a helper from its start to its end.
type Run struct {
	timers.Slot
	host    *Host
	program Program
	spec    Spec
	stage   stage
	wake    time.Time
	pid     int
	late    bool // the deadline was missed
	known   bool // the result has been reported
	result  Result
	streams []stream
	tail    *tail  // of a check
	done    func() // gives the outputs back
}

// stream is the standard output or the standard error of a helper, unless that goes where standard output goes.
type stream struct {
	number int // 0 or 1
	pipe   *pump.Pipe
	sink   pump.Sink
}

// Start starts a helper. What goes wrong is a Result, too.
func Start(host *Host, program Program, spec Spec, now time.Time) *Run {
	r := &Run{host: host, program: program, spec: spec}
	problem := program.Problem
	if problem == "" {
		problem = r.spawn()
	}
	if problem != "" {
		r.result = Result{Text: problem, Exit: -1, OK: spec.Command.MayFail}
		r.set(unstarted, now)
		return r
	}
	host.Log.Debugf("%s: %s started with pid %d", program.Name, spec.Label, r.pid)
	program.Own(r.pid, r)
	deadline := time.Time{}
	if spec.Timeout > 0 {
		deadline = now.Add(spec.Timeout)
	}
	r.set(running, deadline)
	return r
}

// set changes the stage and the deadline.
func (r *Run) set(s stage, wake time.Time) {
	r.stage, r.wake = s, wake
	r.host.Schedule(r)
}

// spawn starts the child. The problem is empty, or why there is none.
func (r *Run) spawn() (problem string) {
	failed := "making dispatchers"
	theirs, err := r.connect()
	if err == nil {
		failed = "during fork"
		r.pid, err = r.host.Start(r.program.Child)
	}
	for _, fd := range theirs {
		unix.Close(fd)
	}
	if err == nil {
		return ""
	}
	for _, s := range r.streams {
		s.pipe.Finish()
	}
	r.release()
	return fmt.Sprintf("unknown error %s for %s: %s", failed, pyrepr.Quote(r.program.Name), child.ErrnoName(err))
}

// connect makes the standard descriptors. It returns those of the child, also after an error.
func (r *Run) connect() (theirs []int, err error) {
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs = append(theirs, null)
	sinks := [2]pump.Sink{}
	if r.spec.Check {
		r.tail = &tail{}
		sinks[0] = r.tail
	} else if sinks[0], sinks[1], r.done, err = r.program.Outputs(); err != nil {
		return theirs, err
	}
	files := &r.program.Child.Files
	files[0] = null
	for i, sink := range sinks {
		if sink == nil {
			files[i+1] = files[i]
			continue
		}
		our, their, err := child.Pipe(true)
		if err != nil {
			return theirs, err
		}
		theirs = append(theirs, their)
		if most := r.host.MaxFD; most > 0 && max(our, their) > most {
			unix.Close(our)
			return theirs, syscall.EMFILE
		}
		files[i+1] = their
		pipe, err := r.host.Pump.Add(our, sink)
		if err != nil {
			return theirs, err
		}
		r.streams = append(r.streams, stream{i, pipe, sink})
	}
	return theirs, nil
}

// release gives the outputs back.
func (r *Run) release() {
	r.streams = nil
	if r.done != nil {
		r.done()
		r.done = nil
	}
}

// PID is the process id of the helper, 0 if it has ended.
func (r *Run) PID() int {
	if r.stage == unstarted || r.stage >= reaped {
		return 0
	}
	return r.pid
}

// Privileged reports whether it has the user of supervisord instead of the program's.
func (r *Run) Privileged() bool { return r.spec.Command.Privileged }

// Name is the name of the process and the label of the helper.
func (r *Run) Name() string { return r.program.Name + ": " + r.spec.Label }

// Over reports whether nothing is left of it.
func (r *Run) Over() bool { return r.stage == ended }

// Stuck reports whether it survives SIGKILL. Nothing waits for it any more.
func (r *Run) Stuck() bool { return r.stage == stuck }

// Bounded reports whether it ends within a time: a check does not, which must be killed.
func (r *Run) Bounded() bool { return !r.spec.Check && r.spec.Timeout > 0 }

// Wake implements timers.Item.
func (r *Run) Wake() time.Time { return r.wake }

// Tick implements timers.Item.
func (r *Run) Tick(now time.Time) {
	switch r.stage {
	case unstarted:
		r.finish(now)
	case running:
		r.late = true
		if r.spec.Check {
			r.Kill(now)
			r.report(r.timeout(), now)
			return
		}
		r.Stop(syscall.SIGTERM, killWait, now)
	case terminated:
		r.Kill(now)
	case killed:
		r.set(stuck, time.Time{})
		result := Result{Text: "survives SIGKILL", Exit: -1, OK: r.spec.Command.MayFail}
		if r.late {
			result = r.timeout()
		}
		r.report(result, now)
	default:
		r.set(r.stage, time.Time{})
	}
}

func (r *Run) timeout() Result {
	return Result{Text: "timed out after " + Seconds(r.spec.Timeout), Exit: -1, OK: r.spec.Command.MayFail}
}

// Seconds returns a duration in words, such as "0.5 seconds".
func Seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " seconds"
}

// Stop sends a signal to the group of the helper, and SIGKILL after a time. The result is that of its end.
func (r *Run) Stop(sig syscall.Signal, wait time.Duration, now time.Time) {
	if r.stage == running || r.stage == terminated {
		_ = r.host.Signal(r.pid, sig, true) // one that has just ended needs none
		r.set(terminated, now.Add(wait))
	}
}

// Kill sends SIGKILL to the group of the helper.
func (r *Run) Kill(now time.Time) {
	if r.stage >= running && r.stage <= stuck {
		_ = r.host.Signal(r.pid, syscall.SIGKILL, true)
		if r.stage < killed {
			r.set(killed, now.Add(killWait))
		}
	}
}

// Cancel is Kill for a helper whose result is of no interest any more.
func (r *Run) Cancel(now time.Time) {
	r.spec.Done = nil
	r.Kill(now)
}

// Reaped takes the exit of the helper. What is left of its group is killed, and its last output read.
func (r *Run) Reaped(e child.Exit, now time.Time) {
	_ = r.host.Signal(r.pid, syscall.SIGKILL, true)
	switch {
	case r.late:
		r.result = r.timeout()
	case e.Reason != "":
		r.result = Result{Text: pyrepr.Escape(e.Reason, pyrepr.EndsLine), Exit: e.Status.ExitStatus()}
	case e.Status.Exited():
		code := e.Status.ExitStatus()
		r.result = Result{OK: code == 0, Text: "exit status " + strconv.Itoa(code), Exit: code}
	default:
		r.result = Result{Text: "terminated by " + signame.Name(e.Status.Signal()), Exit: -1}
	}
	r.result.OK = r.result.OK || r.spec.Command.MayFail
	r.set(reaped, time.Time{})
	for i, s := range r.streams {
		if !s.pipe.FinishNow() {
			rest := r.streams[i:]
			go func() {
				for _, s := range rest {
					s.pipe.Finish()
				}
				if !r.host.Send(r.finish) {
					r.release()
				}
			}()
			return
		}
	}
	r.finish(now)
}

// finish ends the run.
func (r *Run) finish(now time.Time) {
	r.release()
	if r.tail != nil {
		r.result.Output = r.tail.text()
	}
	r.set(ended, time.Time{})
	r.report(r.result, now)
}

// report logs the result and passes it on, unless that has been done.
func (r *Run) report(result Result, now time.Time) {
	if r.known {
		return
	}
	r.known = true
	switch log, name := r.host.Log, r.Name(); {
	case r.spec.Check:
	case result.Exit == 0:
		log.Infof("%s ended (%s)", name, result.Text)
	default:
		log.Warnf("%s failed (%s)", name, result.Text)
	}
	done := r.spec.Done
	r.spec.Done = nil
	if done != nil {
		done(result, now)
	}
}
