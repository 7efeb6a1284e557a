package process

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// files is what a process has whose program is restarted when files change.
type files struct {
	recent  []time.Time // when a change has had an effect, in the last minute
	ignored bool        // there were too many: changes have no effect before a request to start it
	binary  bool        // the last restart for a change was because of the file that it executes
	plan    *state.More // the rules of a stop with the signals of a change; nil: those of the program
	again   [2]bool     // files, and then the executed file, have changed while the command for that ran
}

// FilesState is files as data.
type FilesState struct {
	Recent  []handover.Time `json:"recent,omitempty"`
	Ignored bool            `json:"ignored,omitempty"`
	Binary  bool            `json:"binary,omitempty"`
	Stops   bool            `json:"stops,omitempty"` // with the signals of a change
	Again   [2]bool         `json:"again,omitzero"`
}

// mostChanges is how many changes have an effect within changesTime. More are probably made by the program itself.
const (
	mostChanges = 5
	changesTime = time.Minute
)

// FileChange is a change of files that a process watches.
type FileChange struct {
	Binary bool   // the file that it executes has other content
	Path   string // of a file that has changed
	Text   string // what has changed, in words
}

func newFiles(c *config.Process) *files {
	if c.Extra == nil || !c.Extra.Files.Used() {
		return nil
	}
	return &files{}
}

// configureFiles begins to watch what the configuration names now, and ends what it does not.
func (p *Process) configureFiles() {
	x := p.extra
	switch after := newFiles(p.Config); {
	case after == nil:
		x.files = nil
	case x.files == nil:
		x.files = after
	}
	p.watchFilesAgain()
	p.shared.WatchFiles(p)
}

// files returns the part of the process about files, nil if its program watches none.
func (p *Process) files() *files {
	if p.extra == nil {
		return nil
	}
	return p.extra.files
}

// Executables returns the paths at which the file is looked for that the process executes, up to the one that counts.
func (p *Process) Executables() []string {
	run, _ := p.current() // the start reports an error of a file
	return run.Executables()
}

// Logs returns the paths of its logs.
func (p *Process) Logs() (paths []string) {
	for _, c := range []*channel{&p.out, &p.err} {
		if c.path != "" {
			paths = append(paths, c.path)
		}
	}
	return paths
}

// FilesChanged does what the program wants done after a change: nothing unless it runs, has run to its end as a one-shot program, or is
// FATAL and executes another file now.
func (p *Process) FilesChanged(c FileChange, now time.Time) {
	f := p.files()
	reason := api.Reason{Why: api.WhyFile, Text: c.Text}
	switch s := p.machine.State; {
	case f == nil || f.ignored:
	case s == api.Fatal && c.Binary:
		p.shared.StartFor(p, reason, now)
	case s != api.Running && s != api.Starting && !(s == api.Exited && p.runsAgain(c.Binary)):
	case f.tooMany(now):
		f.ignored = true
		p.Log().Errorf("%s restarts again and again because of %s; its files are not watched any more", p.Name(), c.Path)
	case s == api.Exited:
		if p.shared.StartFor(p, reason, now); p.machine.State != api.Exited {
			f.note(now)
		}
	default:
		p.applyChange(f, c.Binary, reason, now)
	}
}

// runsAgain reports whether the process is started after a change when it has ended: that of a one-shot program, unless a command or a
// signal stands in place of the restart.
func (p *Process) runsAgain(binary bool) bool {
	action := p.changeAction(binary)
	return p.Config.Oneshot() && action.Command.Line == "" && len(action.Signals.Signals) != 1
}

// applyChange runs the command, sends the signal, or restarts the process.
func (p *Process) applyChange(f *files, binary bool, reason api.Reason, now time.Time) {
	h := fileCommand
	if binary {
		h = binaryCommand
	}
	action := p.changeAction(binary)
	signals := action.Signals.Signals
	switch {
	case action.Command.Line != "":
		if run := p.extra.hooks.last(h); run != nil && !run.Over() && !run.Stuck() {
			f.again[h-fileCommand] = true
			return
		}
		f.note(now)
		p.Log().Infof("running %s of %s: %s", hookKeys[h].name, p.Name(), reason)
		p.runHook(h, []string{"SUPERVISOR_FILE_TEXT=" + reason.Text}, now)
	case len(signals) == 1:
		if p.pid == 0 || p.reaped != nil {
			return
		}
		f.note(now)
		p.Log().Infof("sending %s to %s: %s", signame.Name(signals[0].Signal), p.Name(), reason)
		p.Signal(signals[0].Signal, now)
	default:
		f.binary = binary
		p.shared.Recycle(p, reason, now)
	}
}

// changeCommandDone runs the command for a change once more if there was another one meanwhile.
func (p *Process) changeCommandDone(h hook, now time.Time) {
	f := p.files()
	if f == nil || !f.again[h-fileCommand] {
		return
	}
	f.again[h-fileCommand] = false
	if s := p.machine.State; (s == api.Running || s == api.Starting) && !f.tooMany(now) && !p.shared.ShuttingDown {
		p.applyChange(f, h == binaryCommand, api.Reason{Why: api.WhyFile, Text: "another change"}, now)
	}
}

func (p *Process) changeAction(binary bool) config.FileAction {
	if binary {
		return p.Config.Extra.Files.OnBinary
	}
	return p.Config.Extra.Files.OnFile
}

// tooMany reports whether so many changes have had an effect that this one has none.
func (f *files) tooMany(now time.Time) bool {
	f.recent = slices.DeleteFunc(f.recent, func(at time.Time) bool { return now.Sub(at) >= changesTime })
	return len(f.recent) >= mostChanges
}

func (f *files) note(now time.Time) { f.recent = append(f.recent, now) }

// stopForChange notes that the process is about to be restarted for a change, perhaps with signals of its own.
func (p *Process) stopForChange(now time.Time) {
	if f := p.files(); f != nil {
		f.note(now)
		f.plan = p.changePlan(f)
	}
}

// changePlan are the rules of a stop for a change, nil if they are those of the program.
func (p *Process) changePlan(f *files) *state.More {
	signals := p.changeAction(f.binary).Signals
	if len(signals.Signals) < 2 && !signals.Endless {
		return nil
	}
	more := *p.rules.More
	more.Stop = planOf(p.Config, signals, config.HelperCommand{})
	return &more
}

// watchFilesAgain has changes have an effect again, because of a request.
func (p *Process) watchFilesAgain() {
	if f := p.files(); f != nil {
		f.ignored, f.recent = false, nil
	}
}

func (f *files) export() *FilesState {
	if f == nil {
		return nil
	}
	s := &FilesState{Ignored: f.ignored, Binary: f.binary, Stops: f.plan != nil, Again: f.again}
	for _, at := range f.recent {
		s.Recent = append(s.Recent, handover.Time{Time: at})
	}
	return s
}

func (p *Process) importFiles(s *FilesState) {
	f := p.extra.files
	if s == nil || f == nil {
		return
	}
	f.ignored, f.binary, f.again = s.Ignored, s.Binary, s.Again
	for _, at := range s.Recent {
		f.recent = append(f.recent, at.Time)
	}
	if s.Stops {
		f.plan = p.changePlan(f)
	}
}
