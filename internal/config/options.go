package config

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/getopt"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// Options is the command line of supervisord.
type Options struct {
	Argv0         string // as ProgramPath gives it
	Help          bool   // print Usage and exit
	Version       bool   // print the version and exit
	Check         bool   // print what Check finds and exit
	Show          bool   // print the configuration that counts, with Check
	ShowDefaults  bool   // and the keys that are not set, with Show
	ConfigFile    string // as given with -c; empty: look for it
	SearchWarning string // for standard error, if not empty
	Scaling       *Scaling

	exitOn        string // the exit_on of programs that have none; empty: never
	hasConfigFile bool
	dir           string // the working directory at that time, to which a relative ConfigFile is relative
	overrides     []func(*settings)
	texts         []string // the values of overrides that are texts
	imported      bool     // texts were handed over, and are not to be looked up again
}

// settings is the [supervisord] section before the user is looked up.
type settings struct {
	Supervisord
	user *string // name or uid; nil: none
}

// ParseArgs reads the command line of supervisord, without argv0. Errors have the original's messages. A help or version option ends
// the reading without an error. Values are checked here and override the file at each Load.
func ParseArgs(argv0 string, args []string) (Options, error) {
	o := Options{Argv0: ProgramPath(argv0)}
	if dir, err := os.Getwd(); err == nil {
		o.dir = dir
	}
	if _, err := getopt.Parse(&o, daemonOptions, args, false); err != nil {
		return o, &ini.Error{Text: err.Error()}
	}
	o.Check = o.Check || checkAlone(args)
	if !o.Help && !o.Version && !o.hasConfigFile && os.Getuid() == 0 {
		o.SearchWarning = "UserWarning: Supervisord is running as root and it is searching for its configuration file " +
			"in default locations (including its current working directory); you probably want to specify a \"-c\" " +
			"argument specifying an absolute path to a configuration file for improved security."
	}
	return o, nil
}

// checkAlone reports whether -t is given without options other than the configuration file: then it means --check. With any other
// option it means --strip_ansi, as in the original.
func checkAlone(args []string) bool {
	list, _, _ := getopt.Split(daemonOptions, args)
	asked := false
	for _, g := range list {
		switch {
		case g.Name == "-t":
			asked = true
		case !slices.Contains([]string{"configuration", "check", "show", "show-defaults"}, g.Option.Long):
			return false
		}
	}
	return asked
}

// override returns the Set of an option that parses its text and overrides the file at each Load.
func override[T any](parse func(string) (T, error), apply func(*settings, T)) func(*Options, string) error {
	return func(o *Options, text string) error {
		v, err := parseOption(o, text, parse)
		if err != nil {
			return err
		}
		o.overrides = append(o.overrides, func(s *settings) { apply(s, v) })
		return nil
	}
}

// parseOption returns the value of an option. What it is if it is a text may depend on the host, so it is kept for the next program.
func parseOption[T any](o *Options, text string, parse func(string) (T, error)) (v T, err error) {
	to, isText := any(&v).(*string)
	switch {
	case isText && o.imported:
		if len(o.texts) == 0 {
			return v, errors.New("it was not handed over")
		}
		*to, o.texts = o.texts[0], o.texts[1:]
	default:
		if v, err = parse(text); isText && err == nil {
			o.texts = append(o.texts, *to)
		}
	}
	return v, err
}

// setFlag returns the Set of an option without argument.
func setFlag(apply func(*settings)) func(*Options, string) error {
	return func(o *Options, _ string) error {
		o.overrides = append(o.overrides, apply)
		return nil
	}
}

func help(o *Options, _ string) error {
	o.Help = true
	return getopt.ErrStop
}

// notEmpty returns a function that sets a field, unless the text is empty.
func notEmpty(field func(*settings) *string) func(*settings, string) {
	return func(s *settings, text string) {
		if text != "" {
			*field(s) = text
		}
	}
}

var daemonOptions = []getopt.Option[Options]{
	{Short: 'h', Long: "help", Set: help},
	{Short: '?', Set: help},
	{Short: 'c', Long: "configuration", Argument: true, Set: func(o *Options, text string) error {
		o.ConfigFile, o.hasConfigFile = text, true
		return nil
	}},
	{Short: 'v', Long: "version", Set: func(o *Options, _ string) error {
		o.Version = true
		return getopt.ErrStop
	}},
	{Long: "check", Whole: true, Set: func(o *Options, _ string) error {
		o.Check = true
		return nil
	}},
	{Long: "exit-on", Argument: true, Whole: true, Set: setExitOn},
	{Long: "show", Whole: true, Set: func(o *Options, _ string) error {
		o.Check, o.Show = true, true
		return nil
	}},
	{Long: "show-defaults", Whole: true, Set: func(o *Options, _ string) error {
		o.Check, o.Show, o.ShowDefaults = true, true, true
		return nil
	}},
	{Short: 'n', Long: "nodaemon", Set: setFlag(func(s *settings) { s.NoDaemon = true })},
	{Short: 's', Long: "silent", Set: setFlag(func(s *settings) { s.Silent = true })},
	{Short: 'k', Long: "nocleanup", Set: setFlag(func(s *settings) { s.NoCleanup = true })},
	{Short: 't', Long: "strip_ansi", Set: setFlag(func(s *settings) { s.StripANSI = true })},
	{Short: 'u', Long: "user", Argument: true,
		Set: override(parseString, func(s *settings, name string) { s.user = &name })},
	{Short: 'm', Long: "umask", Argument: true,
		Set: override(parseUmask, func(s *settings, mask int) { s.Umask = mask })},
	{Short: 'd', Long: "directory", Argument: true,
		Set: override(thisHost.existingDirectory, func(s *settings, dir string) { s.Directory = dir })},
	{Short: 'l', Long: "logfile", Argument: true,
		Set: override(thisHost.pathInDirectory, notEmpty(func(s *settings) *string { return &s.Logfile }))},
	{Short: 'y', Long: "logfile_maxbytes", Argument: true,
		Set: override(parseBytes, func(s *settings, size Bytes) { s.LogfileMaxBytes = size })},
	{Short: 'z', Long: "logfile_backups", Argument: true,
		Set: override(parseInteger, func(s *settings, n int) { s.LogfileBackups = n })},
	{Short: 'e', Long: "loglevel", Argument: true,
		Set: override(parseLevel, func(s *settings, level api.Level) { s.Loglevel = level })},
	{Short: 'j', Long: "pidfile", Argument: true,
		Set: override(thisHost.pathInDirectory, notEmpty(func(s *settings) *string { return &s.Pidfile }))},
	{Short: 'i', Long: "identifier", Argument: true,
		Set: override(parseString, func(s *settings, name string) { s.Identifier = name })},
	{Short: 'q', Long: "childlogdir", Argument: true,
		Set: override(thisHost.existingDirectory, func(s *settings, dir string) { s.ChildLogDir = dir })},
	{Short: 'a', Long: "minfds", Argument: true,
		Set: override(parseInteger, func(s *settings, n int) { s.MinFDs = n })},
	{Long: "minprocs", Argument: true,
		Set: override(parseInteger, func(s *settings, n int) { s.MinProcs = n })},
	{Long: "profile_options", Argument: true, Set: func(*Options, string) error { return nil }}, // accepted without effect
}

// ProgramPath returns the path of a program that was started as argv0. A name without a slash is searched in PATH.
func ProgramPath(argv0 string) string {
	if strings.Contains(argv0, "/") {
		return argv0
	}
	for dir := range strings.SplitSeq(os.Getenv("PATH"), ":") {
		path := join(dir, argv0)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return argv0
}

// searchPaths returns the paths where a configuration file is searched without -c.
func searchPaths(argv0 string) []string {
	prefix := dirname(dirname(argv0))
	return []string{
		join(prefix, "etc/supervisord.conf"),
		join(prefix, "supervisord.conf"),
		"supervisord.conf",
		"etc/supervisord.conf",
		"/etc/supervisord.conf",
		"/etc/supervisor/supervisord.conf",
	}
}

// findConfig returns the first path that exists, empty if none does. Relative paths are relative to dir.
func findConfig(paths []string, dir string) string {
	for _, path := range paths {
		if _, err := os.Stat(join(dir, path)); err == nil {
			return path
		}
	}
	return ""
}
