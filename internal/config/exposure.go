package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gosupervisor/supervisor/internal/envfile"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// Exposed returns warnings about files that let users other than root change what supervisord does as root, and about passwords that
// all users can read. o and environ are those of Load; the files are read again, only to name places in them. Root says whether
// supervisord was started as root. It may wait for file systems that do not answer.
func (c *Config) Exposed(o Options, environ []string, root bool) []string {
	r, err := newReader(o, environ, thisHost)
	if err != nil {
		return nil
	}
	_ = r.readFiles(join(o.dir, r.path)) // what cannot be read, after a change of the user, has no places
	if len(r.files) == 0 {
		r.files = []*ini.File{{Path: r.path, Here: absolute(dirname(join(o.dir, r.path)))}}
	}
	return r.exposed(c, root)
}

// exposure collects warnings. What one place exposes is one warning for each purpose.
type exposure struct {
	*pathAudit
	doc   *ini.Document
	found []*exposed
	seen  map[string]*exposed // by purpose and place
	where map[string]bool     // the places of the configuration that are known
}

type exposed struct {
	text string
	more int // places of the configuration of which the same is true
}

// What the files are for, of which a user can change one.
const (
	forConfiguration = "users other than root can change the configuration of a supervisord that is started as root"
	forFile          = "other users can replace files in this directory"
	forCommand       = "users other than root can change this command, which runs as root without user="
	forPrivileged    = "users other than root can change this command, which runs as root because of the +"
	forVariables     = "users other than root can change variables of a command that runs as root without user="
	forHelpers       = "users other than root can change variables of a command that runs as root because of the +"
	forPassword      = "all users can read the password"
	forToken         = "all users can read the token"
	forSecret        = "all users can read the secret"
	forKey           = "all users can read the private key"
)

func (r *reader) exposed(c *Config, root bool) (warnings []string) {
	e := &exposure{pathAudit: newPathAudit(), doc: r.doc, seen: map[string]*exposed{}, where: map[string]bool{}}
	if root {
		for _, f := range r.files {
			e.add(forConfiguration, f.Path, e.weakest(fullPath(f), nil))
		}
		if user := c.Supervisord.User; user == nil || user.UID == 0 {
			e.asRoot(c)
		}
	}
	e.passwords()
	for _, s := range c.Servers {
		if s.TLSKey != "" {
			e.secret(forKey, s.TLSKey, e.place(s.Section, "tls_key"))
		}
	}
	for _, x := range e.found {
		if x.more > 0 {
			x.text += fmt.Sprintf("; and %d more", x.more)
		}
		warnings = append(warnings, x.text)
	}
	return warnings
}

// asRoot adds warnings about what supervisord does as root.
func (e *exposure) asRoot(c *Config) {
	for _, f := range c.usedFiles() {
		e.replaceable(f)
	}
	if dir := c.Supervisord.ChildLogDir; c.logsAuto() {
		e.replaceable(usedFile{"supervisord", "childlogdir", dir + "/", nil})
	}
	e.envFiles(forVariables, "supervisord", c.Supervisord.EnvFiles)
	e.commands(c)
}

// fullPath returns the absolute path of a file of the configuration.
func fullPath(f *ini.File) string { return filepath.Join(f.Here, filepath.Base(f.Path)) }

// add adds a warning about a place of the configuration, or counts it if there is one about w for the same purpose.
func (e *exposure) add(purpose, where string, w *weakness) {
	if w == nil || e.where[purpose+where] { // the second process of a section
		return
	}
	e.where[purpose+where] = true
	if x := e.seen[purpose+w.path]; x != nil {
		x.more++
		return
	}
	x := &exposed{text: where + ": " + purpose + ": " + w.text}
	e.seen[purpose+w.path] = x
	e.found = append(e.found, x)
}

// place returns FILE:LINE: [section] key, as far as it is known.
func (e *exposure) place(section, key string) string {
	text := fmt.Sprintf("[%s] %s", section, key)
	s := e.doc.ByName[section]
	if s == nil {
		return text
	}
	if v, ok := e.doc.Find(s, key); ok {
		return fmt.Sprintf("%s:%d: [%s] %s", v.From.Path, v.Line, v.In(section), key)
	}
	return fmt.Sprintf("%s:%d: %s", s.First.Path, s.Line, text)
}

// replaceable adds a warning if users other than root and the owners can replace files in the directory of a file.
func (e *exposure) replaceable(f usedFile) {
	if w := e.weakest(f.directory(), f.owners); w != nil {
		e.add(forFile, e.place(f.section, f.key), w)
	}
}

// usedFile is a file that supervisord creates, and the key that names it.
type usedFile struct {
	section, key, path string
	owners             owners
}

func (f *usedFile) directory() string { return absolute(dirname(absolute(f.path))) }

// usedFiles returns the files that supervisord creates. AUTO logs, whose names are not known before, are in no such list.
func (c *Config) usedFiles() (files []usedFile) {
	add := func(section, key, path string, owners ...owner) {
		if path != "" && !strings.HasPrefix(path, "/dev/") {
			files = append(files, usedFile{section, key, path, owners})
		}
	}
	own := &c.Supervisord
	if own.Logfile != "syslog" {
		add("supervisord", "logfile", own.Logfile)
	}
	if own.Audit.HasFile() {
		add("supervisord", "audit_log", own.Audit.Target)
	}
	add("supervisord", "pidfile", own.Pidfile)
	add("supervisord", "statefile", own.StateFile)
	for _, s := range c.Servers {
		if s.Unix {
			add(s.Section, "file", s.File, owner{s.UID, s.GID})
		}
	}
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			user := p.owner()
			for channel := range p.logFiles() {
				add(p.Section, channel.key, channel.log.Path, user)
			}
			if s := p.Socket; s != nil && s.Unix {
				add(p.Section, "socket", s.Path, user, owner{s.UID, s.GID})
			}
		}
	}
	return files
}

// owner returns the user and group of a process, root if the section names none.
func (p *Process) owner() owner {
	if u := p.Run.User; u != nil {
		return owner{u.UID, u.GID}
	}
	return owner{}
}

// logsAuto reports whether a process has an AUTO log.
func (c *Config) logsAuto() bool {
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			if p.Out.Log.Kind == LogAuto || p.Err.Log.Kind == LogAuto {
				return true
			}
		}
	}
	return false
}

// commands adds warnings if users other than root can change what a command of root executes.
func (e *exposure) commands(c *Config) {
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			e.commandsOf(p)
		}
	}
	for _, s := range e.doc.Sections { // supervisorctl runs these commands
		if v := s.Values["command"]; kindOf(s.Name) == InCtlPlugin && !strings.Contains(v.Text, "%(") {
			e.command(forCommand, s.Name, "command", v.Text, os.Getenv("PATH"), "")
		}
	}
}

// commandsOf adds warnings about the command of a process and its helpers. As another user, only the helpers with + are root's.
func (e *exposure) commandsOf(p *Process) {
	search, own := p.Run.Environment["PATH"]
	if !own {
		search = os.Getenv("PATH")
	}
	variables := ""
	if p.owner().uid == 0 {
		key := "command"
		if p.HandlesResults {
			key = "result_handler_exec"
		}
		e.command(forCommand, p.Section, key, p.Run.Command, search, p.Run.Directory)
		variables = forVariables
	}
	p.helpers(func(key string, c HelperCommand) {
		switch {
		case p.owner().uid == 0:
			e.command(forCommand, p.Section, key, c.Line, search, p.Run.Directory)
		case c.Privileged:
			e.command(forPrivileged, p.Section, key, c.Line, search, p.Run.Directory)
			variables = forHelpers
		}
	})
	if p.Extra != nil && variables != "" {
		e.envFiles(variables, p.Section, p.Extra.EnvFiles)
	}
}

// envFiles adds warnings about files from which variables come that can have programs of root execute other files.
func (e *exposure) envFiles(purpose, section string, files []envfile.File) {
	for _, f := range files {
		if w := e.weakest(f.Path, nil); w != nil {
			e.add(purpose, e.place(section, programEnvFiles.Name), w)
		}
	}
}

func (e *exposure) command(purpose, section, key, command, search, directory string) {
	for _, path := range e.executed(command, search, directory) {
		if w := e.weakest(path, nil); w != nil {
			e.add(purpose, e.place(section, key), w)
		}
	}
}

// passwords adds a warning for each file that has a password, a token or a private key and that all users can read.
func (e *exposure) passwords() {
	for _, s := range e.doc.Sections {
		for _, secret := range []struct {
			key, purpose string
			in           Sections
		}{{"password", forPassword, InInetServer | InUnixServer | InCtl | InUser}, {"token", forToken, InCtl},
			{"secret", forSecret, InNotify}} {
			v, ok := s.Values[secret.key]
			if kindOf(s.Name)&secret.in == 0 || !ok || v.Text == "" || strings.Contains(v.Text, "%(ENV_") {
				continue
			}
			e.secret(secret.purpose, fullPath(v.From), e.place(s.Name, secret.key))
		}
	}
}

// secret adds a warning about a file that has a secret and that all users can read.
func (e *exposure) secret(purpose, path, where string) {
	if e.seen[purpose+path] == nil && e.readableByAll(path) {
		e.add(purpose, where, &weakness{path, "chmod o-r " + path})
	}
}
