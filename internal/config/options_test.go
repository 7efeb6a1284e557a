package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

func TestParseArgsErrors(t *testing.T) {
	for args, want := range map[string]string{
		"-Z":                           "option -Z not recognized",
		"-b":                           "option -b not recognized",
		"--bogus":                      "option --bogus not recognized",
		"--environment":                "option --environment not recognized",
		"--log=x":                      "option --log not a unique prefix",
		"--min 3":                      "option --min not a unique prefix",
		"-c":                           "option -c requires argument",
		"-nc":                          "option -c requires argument",
		"--configuration":              "option --configuration requires argument",
		"--conf":                       "option --configuration requires argument",
		"--nodaemon=1":                 "option --nodaemon must not have an argument",
		"foo bar":                      "positional arguments are not supported: ['foo', 'bar']",
		"-n foo -c x":                  "positional arguments are not supported: ['foo', '-c', 'x']",
		"-- -n":                        "positional arguments are not supported: ['-n']",
		"-h foo":                       "positional arguments are not supported: ['foo']",
		"-m 999":                       "invalid value for -m '999': 999 can not be converted to an octal type",
		"--umask=999":                  "invalid value for --umask '999': 999 can not be converted to an octal type",
		"--uma 999":                    "invalid value for --umask '999': 999 can not be converted to an octal type",
		"-a x":                         "invalid value for -a 'x': invalid literal for int() with base 10: 'x'",
		"-d /nonexistent":              "invalid value for -d '/nonexistent': /nonexistent is not an existing directory",
		"-l /nonexistent/x":            "invalid value for -l '/nonexistent/x': " + noDir + "/nonexistent/x does not exist",
		"-e loud":                      "invalid value for -e 'loud': bad logging level name 'loud'",
		"-y 1TB":                       "invalid value for -y '1TB': invalid literal for int() with base 10: '1tb'",
		"-e info -e info":              "conflicting command line option '-e'",
		"-n --nodaemon":                "conflicting command line option '--nodaemon'",
		"-nn":                          "conflicting command line option '-n'",
		"-c a --configuration b":       "conflicting command line option '--configuration'",
		"-é":                           "option -é not recognized",
		"--profile_options a --prof b": "conflicting command line option '--profile_options'",
	} {
		_, err := ParseArgs("/usr/bin/supervisord", strings.Fields(args))
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got: %v\nwant: %s", args, err, want)
		}
	}
}

func TestParseArgsStops(t *testing.T) {
	for args, want := range map[string]Options{
		"-h":                {Help: true},
		"-?":                {Help: true},
		"-n -? -?":          {Help: true},
		"-h -h":             {Help: true},
		"-v -v":             {Version: true},
		"--help -n -n":      {Help: true},
		"-v -m 999":         {Version: true},
		"-vh":               {Version: true},
		"-hv":               {Help: true},
		"-c x --vers":       {Version: true, ConfigFile: "x"},
		"-cx -n":            {ConfigFile: "x"},
		"--version":         {Version: true},
		"--configuration x": {ConfigFile: "x"},
		"-ncx":              {ConfigFile: "x"},
		"--conf=x -s":       {ConfigFile: "x"},
		"--conf x --":       {ConfigFile: "x"},
	} {
		o, err := ParseArgs("/usr/bin/supervisord", strings.Fields(args))
		if err != nil {
			t.Errorf("%s: %v", args, err)
			continue
		}
		got := Options{Help: o.Help, Version: o.Version, ConfigFile: o.ConfigFile}
		if got.Help != want.Help || got.Version != want.Version || got.ConfigFile != want.ConfigFile {
			t.Errorf("%s: %+v", args, got)
		}
		if o.SearchWarning != "" {
			t.Errorf("%s: warns of searching", args)
		}
	}
}

// TestOverrides checks that the command line overrides the file at each Load, except with an empty path.
func TestOverrides(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "sd.conf", "[supervisord]\nloglevel=warn\nminfds=7\nnodaemon=false\nlogfile=syslog\n"+
		"umask=077\npidfile="+dir+"/p\nuser=nosuchuser\nidentifier=x\nlogfile_maxbytes=-5")
	c, err := loadFile(t, path, "-n", "-s", "-k", "-t", "-u", "0", "-m", "027", "-d", dir, "-l", dir+"/l", "-y", "2KB",
		"-z", "3", "-e", "Trace", "-j", "", "-i", "", "-q", dir, "-a", "9", "--minprocs=8")
	if err != nil {
		t.Fatal(err)
	}
	long, err := loadFile(t, path, "--nodaemon", "--silent", "--nocleanup", "--strip_ansi", "--user=0", "--umask=027", "--directory",
		dir, "--logfile", dir+"/l", "--logfile_maxbytes", "2KB", "--logfile_backups=3", "--loglevel", "Trace", "--pidfile", "",
		"--identifier", "", "--childlogdir", dir, "--minfds", "9", "--minprocs=8", "--profile_options=x")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Supervisord, long.Supervisord); diff != "" {
		t.Errorf("long options: %s", diff)
	}
	got := c.Supervisord
	if got.User == nil || got.User.UID != 0 {
		t.Errorf("user: %+v", got.User)
	}
	got.User = nil
	want := Supervisord{Logfile: dir + "/l", LogfileMaxBytes: 2048, LogfileBackups: 3, Audit: AuditLog{MaxBytes: 52428800, Backups: 10}, Loglevel: api.Trace,
		Pidfile: dir + "/p", Umask: 0o27, NoDaemon: true, Silent: true, MinFDs: 9, MinProcs: 8, NoCleanup: true, Cgroup: "auto", Metrics: true, MetricsResources: "process",
		ChildLogDir: dir, Directory: dir, StripANSI: true, Environment: map[string]string{},
		Shipping: Shipping{Facility: 1, OutPriority: 6, ErrPriority: 6}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSearch(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	o, err := ParseArgs(dir+"/bin/supervisord", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/etc/supervisor/supervisord.conf"); err != nil {
		_, err = Load(o, nil)
		want := "No config file found at default paths (" + dir + "/etc/supervisord.conf, " + dir +
			"/supervisord.conf, supervisord.conf, etc/supervisord.conf, /etc/supervisord.conf, " +
			"/etc/supervisor/supervisord.conf); use the -c option to specify a config file at a different path"
		if err == nil || err.Error() != want {
			t.Errorf("nothing found\n got: %v\nwant: %s", err, want)
		}
	}
	if warns := o.SearchWarning != ""; warns != (os.Getuid() == 0) {
		t.Errorf("warning: %q", o.SearchWarning)
	}
	write(t, dir, "etc/supervisord.conf", "[supervisord]")
	if c, err := Load(o, nil); err != nil || c.Path != dir+"/etc/supervisord.conf" {
		t.Errorf("beside the program: %v, %v", c, err)
	}
	o, _ = ParseArgs("supervisord", nil)
	if c, err := Load(o, nil); err != nil || c.Path != "etc/supervisord.conf" {
		t.Errorf("in the working directory: %v, %v", c, err)
	}
	want := []string{"/usr/etc/supervisord.conf", "/usr/supervisord.conf", "supervisord.conf", "etc/supervisord.conf",
		"/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"}
	if diff := cmp.Diff(want, searchPaths("/usr/bin/supervisord")); diff != "" {
		t.Error(diff)
	}
}

// TestRelativeConfig checks that a relative -c means the same file after a change of directory, and is shown as given.
func TestRelativeConfig(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, "sd.conf", "[supervisord]\n[program:x]\ncommand=%(here)s/x")
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", "sd.conf"})
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("/")
	c, err := Load(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Groups[0].Processes[0].Run.Command; got != dir+"/x" {
		t.Errorf("here: %s", got)
	}
	write(t, dir, "sd.conf", "[supervisord]\n[program:x]")
	want := "program section program:x does not specify a command in section 'program:x' (file: 'sd.conf')"
	if _, err := Load(o, nil); err == nil || err.Error() != want {
		t.Errorf("got: %v\nwant: %s", err, want)
	}
	if err := os.Remove(filepath.Join(dir, "sd.conf")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(o, nil); err == nil || err.Error() != "could not find config file sd.conf" {
		t.Errorf("missing: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sd.conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(o, nil); err == nil || err.Error() != "could not read config file sd.conf" {
		t.Errorf("unreadable: %v", err)
	}
}

// TestUser checks the error about a user that is looked up after all else, with and without the command line.
func TestUser(t *testing.T) {
	path := write(t, t.TempDir(), "sd.conf", "[supervisord]\n\nuser=nosuchuser\n")
	for args, want := range map[string]ini.Error{
		"":               {File: path, Line: 3, Section: "supervisord", Key: "user", Value: "nosuchuser", Text: "Invalid user name nosuchuser"},
		"-u nosuchother": {File: path, Section: "supervisord", Key: "user", Value: "nosuchother", Text: "Invalid user name nosuchother"},
	} {
		_, err := loadFile(t, path, strings.Fields(args)...)
		var got *ini.Error
		if !errors.As(err, &got) {
			t.Errorf("%q: %v", args, err)
		} else if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%q: %s", args, diff)
		}
	}
	if c, err := loadFile(t, path, "-u", "0"); err != nil || c.Supervisord.User.UID != 0 {
		t.Errorf("-u 0: %v", err)
	}
}

// TestExplain checks the second line of an error, which has its place.
func TestExplain(t *testing.T) {
	for want, err := range map[string]error{
		"x":                 errors.New("x"),
		"y":                 &ini.Error{Text: "y", File: "f", Section: "s"},
		"z":                 &ini.Error{Text: "z", File: "f", Line: 1},
		"s":                 &ini.Error{Text: "s", File: "f", Line: 1, Section: "s", Syntax: true},
		"p\n  f:1: [s] k=v": &ini.Error{Text: "p", File: "f", Line: 1, Section: "s", Key: "k", Value: "v"},
	} {
		if got := Explain(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	var b strings.Builder
	PrintUsageError(&b, "/d", &ini.Error{Text: "p", File: "f", Line: 1, Section: "s"})
	if want := "Error: p\n  f:1: [s]\nFor help, use /d -h\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// TestProgramPath checks how a program without a slash is searched.
func TestProgramPath(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/dir/x", "b/plain", "c/prog", "d/prog", "e/all", "e/writable"} {
		write(t, dir, name, "")
	}
	for _, name := range []string{"c/prog", "d/prog"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o100); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"e/all": 0o001, "e/writable": 0o222} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+"/a:"+dir+"/b:"+dir+"/none:"+dir+"/c:"+dir+"/d:"+dir+"/e")
	for argv0, want := range map[string]string{"prog": dir + "/c/prog", "./prog": "./prog", "/x/prog": "/x/prog", "plain": "plain",
		"dir": "dir", "missing": "missing", "all": dir + "/e/all", "writable": "writable"} {
		if got := ProgramPath(argv0); got != want {
			t.Errorf("%s: %s, want %s", argv0, got, want)
		}
	}
}

// TestOptionNames checks the names of the options, which may be shortened.
func TestOptionNames(t *testing.T) {
	want := "-h help, -? , -c configuration, - check, - exit-on, - show, - show-defaults, -n nodaemon, -s silent, -k nocleanup, -t strip_ansi, -u user, -m umask, -d directory, " +
		"-l logfile, -y logfile_maxbytes, -z logfile_backups, -e loglevel, -j pidfile, -i identifier, -q childlogdir, -a minfds, - minprocs, " +
		"- profile_options, -v version"
	var names []string
	for _, o := range daemonOptions {
		names = append(names, strings.TrimRight("-"+string(rune(o.Short)), "\x00")+" "+o.Long)
	}
	wantNames := strings.Split(want, ", ")
	slices.Sort(wantNames)
	slices.Sort(names)
	if diff := cmp.Diff(wantNames, names); diff != "" {
		t.Error(diff)
	}
	names = nil
	for _, o := range ctlOptions {
		names = append(names, strings.TrimRight("-"+string(rune(o.Short)), "\x00")+" "+o.Long)
	}
	want = "-h help, -? , -c configuration, -i interactive, -s serverurl, -u username, -p password, - password-file, -r history_file, - history-file"
	if diff := cmp.Diff(want, strings.Join(names, ", ")); diff != "" {
		t.Error(diff)
	}
}

// TestHelp compares the help texts with files.
func TestHelp(t *testing.T) {
	compareFile(t, "testdata/supervisord.txt", Usage("/bin/d"))
	compareFile(t, "testdata/supervisorctl.txt", CtlUsage("/bin/d"))
}

// TestUsage checks that the help texts name all options, and that the line about -c is the original's.
func TestUsage(t *testing.T) {
	for text, longs := range map[string][]string{
		Usage("/bin/d"): {"nodaemon", "silent", "help", "version", "user", "umask", "directory", "logfile",
			"logfile_maxbytes", "logfile_backups", "loglevel", "pidfile", "identifier", "childlogdir", "nocleanup",
			"minfds", "strip_ansi", "minprocs", "profile_options"},
		CtlUsage("/bin/d"): {"interactive", "serverurl", "username", "password", "history-file", "help"},
	} {
		if !strings.Contains(text, "\nUsage: /bin/d [options]") || !strings.HasSuffix(text, "\n\n") ||
			!strings.Contains(text, "\n-c/--configuration FILENAME -- configuration file path (searches if not given)\n") {
			t.Errorf("layout:\n%s", text)
		}
		for _, long := range longs {
			if !strings.Contains(text, "--"+long+" ") {
				t.Errorf("--%s is missing", long)
			}
		}
	}
	var b strings.Builder
	PrintUsageError(&b, "/bin/d", &ini.Error{Text: "x"})
	if got := b.String(); got != "Error: x\nFor help, use /bin/d -h\n" {
		t.Errorf("usage error: %q", got)
	}
}
