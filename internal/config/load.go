package config

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// Load reads and checks the configuration file with all files that it includes, and applies the command line. environ has the
// variables for %(ENV_X)s, as os.Environ returns them. The error is an *ini.Error. Load can be called again to find changes.
func Load(o Options, environ []string) (*Config, error) { return load(o, environ, thisHost) }

func load(o Options, environ []string, h host) (*Config, error) {
	r, err := newReader(o, environ, h)
	if err != nil {
		return nil, err
	}
	return r.read(o)
}

// newReader finds the configuration file and returns a reader for it.
func newReader(o Options, environ []string, h host) (*reader, error) {
	path := o.ConfigFile
	if !o.hasConfigFile && path == "" {
		paths := searchPaths(o.Argv0)
		if path = findConfig(paths, o.dir); path == "" {
			return nil, &ini.Error{Text: "No config file found at default paths (" + strings.Join(paths, ", ") +
				"); use the -c option to specify a config file at a different path"}
		}
	}
	return &reader{doc: ini.New(), host: h.remembering(), env: environment(environ), node: nodeName(), path: path,
		exitOn: o.exitOn, scaling: o.Scaling, merged: map[[2]string]mergedEnvironment{}}, nil
}

// read reads the files and applies the command line.
func (r *reader) read(o Options) (*Config, error) {
	if err := r.readFiles(join(o.dir, r.path)); err != nil {
		return nil, err
	}
	return r.values(o)
}

// values converts the document to a configuration.
func (r *reader) values(o Options) (*Config, error) {
	s, err := r.supervisord()
	if err != nil {
		return nil, err
	}
	own := *s
	for _, apply := range o.overrides {
		apply(&own)
	}
	r.daemonUser = own.user
	c := &Config{Path: r.path}
	if c.Interfaces, err = r.plugins(pluginPrefix, interfaceKeys[0]); err != nil {
		return nil, err
	}
	if err = r.readSockets(); err != nil {
		return nil, err
	}
	if c.Groups, err = r.groups(); err != nil {
		return nil, err
	}
	if err = r.dependencies(c.Groups); err != nil {
		return nil, err
	}
	if c.Servers, err = r.servers(); err != nil {
		return nil, err
	}
	if c.Users, err = r.users(c.Servers); err != nil {
		return nil, err
	}
	if err = r.refuseOpen(c, s.OpenServer); err != nil {
		return nil, err
	}
	if ctl := r.doc.ByName["supervisorctl"]; ctl != nil { // its password is that of a server
		r.withhold(ctl)
	}
	c.Withheld = r.withheld
	r.override(s, o.overrides)
	if s.user != nil {
		if s.User, err = r.host.account(*s.user); err != nil {
			e := &ini.Error{File: r.path, Section: "supervisord", Key: "user", Value: *s.user, Text: err.Error(),
				Hint: r.hint("user", ini.Value{Text: *s.user})}
			if own := r.doc.ByName["supervisord"]; own != nil {
				if v, ok := r.doc.Find(own, "user"); ok && v.Text == *s.user { // else it is from the command line
					e.File, e.Line = v.From.Path, v.Line
				}
			}
			if err := r.refuse(e); err != nil {
				return nil, err
			}
		}
	}
	c.Supervisord = s.Supervisord
	if c.Supervisord.Logfile != "syslog" {
		c.Supervisord.Logfile = r.host.normalize(c.Supervisord.Logfile)
	}
	c.Supervisord.Pidfile = r.host.normalize(c.Supervisord.Pidfile)
	if c.Supervisord.StateFile != "" {
		c.Supervisord.StateFile = r.host.normalize(c.Supervisord.StateFile)
	}
	c.reader, c.Sources = r.kept(), r.readSources()
	r.warnOfGroups(c)
	r.warnOfRepeats()
	c.Messages, c.Outdated = r.messages, r.scaling.outdated()
	slices.SortStableFunc(c.Messages, func(a, b Message) int { return int(b.Level - a.Level) })
	return c, nil
}

// warnOfGroups warns about each user some of whose groups are unknown, because a name service did not answer.
func (r *reader) warnOfGroups(c *Config) {
	warned := map[*account.Account]bool{nil: true}
	warn := func(user *account.Account) {
		if !warned[user] && user.Missing != "" {
			r.warn("user %s gets the groups of /etc/group only: %s", user.Name, user.Missing)
		}
		warned[user] = true
	}
	warn(c.Supervisord.User)
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			warn(p.Run.User)
		}
	}
}

// supervisord reads [supervisord]. The sections that are read after it can expand the variables of its environment.
func (r *reader) supervisord() (*settings, error) {
	own := r.doc.ByName["supervisord"]
	if own == nil {
		e := &ini.Error{File: r.path, Text: ".ini file does not include supervisord section", Hint: r.doc.Hint}
		if err := r.refuseAbsent(e); err != nil {
			return nil, err
		}
		own = &ini.Section{Name: "supervisord"}
	}
	k := r.section(own)
	s := &settings{}
	if text, _, ok := k.text(&logDirsKey.Key); ok { // the keys before it need it
		r.host.makesLogDirs, _ = parseBoolean(text)
	}
	if readAll(k, daemonKeys, s); k.err != nil {
		return nil, k.err
	}
	r.strict = s.StrictDependencies
	if s.Environment == nil {
		s.Environment = map[string]string{}
	}
	r.common = s.Environment
	for name, text := range s.Environment {
		r.env[name] = text
	}
	return s, nil
}

func findChildLogDir(k *sectionReader, s *settings) {
	if !k.has("childlogdir") {
		s.ChildLogDir = tempDir(k.r.env, takesFiles)
	}
}

// override applies the command line, and notes the keys whose values it changes.
func (r *reader) override(s *settings, overrides []func(*settings)) {
	if overrides == nil {
		return
	}
	before := *s
	for _, apply := range overrides {
		apply(s)
	}
	for _, row := range daemonKeys {
		if row.same(&before, s) {
			continue
		}
		text := strings.ReplaceAll(row.(interface{ text(*settings) string }).text(s), "%", "%%")
		r.overridden = append(r.overridden, api.ConfigKey{Name: row.key().Name, Text: encodeValue(text, true), From: "command line"})
	}
}
