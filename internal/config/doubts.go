package config

import (
	"cmp"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// doubts collects warnings about values that Load accepts and that are probably mistakes.
type doubts struct {
	r      *reader
	failed map[keyName]bool // keys with an error, which has a hint of its own
	known  map[string]bool  // warnings
	list   []*ini.Error
}

type keyName struct{ section, key string }

// doubts returns the warnings about values. It looks at the files and programs that values name.
func (r *reader) doubts(c *Config) []string {
	d := &doubts{r: r, failed: map[keyName]bool{}, known: map[string]bool{}}
	for _, err := range r.check.errs {
		var e *ini.Error
		if errors.As(err, &e) {
			d.failed[keyName{e.Section, e.Key}] = true
		}
	}
	d.texts()
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			d.process(p)
		}
	}
	d.mainRotation(&c.Supervisord)
	d.metrics(&c.Supervisord, runtime.GOOS)
	d.audit(&c.Supervisord)
	d.logDirs(c)
	d.dependencies(c.Groups)
	d.sockets(c.Groups)
	for _, s := range r.doc.Sections { // supervisorctl runs these commands
		if v, ok := s.Values["command"]; ok && kindOf(s.Name) == InCtlPlugin && !strings.Contains(v.Text, "%(") {
			d.command(s.Name, "command", &Run{Command: v.Text})
		}
	}
	slices.SortStableFunc(d.list, func(a, b *ini.Error) int { return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line) })
	var warnings []string
	for _, e := range d.list {
		warnings = append(warnings, (&Finding{e}).Error())
	}
	return warnings
}

// add adds a warning about a key of a section, once, unless the key has an error.
func (d *doubts) add(section, key, text string) {
	if text == "" || d.failed[keyName{section, key}] {
		return
	}
	values := d.r.doc.Defaults
	if s := d.r.doc.ByName[section]; s != nil {
		values = s.Values
	}
	v, ok := values[key]
	if !ok {
		v = d.r.doc.Defaults[key]
		section = "DEFAULT"
	}
	e := &ini.Error{Line: v.Line, Section: v.In(section), Key: key, Value: v.Text, Text: text, Secret: d.secret(section, key)}
	if v.From != nil {
		e.File = v.From.Path
	}
	if text = (&Finding{e}).Error(); !d.known[text] {
		d.known[text] = true
		d.list = append(d.list, e)
	}
}

// secret reports whether a value is not to be shown. What is in [DEFAULT] may be for any section.
func (d *doubts) secret(section, key string) bool {
	return isSecret(section, key) || section == "DEFAULT"
}

// freeKeys are keys whose values may be any text.
var freeKeys = map[string]bool{"username": true, "password": true, "prompt": true, "ready": true}

// texts looks at the values as they are written.
func (d *doubts) texts() {
	check := func(section string, in Sections, values map[string]ini.Value) {
		for _, key := range byLine(values) {
			text := values[key].Text
			if freeKeys[key] || splitKeys[key] || section != "DEFAULT" && !keysOf(in)[key] {
				continue
			}
			d.add(section, key, odd(text))
			switch {
			case in&InPrograms == 0:
			case key == "events":
				d.add(section, key, ourTypes(text))
			case key == "process_name" && text == "":
				d.add(section, key, "the process has no name")
			case key == "startretries" && text == "-1":
				d.add(section, key, "Supervisor 4.x gives up at the first failure, and has no way to try forever")
			case key == "cron" && values["autostart"].Text == "":
				d.add(section, key, "Supervisor 4.x ignores it and starts the program with supervisord; autostart=false prevents that")
			case key == "stopsignal" && isSequence(text):
				d.add(section, key, "["+section+"] stopsignal is refused by Supervisor 4.x; stop_sequence= says the same and is ignored there")
			case key == "user" && strings.Contains(text, ":"):
				d.add(section, key, "["+section+"] user is refused by Supervisor 4.x; primary_group= says the same and is ignored there")
			case key == "stop_sequence" && values["stopsignal"].Text != "" && isSequence(values["stopsignal"].Text):
				d.add(section, key, "stopsignal has a list, too, which counts for nothing")
			case key == "numprocs":
				if n, err := parseInteger(text); err == nil && n < 1 {
					d.add(section, key, "the section has no process")
				}
			case strings.HasSuffix(key, "_logfile") && strings.HasPrefix(strings.ToLower(text), "syslog @"):
				d.add(section, key, "perhaps syslog_server is meant")
			case strings.HasSuffix(key, "_logfile") && strings.EqualFold(text, "off"):
				d.add(section, key, "off means NONE: the output is not kept")
			}
		}
	}
	for _, s := range d.r.doc.Sections {
		if d.r.check.read[s] {
			check(s.Name, kindOf(s.Name), s.Values)
		}
	}
	check("DEFAULT", 0, d.r.doc.Defaults)
}

// ourTypes returns what is to be said about types of events that the original does not have.
func ourTypes(events string) string {
	types, _ := parseList(events)
	for _, name := range types {
		if api.IsOurEventType(strings.ToUpper(name)) {
			return strings.ToUpper(name) + " is refused by Supervisor 4.x; extra_events= says the same and is ignored there"
		}
	}
	return ""
}

// process looks at what a process needs when it starts.
func (d *doubts) process(p *Process) {
	if p.HandlesResults {
		d.command(p.Section, "result_handler_exec", &p.Run)
		return
	}
	d.command(p.Section, "command", &p.Run)
	if dir := p.Run.Directory; dir != "" && !isDir(dir) && odd(dir) == "" {
		reason := "there is no such directory, so the program cannot start"
		if _, err := os.Stat(dir); err == nil {
			reason = "it is not a directory, so the program cannot start"
		} else if strings.HasPrefix(dir, "~") {
			reason = "~ is not expanded here"
		}
		d.add(p.Section, "directory", reason)
	}
	d.add(p.Section, programEnvFiles.Name, aboutEnvFiles(p))
	p.helpers(func(key string, c HelperCommand) {
		d.command(p.Section, key, &Run{Command: c.Line, Environment: p.Run.Environment})
	})
	d.companions(p)
	d.limits(p, step.Supported)
	d.files(p)
	d.lines(p)
	d.rotations(p)
	d.shipping(p)
	d.tees(p)
	for c := range p.logFiles() {
		switch {
		case !isDir(c.log.Path):
		case strings.HasSuffix(c.key, "_tee"):
			d.add(p.Section, c.key, c.log.Path+" is a directory, so no output goes there")
		default:
			d.add(p.Section, c.key, "it is a directory, so the program cannot start")
		}
	}
}

// command looks at a command line.
func (d *doubts) command(section, key string, run *Run) {
	_, words, err := run.Find()
	var refused *CommandError
	if errors.As(err, &refused) {
		words = nil
		text := refused.Redacted()
		if v, ok := d.value(section, key); ok && d.r.doc.Cut[ini.Place{From: v.From, Line: v.Line}] {
			text += ": " + hintCut
		} else if refused.word != "" {
			if hint := aboutProgram(refused, run.Directory); hint != "" {
				text += ": " + hint
			}
		}
		d.add(section, key, text)
	}
	d.add(section, key, aboutArguments(run.Command, words))
}

func (d *doubts) value(section, key string) (v ini.Value, ok bool) {
	if s := d.r.doc.ByName[section]; s != nil {
		return d.r.doc.Find(s, key)
	}
	return v, false
}
