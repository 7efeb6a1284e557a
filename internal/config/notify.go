package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// Notifications is what LoadNotifications returns. Without errors the list can be used.
type Notifications struct {
	File     string // the main file, as given or found
	List     []Notification
	Errors   []error // with their places
	Warnings []string
}

// LoadNotifications reads the [notify:x] sections of a file and of those that it includes. An empty path is the default file of
// supervisord. environ has the variables for %(ENV_X)s; those of [supervisord] environment are known, too.
func LoadNotifications(argv0, path string, environ []string) Notifications {
	o := Options{Argv0: ProgramPath(argv0), ConfigFile: path, hasConfigFile: path != ""}
	r, err := newReader(o, environ, thisHost)
	if err != nil {
		return Notifications{Errors: []error{err}}
	}
	found := Notifications{File: r.path}
	r.check = newCheck()
	if err := r.readFiles(join(o.dir, r.path)); err != nil {
		r.check.add(err)
	} else {
		r.daemonEnvironment(environ)
		found.List = r.notifications()
		if len(found.List) == 0 && len(r.check.errs) == 0 {
			r.check.add(&ini.Error{File: r.path, Text: "there is no [notify:x] section"})
		}
	}
	found.Errors, found.Warnings = r.check.errs, r.notifyDoubts(found.List)
	for _, s := range r.doc.Sections {
		for _, key := range byLine(s.Values) {
			if v := s.Values[key]; kindOf(s.Name) == InNotify && !keysOf(InNotify)[key] && v.Section == "" {
				found.Warnings = append(found.Warnings, fmt.Sprintf("%s:%d: [%s] %s has no effect%s", v.From.Path, v.Line, s.Name, key,
					instead(InNotify, key)))
			}
		}
	}
	return found
}

// daemonEnvironment adds the variables of [supervisord], whose errors are for supervisord to report.
func (r *reader) daemonEnvironment(environ []string) {
	own := *r
	own.check = newCheck()
	if own.doc.ByName["supervisord"] != nil {
		_, _ = own.supervisord()
	}
	own.listenerEnvironment()
	for name, text := range environment(environ) { // those of the listener itself are stronger
		r.env[name] = text
	}
}

// listenerEnvironment adds the variables of environment= of the event listener that runs supervisor-notify. Errors are not for us to report.
func (r *reader) listenerEnvironment() {
	for _, s := range r.doc.Sections {
		if kindOf(s.Name) != InListener || !strings.Contains(s.Values["command"].Text, notifyProgram) {
			continue
		}
		quiet := *r
		quiet.check = &check{read: r.check.read, seen: map[ini.Error]bool{}}
		text, _, _ := (&sectionReader{r: &quiet, s: s}).text(&Key{Name: "environment", Scope: ofFile | ofHost})
		variables, _ := parseEnvironment(text)
		maps.Copy(r.env, variables)
	}
}

// notifyProgram is what the command of an event listener contains that runs supervisor-notify.
const notifyProgram = "supervisor-notify"

// notifications reads the [notify:x] sections. The reader collects the errors.
func (r *reader) notifications() (list []Notification) {
	spool := ini.Value{}
	for _, s := range r.doc.Sections {
		text, ok := strings.CutPrefix(s.Name, notifyPrefix)
		if !ok {
			continue
		}
		k := r.section(s)
		name, err := parseName(text)
		if err == nil && name == "" {
			err = errors.New("section [" + s.Name + "] has no name")
		}
		for _, other := range list {
			if err == nil && other.Name == name {
				err = fmt.Errorf("section [%s] is a second one for %s", s.Name, name)
			}
		}
		if err != nil {
			r.check.add(sectionError(s, err))
			continue
		}
		n := Notification{Name: name}
		readAll(k, notifyKeys, &n)
		if v, ok := s.Values["spool"]; ok && spool.Text != "" && v.Text != spool.Text {
			k.failf("spool", "section [%s] has another spool than [%s]: there is one for all", s.Name, spool.Section)
		} else if ok {
			v.Section, spool = s.Name, v
		}
		list = append(list, n)
	}
	for i := range list { // a section without the key has that of the others
		if list[i].Spool == defaultSpool {
			list[i].Spool = r.commonSpool(list)
		}
	}
	return list
}

func (r *reader) commonSpool(list []Notification) string {
	for _, n := range list {
		if n.Spool != defaultSpool {
			return n.Spool
		}
	}
	return defaultSpool
}

// notifyDoubts returns warnings about keys that have no effect with the type of their section.
func (r *reader) notifyDoubts(list []Notification) (warnings []string) {
	for _, n := range list {
		s := r.doc.ByName[notifyPrefix+n.Name]
		if s == nil {
			continue
		}
		for _, key := range byLine(s.Values) {
			if only := notifyOnly[key]; only != "" && n.Type != "" && !slices.Contains(strings.Fields(only), n.Type) {
				v := s.Values[key]
				warnings = append(warnings, fmt.Sprintf("%s:%d: [%s] %s has no effect with type=%s", v.From.Path, v.Line, s.Name, key, n.Type))
			}
		}
	}
	return warnings
}

// SigningKey returns the bytes of a secret, which is in the notation of Standard Webhooks. The error does not show it.
func SigningKey(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || !strings.HasPrefix(secret, "whsec_") || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("not whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// ReadSecrets sets Secret and SMTPPassword to the first lines of their files. The warnings are about files that all users can read.
func (n *Notification) ReadSecrets() (warnings []string, err error) {
	warnings, err = readSecrets(secretFile{"secret", n.SecretFile, &n.Secret}, secretFile{"password", n.SMTPPassFile, &n.SMTPPassword})
	if err == nil && n.SecretFile != "" {
		if _, wrong := SigningKey(n.Secret); wrong != nil {
			err = &ini.Error{Text: "the secret file " + n.SecretFile + " has no secret: " + wrong.Error()}
		}
	}
	return warnings, err
}

// checkNotifications reads what supervisor-notify would read. Its errors are warnings, because supervisord does not read it.
func (r *reader) checkNotifications(c *Config) (warnings []string) {
	own := *r
	own.check = newCheck()
	own.check.read, own.check.refused = r.check.read, r.check.refused
	own.env = maps.Clone(r.env)
	own.listenerEnvironment()
	warnings = own.notifyDoubts(own.notifications())
	r.check.refused = own.check.refused
	for _, err := range own.check.errs {
		warnings = append(warnings, "supervisor-notify will refuse: "+err.Error())
	}
	if r.runsNotify(c) {
		return warnings
	}
	for _, s := range r.doc.Sections {
		if kindOf(s.Name) == InNotify {
			warnings = append(warnings, fmt.Sprintf("%s:%d: [%s] has no effect: no event listener runs supervisor-notify",
				s.First.Path, s.Line, s.Name))
		}
	}
	return warnings
}

// runsNotify reports whether an event listener has supervisor-notify in its command.
func (r *reader) runsNotify(c *Config) bool {
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			if kindOf(p.Section) == InListener && strings.Contains(p.Run.Command, notifyProgram) {
				return true
			}
		}
	}
	return false
}
