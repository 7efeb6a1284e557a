package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// Load reads the configuration file and all it includes, checks it and applies the command line. environ is what
// %(ENV_X)s can refer to, as from os.Environ. The error is an *ini.Error. Load can be called again to see what has changed.
func Load(o Options, environ []string) (*Config, error) { return load(o, environ, thisHost) }

func load(o Options, environ []string, h host) (*Config, error) {
	r, err := newReader(o, environ, h)
	if err != nil {
		return nil, err
	}
	return r.read(o)
}

// newReader finds the configuration file.
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
		merged: map[string]mergedEnvironment{}}, nil
}

// read reads the files and applies the command line.
func (r *reader) read(o Options) (*Config, error) {
	if err := r.readFiles(join(o.dir, r.path)); err != nil {
		return nil, err
	}
	return r.values(o)
}

// values makes a configuration of the document.
func (r *reader) values(o Options) (*Config, error) {
	s, err := r.supervisord()
	if err != nil {
		return nil, err
	}
	c := &Config{Path: r.path}
	if c.Interfaces, err = r.plugins(pluginPrefix, interfaceFactory); err != nil {
		return nil, err
	}
	if c.Groups, err = r.groups(); err != nil {
		return nil, err
	}
	if c.Servers, err = r.servers(); err != nil {
		return nil, err
	}
	for _, apply := range o.overrides {
		apply(s)
	}
	if s.user != nil {
		if s.User, err = r.host.lookup(*s.user); err != nil {
			e := &ini.Error{File: r.path, Section: "supervisord", Key: "user", Value: *s.user, Text: err.Error()}
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
		c.Supervisord.Logfile = normalize(c.Supervisord.Logfile)
	}
	c.Supervisord.Pidfile = normalize(c.Supervisord.Pidfile)
	c.reader = r.kept()
	c.Messages = r.messages
	slices.SortStableFunc(c.Messages, func(a, b Message) int { return int(b.Level - a.Level) })
	return c, nil
}

// supervisord reads the section of that name and makes its environment known to all that follow.
func (r *reader) supervisord() (*settings, error) {
	own := r.doc.ByName["supervisord"]
	if own == nil {
		e := &ini.Error{File: r.path, Text: ".ini file does not include supervisord section"}
		if err := r.refuse(e); err != nil {
			return nil, err
		}
		own = &ini.Section{Name: "supervisord"}
	}
	k := r.keys(own, expand.Scope{})
	k.here = true
	s := &settings{}
	s.MinFDs = read(k, "minfds", 1024, parseInteger)
	s.MinProcs = read(k, "minprocs", 200, parseInteger)
	s.Directory = read(k, "directory", "", r.host.existingDirectory)
	if name, _, ok := k.text("user", ""); ok {
		s.user = &name
	}
	s.Umask = read(k, "umask", 0o22, parseUmask)
	s.Logfile = read(k, "logfile", "supervisord.log", r.host.pathInDirectory)
	s.LogfileMaxBytes = read(k, "logfile_maxbytes", 50<<20, parseBytes)
	s.LogfileBackups = read(k, "logfile_backups", 10, parseInteger)
	s.Loglevel = read(k, "loglevel", api.Info, parseLevel)
	s.Pidfile = read(k, "pidfile", "supervisord.pid", r.host.pathInDirectory)
	s.Identifier = read(k, "identifier", "supervisor", parseString)
	s.NoDaemon = read(k, "nodaemon", false, parseBoolean)
	s.Silent = read(k, "silent", false, parseBoolean)
	s.ChildLogDir = read(k, "childlogdir", "", r.host.existingDirectory)
	if _, ok := k.raw("childlogdir"); !ok {
		s.ChildLogDir = tempDir(r.env, takesFiles)
	}
	s.NoCleanup = read(k, "nocleanup", false, parseBoolean)
	s.StripANSI = read(k, "strip_ansi", false, parseBoolean)
	s.Subreaper = read(k, "subreaper", false, parseBoolean)
	s.ShutdownTimeout = read(k, "shutdown_timeout", 0, parseInteger)
	s.KillOrphans = read(k, "orphans", false, parseOrphans)
	k.scope.Vars = []expand.Variable{{Name: "host_node_name", Text: r.node}}
	if text, v, ok := k.text("environment", "environment"); ok {
		env, err := parseEnvironment(text)
		if err != nil {
			k.fail("environment", v, err)
		}
		s.Environment = env
	}
	k.scope.Vars = nil
	r.lenient = read(k, "ignore_unknown_plugins", false, parseBoolean)
	if k.err != nil {
		return nil, k.err
	}
	if s.Environment == nil {
		s.Environment = map[string]string{}
	}
	r.common = s.Environment
	for name, text := range s.Environment {
		r.env[name] = text
	}
	return s, nil
}

// accountOf is lookup as a parser of values.
func (r *reader) accountOf(name string) (*account.Account, error) { return r.host.lookup(name) }

// owner reads user or user:group; wrong is how the message for a bad one begins.
func (r *reader) owner(wrong string) func(string) ([2]int, error) {
	return func(text string) ([2]int, error) {
		uid, gid, err := r.host.owner(text)
		if err != nil {
			return [2]int{-1, -1}, errors.New(wrong + text)
		}
		return [2]int{uid, gid}, nil
	}
}
