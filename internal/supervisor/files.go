package supervisor

import (
	"fmt"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/filewatch"
	"github.com/gosupervisor/supervisor/internal/process"
)

// files are the watched files of all programs.
type files struct {
	watcher *filewatch.Watcher
	sets    map[string]*fileSet // by what they watch
	logs    deadline            // when logs have been added
}

// fileSet is what some processes of a program watch. Its deadline is that of restart_debounce.
type fileSet struct {
	deadline
	key       string
	watch     *filewatch.Set
	debounce  time.Duration
	program   string
	members   []*process.Process
	since     time.Time // the first change since the last pause; zero: there is none
	warned    bool      // that there is no pause
	examining bool      // the executed file is being looked at
	refused   string    // why it cannot be executed; empty: it can, as far as is known
}

// FileSetState is a fileSet as data.
type FileSetState struct {
	Process string              `json:"process"` // one of its members
	Refused string              `json:"refused,omitempty"`
	Set     *filewatch.SetState `json:"set"`
}

// restless is how long files change without a pause before a warning says so.
const restless = time.Minute

// watchFiles begins to watch the files that the configuration of a process names, and ends what it named before.
func (l *Loop) watchFiles(p *process.Process, from FileSetState) {
	spec, key := fileSpec(p)
	if l.files == nil && key == "" || l.shared.ShuttingDown {
		return
	}
	before := l.fileSetOf(p)
	if before != nil && before.key == key {
		return
	}
	if key != "" {
		l.joinFiles(p, spec, key, from)
	}
	if before != nil {
		l.leaveFiles(p, before)
	}
}

// fileSpec is what a process watches, with a text that is the same for processes which watch the same; empty: nothing.
func fileSpec(p *process.Process) (spec filewatch.Spec, key string) {
	if p.Config.Extra == nil || !p.Config.Extra.Files.Used() {
		return spec, ""
	}
	keys := p.Config.Extra.Files
	spec = filewatch.Spec{Name: p.Config.Name, Paths: keys.Watched(p.Config.Run.Directory), Patterns: keys.Patterns, Exclude: keys.Exclude}
	if keys.Binary {
		spec.Binary = p.Executables()
	}
	if len(spec.Paths)+len(spec.Binary) == 0 { // the command is no list of words
		return spec, ""
	}
	return spec, fmt.Sprintf("%q %q %q %q %q %v", p.Config.Section, spec.Paths, spec.Patterns, spec.Exclude, spec.Binary, keys.Debounce)
}

// fileSetOf is the set that a process is a member of, nil if it is of none.
func (l *Loop) fileSetOf(p *process.Process) *fileSet {
	if l.files != nil {
		for _, s := range l.files.sets {
			if slices.Contains(s.members, p) {
				return s
			}
		}
	}
	return nil
}

// joinFiles makes a process a member of the set of a key.
func (l *Loop) joinFiles(p *process.Process, spec filewatch.Spec, key string, from FileSetState) {
	if l.files == nil {
		l.useWatcher(filewatch.New(l.send))
	}
	s := l.files.sets[key]
	if s == nil {
		s = &fileSet{key: key, debounce: p.Config.Extra.Files.Debounce, program: p.Config.Name, refused: from.Refused}
		s.run = func(now time.Time) { l.filesDue(s, now) }
		spec.Changed = func(now time.Time) { l.filesChanged(s, now) }
		spec.Report = l.log.Log
		s.watch = l.files.watcher.Add(spec, from.Set)
		l.files.sets[key] = s
		if from.Set != nil { // a change may wait
			l.schedule(&s.deadline, time.Now())
		}
	}
	s.members = append(s.members, p)
	l.logsChanged()
}

func (l *Loop) useWatcher(w *filewatch.Watcher) {
	l.files = &files{watcher: w, sets: map[string]*fileSet{}}
	l.files.logs.run = l.excludeLogs
}

// leaveFiles ends the membership of a process.
func (l *Loop) leaveFiles(p *process.Process, s *fileSet) {
	if s.members = slices.DeleteFunc(s.members, func(x *process.Process) bool { return x == p }); len(s.members) > 0 {
		return
	}
	s.watch.Close()
	l.timers.Remove(&s.deadline)
	if delete(l.files.sets, s.key); len(l.files.sets) == 0 {
		l.endFiles()
	}
}

// unwatchFiles ends watchFiles.
func (l *Loop) unwatchFiles(p *process.Process) {
	if s := l.fileSetOf(p); s != nil {
		l.leaveFiles(p, s)
	}
}

// endFiles ends all that concerns watched files.
func (l *Loop) endFiles() {
	if l.files == nil {
		return
	}
	for _, s := range l.files.sets {
		s.watch.Close()
		l.timers.Remove(&s.deadline)
	}
	l.timers.Remove(&l.files.logs)
	l.files.watcher.Close()
	l.files = nil
}

// logsChanged has the logs of all programs be excluded soon.
func (l *Loop) logsChanged() {
	if l.files != nil {
		l.schedule(&l.files.logs, time.Now())
	}
}

// excludeLogs has changes of logs, and of the pid file, not count.
func (l *Loop) excludeLogs(time.Time) {
	l.schedule(&l.files.logs, time.Time{})
	paths := []string{l.log.Path(), l.options.Config.Supervisord.Pidfile}
	for _, p := range l.Processes() {
		paths = append(paths, p.Logs()...)
	}
	l.files.watcher.SetLogs(slices.DeleteFunc(paths, func(path string) bool { return path == "" }))
}

// filesChanged notes the first change since the last pause.
func (l *Loop) filesChanged(s *fileSet, now time.Time) {
	if s.since.IsZero() {
		s.since = now
	}
	l.schedule(&s.deadline, now)
}

// filesDue does what changes are for, when nothing has changed for the time of restart_debounce.
func (l *Loop) filesDue(s *fileSet, now time.Time) {
	last := s.watch.Last()
	if at := last.Add(s.debounce); at.After(now) {
		if now.Sub(s.since) >= restless && !s.since.IsZero() && !s.warned {
			s.warned = true
			l.log.Warnf("%s: files have changed for %d seconds without a pause of restart_debounce, waiting", s.program, restless/time.Second)
		}
		l.schedule(&s.deadline, at)
		return
	}
	l.schedule(&s.deadline, time.Time{})
	s.since, s.warned = time.Time{}, false
	c, ok := s.watch.Take()
	if !ok {
		return
	}
	if c.Count > 0 {
		l.applyChange(s, process.FileChange{Path: c.Path, Text: c.Text}, last, now)
	}
	if c.Binary {
		s.examining = true
		s.watch.Examine(func(x filewatch.Examined, now time.Time) {
			s.examining = false
			l.examined(s, x, last, now)
		})
	}
}

// examined goes on with a change of the executed file, whose last one was at a time.
func (l *Loop) examined(s *fileSet, x filewatch.Examined, last, now time.Time) {
	if x.Problem != "" {
		if x.Problem != s.refused {
			l.log.Warnf("%s: %s cannot be executed now (%s), waiting for another one", s.program, x.Path, x.Problem)
		}
		s.refused = x.Problem
		return
	}
	s.refused = ""
	if x.Changed {
		l.applyChange(s, process.FileChange{Binary: true, Path: x.Path, Text: x.Path + " changed"}, last, now)
	}
}

// applyChange passes a change to the processes but those that are disabled. Those that were started after it know it already.
func (l *Loop) applyChange(s *fileSet, c process.FileChange, last, now time.Time) {
	for _, p := range slices.Clone(s.members) {
		if !p.Disabled() && !p.Begun().After(last) {
			p.FilesChanged(c, now)
		}
	}
}

// startFor starts a process for a reason of supervisord's own, unless it waits for dependencies.
func (l *Loop) startFor(p *process.Process, reason api.Reason, now time.Time) {
	if l.shared.ShuttingDown || p.HeldBack() {
		return
	}
	if l.depends != nil {
		if met, unmet := l.depends.graphNow().Open(p, l.depends.facts); !met {
			p.Log().Warnf("%s was not started (%s): waits for %s", p.Name(), reason.Why, texts(unmet))
			return
		}
	}
	p.Log().Infof("starting %s: %s", p.Name(), reason)
	p.StartAgain(now)
}

// exportFiles returns the state of what is watched.
func (l *Loop) exportFiles(now time.Time) (all []FileSetState) {
	if l.files == nil {
		return nil
	}
	for _, s := range l.files.sets {
		all = append(all, FileSetState{Process: fullName(s.members[0]), Refused: s.refused, Set: s.watch.Export(s.examining, now)})
	}
	return all
}

// FreezeFiles pauses what watches files until thaw is called. If a file system is slow, it goes on.
func (s *Supervisor) FreezeFiles(deadline time.Time) (thaw func()) {
	var w *filewatch.Watcher
	if err := s.Do(func(l *Loop) {
		if l.files != nil {
			w = l.files.watcher
		}
	}); err != nil || w == nil {
		return func() {}
	}
	w.Freeze(deadline)
	return w.Thaw
}

// beginFiles watches the files of all processes, and goes on with what was watched. From is the Watcher of the program before, nil if it was
// not handed over.
func (l *Loop) beginFiles(states []FileSetState, from *filewatch.Watcher) {
	if from != nil {
		from.Begin(l.send)
		l.useWatcher(from)
	} else if len(states) > 0 {
		l.useWatcher(filewatch.New(l.send))
	}
	if l.files != nil {
		l.excludeLogs(time.Now()) // before changes are found
	}
	for _, state := range states {
		if p := l.named(state.Process); p != nil {
			l.watchFiles(p, state)
		}
	}
	for _, p := range l.Processes() {
		l.watchFiles(p, FileSetState{})
	}
	switch {
	case l.files == nil:
	case len(l.files.sets) == 0:
		l.endFiles()
	case from != nil:
		from.Resume()
	}
}
