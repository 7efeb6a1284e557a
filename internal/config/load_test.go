package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// testEnviron is the environment in tests.
var testEnviron = []string{"HOME=/root", "lc=lower"}

// write writes a file below dir and returns its path.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// loadFile loads a file as with -c and other arguments.
func loadFile(t testing.TB, path string, args ...string) (*Config, error) {
	t.Helper()
	o, err := ParseArgs("/usr/bin/supervisord", append([]string{"-c", path}, args...))
	if err != nil {
		t.Fatal(err)
	}
	return Load(o, testEnviron)
}

// mustLoad loads a configuration, which must be valid.
func mustLoad(t testing.TB, text string, args ...string) *Config {
	t.Helper()
	c, err := loadFile(t, write(t, t.TempDir(), "sd.conf", text), args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	suffix  = " in section 'program:x' (file: 'CONF')"
	integer = "invalid literal for int() with base 10: "
	pairs   = "Unexpected end of key/value pairs"
	noDir   = "The directory named as part of the path "
	process = "ENV_HOME, ENV_lc, group_name, here, host_node_name, numprocs, process_num, program_name"
)

// catalogue lists configurations and the messages with which they are refused; an empty one means accepted. Bars separate lines. A
// text that begins with S is in [supervisord], with P in [program:x], with + after both, and with = it is the whole file. CONF is the
// path of the file.
var catalogue = []struct{ text, message string }{
	{`S|minfds=abc`, integer + `'abc'`},
	{`S|minfds=`, integer + `''`},
	{`S|minfds=10.5`, integer + `'10.5'`},
	{`S|minfds=-1`, ``},
	{`S|minfds=1_000`, ``},
	{`S|MinFDs=abc`, integer + `'abc'`},
	{`S|minprocs=abc`, integer + `'abc'`},
	{`S|directory=/nonexistent`, `/nonexistent is not an existing directory`},
	{`S|user=nosuchuser`, `Invalid user name nosuchuser`},
	{`S|user=99999`, `Invalid user id 99999`},
	{`S|user=`, `Invalid user name `},
	{`S|umask=9`, `9 can not be converted to an octal type`},
	{`S|umask=0o22`, ``},
	{`S|umask=777777`, ``},
	{`S|umask=-1`, ``},
	{`S|logfile=/nonexistent/x.log`, noDir + `/nonexistent/x.log does not exist`},
	{`S|logfile_maxbytes=1TB`, integer + `'1tb'`},
	{`S|logfile_maxbytes=1.5MB`, integer + `'1.5'`},
	{`S|logfile_maxbytes=KB`, integer + `''`},
	{`S|logfile_maxbytes=1 MB`, ``},
	{`S|logfile_maxbytes=1kb`, ``},
	{`S|logfile_maxbytes=-1`, ``},
	{`S|logfile_backups=abc`, integer + `'abc'`},
	{`S|loglevel=warning`, `bad logging level name 'warning'`},
	{`S|loglevel=bogus`, `bad logging level name 'bogus'`},
	{`S|loglevel=INFO`, ``},
	{`S|pidfile=/nonexistent/x.pid`, noDir + `/nonexistent/x.pid does not exist`},
	{`S|nodaemon=maybe`, `not a valid boolean value: 'maybe'`},
	{`S|silent=x`, `not a valid boolean value: 'x'`},
	{`S|nocleanup=x`, `not a valid boolean value: 'x'`},
	{`S|strip_ansi=x`, `not a valid boolean value: 'x'`},
	{`S|childlogdir=/nonexistent`, `/nonexistent is not an existing directory`},
	{`S|environment=A`, pairs},
	{`S|environment=A=`, pairs},
	{`S|environment=A=1,B`, pairs},
	{`S|environment=A=1 B=2`, pairs},
	{`S|environment==1`, pairs},
	{`S|environment=A=1,,B=2`, pairs},
	{`S|environment=A=a;b`, pairs},
	{`S|environment=A=a@b`, pairs},
	{`S|environment=A="1`, `No closing quotation`},
	{`S|environment=A=1,`, ``},
	{`S|environment=A==1`, ``},
	{`S|environment=A=a#b`, ``},
	{`S|environment=A=/x:/y`, ``},
	{`S|environment=A=%(foo)s`, `Format string for 'environment' contains names which cannot be ` +
		`expanded. Available names: ENV_HOME, ENV_lc, here, host_node_name`},
	{`S|identifier=%(ENV_NOPE)s`, `Format string '%(ENV_NOPE)s' for 'supervisord.identifier' contains names ` +
		`('ENV_NOPE') which cannot be expanded. Available names: ENV_HOME, ENV_lc, here`},
	{`S|identifier=100%`, `Format string '100%' for 'supervisord.identifier' is badly formatted: incomplete format`},
	{`S|identifier=%(host_node_name)s`, `Format string '%(host_node_name)s' for 'supervisord.identifier' contains ` +
		`names ('host_node_name') which cannot be expanded. Available names: ENV_HOME, ENV_lc, here`},
	{`S|logfile=NONE`, ``},
	{`S|logfile=auto`, ``},
	{`S|logfile=syslog`, ``},
	{`S|[program:x]`, `program section program:x does not specify a command` + suffix},
	{`S|[program:a b]|command=x`, `Invalid name: 'a b' because of character: ' '`},
	{`S|[program:a:b]|command=x`, `Invalid name: 'a:b' because of character: ':'`},
	{`S|[program:a/b]|command=x`, `Invalid name: 'a/b' because of character: '/'`},
	{`S|[program:]|command=x`, ``},
	{`S|[program: a]|command=x`, ``},
	{`S|[program:a.b]|command=x`, ``},
	{`S|[program:é]|command=x`, ``},
	{`S|[program:*]|command=x`, ``},
	{`S|[program:all]|command=x`, ``},
	{`P|priority=abc`, integer + `'abc'`},
	{`P|autostart=maybe`, `not a valid boolean value: 'maybe'` + suffix},
	{`P|autorestart=Maybe`, `invalid 'autorestart' value 'maybe'` + suffix},
	{`P|autorestart=Unexpected`, ``},
	{`P|startsecs=abc`, integer + `'abc'` + suffix},
	{`P|startsecs=0.5`, integer + `'0.5'` + suffix},
	{`P|startretries=abc`, integer + `'abc'` + suffix},
	{`P|stopwaitsecs=abc`, integer + `'abc'` + suffix},
	{`P|numprocs=abc`, integer + `'abc'` + suffix},
	{`P|numprocs_start=abc`, integer + `'abc'` + suffix},
	{`P|stdout_logfile_backups=abc`, integer + `'abc'` + suffix},
	{`P|stderr_logfile_backups=abc`, integer + `'abc'` + suffix},
	{`P|startsecs=-1`, ``},
	{`P|startretries=-1`, ``},
	{`P|stopwaitsecs=-1`, ``},
	{`P|numprocs=0`, ``},
	{`P|numprocs=-1`, ``},
	{`P|stopsignal=FOO`, `value 'FOO' is not a valid signal name` + suffix},
	{`P|stopsignal=`, `value '' is not a valid signal name` + suffix},
	{`P|stopsignal=SIG_DFL`, `value 'SIG_DFL' is not a valid signal name` + suffix},
	{`P|stopsignal=0`, `value '0' is not a valid signal number` + suffix},
	{`P|stopsignal=99`, `value '99' is not a valid signal number` + suffix},
	{`P|stopsignal=65`, `value '65' is not a valid signal number` + suffix},
	{`P|stopsignal=-9`, `value '-9' is not a valid signal number` + suffix},
	{`P|stopsignal=term`, ``},
	{`P|stopsignal=15`, ``},
	{`P|stopsignal=SIGTERM`, ``},
	{`P|stopsignal=RTMIN`, ``},
	{`P|stopsignal=34`, ``},
	{`P|stopsignal=64`, ``},
	{`P|stopasgroup=x`, `not a valid boolean value: 'x'` + suffix},
	{`P|killasgroup=x`, `not a valid boolean value: 'x'` + suffix},
	{`P|redirect_stderr=x`, `not a valid boolean value: 'x'` + suffix},
	{`P|stdout_events_enabled=x`, `not a valid boolean value: 'x'` + suffix},
	{`P|stderr_events_enabled=x`, `not a valid boolean value: 'x'` + suffix},
	{`P|stdout_syslog=x`, `not a valid boolean value: 'x'` + suffix},
	{`P|stderr_syslog=x`, `not a valid boolean value: 'x'` + suffix},
	{`P|stopasgroup=true|killasgroup=false`, `Cannot set stopasgroup=true and killasgroup=false` + suffix},
	{`P|stopasgroup=true`, ``},
	{`P|exitcodes=256`, `not a valid list of exit codes: '256'` + suffix},
	{`P|exitcodes=-1`, `not a valid list of exit codes: '-1'` + suffix},
	{`P|exitcodes=abc`, `not a valid list of exit codes: 'abc'` + suffix},
	{`P|exitcodes=0,`, `not a valid list of exit codes: '0,'` + suffix},
	{`P|exitcodes=0,2, 3`, ``},
	{`P|exitcodes=`, ``},
	{`P|numprocs=2`, `%(process_num) must be present within process_name when numprocs > 1` + suffix},
	{`P|numprocs=2|process_name=y`, `%(process_num) must be present within process_name when numprocs > 1` + suffix},
	{`P|stdout_capture_maxbytes=abc`, integer + `'abc'` + suffix},
	{`P|stderr_capture_maxbytes=abc`, integer + `'abc'` + suffix},
	{`P|stdout_logfile_maxbytes=abc`, integer + `'abc'` + suffix},
	{`P|stderr_logfile_maxbytes=abc`, integer + `'abc'` + suffix},
	{`P|user=nosuchuser`, `Invalid user name nosuchuser` + suffix},
	{`P|user=99999`, `Invalid user id 99999` + suffix},
	{`P|umask=abc`, `abc can not be converted to an octal type` + suffix},
	{`P|process_name=a b`, `Invalid name: 'a b' because of character: ' '` + suffix},
	{`P|process_name=a:b`, `Invalid name: 'a:b' because of character: ':'` + suffix},
	{`P|process_name=a/b`, `Invalid name: 'a/b' because of character: '/'` + suffix},
	{`P|process_name=%(foo)s`, `Format string '%(foo)s' for 'process_name' contains names ('foo') which cannot be ` +
		`expanded. Available names: ` + process + suffix},
	{`P|process_name=%(process_num)`,
		`Format string '%(process_num)' for 'process_name' is badly formatted: incomplete format` + suffix},
	{`P|environment=A`, pairs + suffix},
	{`P|environment=A=%(foo)s`, `Format string for 'environment' contains names which cannot be ` +
		`expanded. Available names: ` + process + suffix},
	{`P|directory=/nonexistent`, ``},
	{`P|directory=%(nope)s`, `Format string '%(nope)s' for 'program:x.directory' contains names ('nope') which ` +
		`cannot be expanded. Available names: ` + process + suffix},
	{`P|command=%(nope)s`, `Format string for 'program:x.command' contains names which ` +
		`cannot be expanded. Available names: ` + process + suffix},
	{`P|stdout_logfile=%(nope)s`, `Format string '%(nope)s' for 'program:x.stdout_logfile' contains names ('nope') ` +
		`which cannot be expanded. Available names: ` + process + suffix},
	{`P|startsecs=%(process_num)s`, `Format string '%(process_num)s' for 'program:x.startsecs' contains names ` +
		`('process_num') which cannot be expanded. Available names: ENV_HOME, ENV_lc, group_name, here, ` +
		`host_node_name, program_name` + suffix},
	{`P|priority=%(program_name)s`, `Format string '%(program_name)s' for 'program:x.priority' contains names ` +
		`('program_name') which cannot be expanded. Available names: ENV_HOME, ENV_lc, here`},
	{`P|stdout_logfile=/nonexistent/x`, noDir + `/nonexistent/x does not exist` + suffix},
	{`P|stdout_logfile=/tmp`, ``},
	{`P|command=/bin/cat %`,
		`Format string for 'program:x.command' is badly formatted: a percent sign that begins no name is written %%` + suffix},
	{`P|command=/bin/cat "unterminated`, ``},
	{`P|command=`, ``},
	{`P|[group:g]`, ``},
	{`P|[group:g]|programs=`, ``},
	{`P|[group:g]|programs=nope`, `[group:g] names unknown program or fcgi-program nope`},
	{`P|[group:g]|programs=x,nope`, `[group:g] names unknown program or fcgi-program nope`},
	{`P|[group:g]|programs=x,`, `[group:g] names unknown program or fcgi-program `},
	{`P|[group:g]|programs=x|priority=abc`, integer + `'abc'`},
	{`P|[group:g h]|programs=x`, `Invalid name: 'g h' because of character: ' '`},
	{`P|[fcgi-program:x]|command=x|[group:g]|programs=x`,
		`[group:g] name x is ambiguous (exists as program and fcgi-program)`},
	{`P|[eventlistener:l]|command=x|[group:g]|programs=l`, `[group:g] names unknown program or fcgi-program l`},
	{`S|[eventlistener:l]|command=x`, `[eventlistener:l] section requires an "events" line`},
	{`S|[eventlistener:l]|command=x|events=`, `[eventlistener:l] section requires an "events" line`},
	{`S|[eventlistener:l]|command=x|events=FOO`, `Unknown event type FOO in [eventlistener:l] events`},
	{`S|[eventlistener:l]|command=x|events=TICK,`, `Unknown event type  in [eventlistener:l] events`},
	{`S|[eventlistener:l]|command=x|events=tick_5,process_State`, ``},
	{`S|[eventlistener:l]|command=x|events=TICK|buffer_size=0`,
		`[eventlistener:l] section sets invalid buffer_size (0)`},
	{`S|[eventlistener:l]|command=x|events=TICK|buffer_size=-3`,
		`[eventlistener:l] section sets invalid buffer_size (-3)`},
	{`S|[eventlistener:l]|command=x|events=TICK|buffer_size=abc`, integer + `'abc'`},
	{`S|[eventlistener:l]|command=x|events=TICK|priority=zz`, integer + `'zz'`},
	{`S|[eventlistener:l]|command=x|events=TICK|redirect_stderr=true`, `[eventlistener:l] section sets ` +
		`redirect_stderr=true but this is not allowed because it will interfere with the eventlistener protocol`},
	{`S|[eventlistener:l]|command=x|events=TICK|result_handler=no.such:mod`,
		`no.such:mod cannot be resolved within [eventlistener:l]: No module named 'no'`},
	{`S|[eventlistener:a b]|command=x|events=TICK`,
		`Invalid name: 'a b' because of character: ' ' in section 'eventlistener:a b' (file: 'CONF')`},
	{`S|[eventlistener:l]|events=TICK`, `program section eventlistener:l does not specify a command in section ` +
		`'eventlistener:l' (file: 'CONF')`},
	{`S|[fcgi-program:f]|command=x`, `[fcgi-program:f] section requires a "socket" line`},
	{`S|[fcgi-program:f]|command=x|socket=`, `[fcgi-program:f] section requires a "socket" line`},
	{`S|[fcgi-program:f]|command=x|socket=http://x:9`, `Bad socket format http://x:9 in [fcgi-program:f] socket`},
	{`S|[fcgi-program:f]|command=x|socket=TCP://x:9`, `Bad socket format TCP://x:9 in [fcgi-program:f] socket`},
	{`S|[fcgi-program:f]|command=x|socket=tcp://localhost`,
		`Bad socket format tcp://localhost in [fcgi-program:f] socket`},
	{`S|[fcgi-program:f]|command=x|socket=unix://rel/x`,
		`Unix socket path rel/x is not an absolute path in [fcgi-program:f] socket`},
	{`S|[fcgi-program:f]|command=x|socket=tcp://localhost:99999`,
		`99999 is above upper bound (65535) in [fcgi-program:f] socket`},
	{`S|[fcgi-program:f]|command=x|socket=tcp://localhost:0`,
		`0 is below lower bound (1) in [fcgi-program:f] socket`},
	{`S|[fcgi-program:f]|command=x|socket=tcp://h:9|socket_mode=0700`, `socket_owner and socket_mode params should ` +
		`only be used with a Unix domain socket in [fcgi-program:f] socket`},
	{`S|[fcgi-program:f]|command=x|socket=tcp://h:9|socket_backlog=70000`, `Invalid socket_backlog value 70000`},
	{`S|[fcgi-program:f]|command=x|socket=tcp://h:9|socket_backlog=0`, `Invalid socket_backlog value 0`},
	{`S|[fcgi-program:f]|command=x|socket=tcp://h:9|socket_backlog=x`, integer + `'x'`},
	{`S|[fcgi-program:f]|command=x|socket=unix:///tmp/f|socket_owner=nosuch`, `Invalid socket_owner value nosuch`},
	{`S|[fcgi-program:f]|command=x|socket=unix:///tmp/f|socket_owner=root:nosuch`,
		`Invalid socket_owner value root:nosuch`},
	{`S|[fcgi-program:f]|command=x|socket=unix:///tmp/f|socket_mode=zz`, `Invalid socket_mode value zz`},
	{`S|[fcgi-program:f]|command=x|socket=unix:///tmp/f|user=nosuch`, `Invalid user name nosuch`},
	{`S|[fcgi-program:f]|command=x|socket=unix:///d/%(process_num)s`, `Format string 'unix:///d/%(process_num)s' ` +
		`for 'fcgi-program:f.socket' contains names ('process_num') which cannot be expanded. Available names: ` +
		`ENV_HOME, ENV_lc, here, program_name`},
	{`S|[fcgi-program:f]|command=x|socket=unix:///tmp/%(program_name)s`, ``},
	{`S|[inet_http_server]`, `section [inet_http_server] has no port value`},
	{`S|[inet_http_server]|port=abc`, `not a valid port number: 'abc' `},
	{`S|[inet_http_server]|port=0`, `not a valid port number: '0' `},
	{`S|[inet_http_server]|port=70000`, `not a valid port number: '70000' `},
	{`S|[inet_http_server]|port=-1`, `not a valid port number: '-1' `},
	{`S|[inet_http_server]|port=`, `not a valid port number: '' `},
	{`S|[inet_http_server]|port=127.0.0.1:`, `no port number specified in ''`},
	{`S|[inet_http_server]|port=127.0.0.1:abc`, integer + `'abc'`},
	{`S|[inet_http_server]|port=127.0.0.1:0`, `0 is below lower bound (1)`},
	{`S|[inet_http_server]|port=127.0.0.1:70000`, `70000 is above upper bound (65535)`},
	{`S|[inet_http_server]|port=%(here)s`, `Format string '%(here)s' for 'inet_http_server.port' contains names ` +
		`('here') which cannot be expanded. Available names: ENV_HOME, ENV_lc`},
	{`S|[inet_http_server]|port=9|username=u`, `Section [inet_http_server] contains incomplete authentication: If a ` +
		`username or a password is specified, both the username and password must be specified`},
	{`S|[unix_http_server]|file=/tmp/s|password=p`, `Section [unix_http_server] contains incomplete authentication: ` +
		`If a username or a password is specified, both the username and password must be specified`},
	{`S|[inet_http_server]|port=9|username=|password=`, ``},
	{`S|[unix_http_server]`, `section [unix_http_server] has no file value`},
	{`S|[unix_http_server]|file=`, `section [unix_http_server] has no file value`},
	{`S|[unix_http_server]|file=/tmp/s|chmod=zzz`, `Invalid chmod value zzz`},
	{`S|[unix_http_server]|file=/tmp/s|chown=nosuch`, `Invalid sockchown value nosuch`},
	{`S|[unix_http_server]|file=/tmp/s|chown=root.root`, `Invalid sockchown value root.root`},
	{`S|[unix_http_server]|file=/nonexistent/s`, ``}, // found when it is opened
	{`S|[rpcinterface:foo]`, `section [rpcinterface:foo] does not specify a supervisor.rpcinterface_factory`},
	{`S|[rpcinterface:foo]|supervisor.rpcinterface_factory=nope.nope:x`,
		`nope.nope:x cannot be resolved within [rpcinterface:foo]: No module named 'nope'`},
	{`S|[include]`, `.ini file has [include] section, but no files setting`},
	{`S|[include]|files=`, ``},
	{`S|[include]|files=%(nope)s`, `Format string '%(nope)s' for 'include.files' contains names ('nope') which ` +
		`cannot be expanded. Available names: ENV_HOME, ENV_lc, here, host_node_name`},
	{`S|nosuchkey=1|[program]|[prog:x]|a=b`, ``},
	{`S|minfds=abc|minfds=5|[supervisord]|minprocs=7`, ``},
	{`S|[DEFAULT]|command=/bin/cat|[program:x]`, ``},

	// The dialect.
	{`=foo=bar`, "File contains no section headers.\nfile: 'CONF', line: 1\n'...'"},
	{"=\ufeff[supervisord]", ``}, // the original refuses a byte order mark
	{"=x\ufeff[supervisord]", "File contains no section headers.\nfile: 'CONF', line: 1\n'...'"},
	{`=[supervisord]|this is junk||more junk`, "Source contains parsing errors: 'CONF'\n" +
		"\t[line  2]: '...'\n\t[line  4]: '...'"},
	{`=[supervisord]|=x`, "Source contains parsing errors: 'CONF'\n\t[line  2]: '...'"},
	{`=`, `.ini file does not include supervisord section`},
	{`=[Supervisord]`, `.ini file does not include supervisord section`},
	{`=[supervisord]|[program:x ; c|command=x`, ``}, // the bracket is cut off, a key "[program" is left
	{"=[supervisord]|a=\xe9|", `'utf-8' codec can't decode byte 0xe9 in position 16: invalid continuation byte`},
	{"=[supervisord]|a=\xff|", `'utf-8' codec can't decode byte 0xff in position 16: invalid start byte`},
	{"=[supervisord]|a=\xe2\x82|", `'utf-8' codec can't decode bytes in position 16-17: invalid continuation byte`},

	// Formats.
	{`S|identifier=%(here)q`, `Format string '%(here)q' for 'supervisord.identifier' is badly formatted: ` +
		`unsupported format character 'q' (0x71) at index 7`},
	{`S|identifier=%(here)d`, `Format string '%(here)d' for 'supervisord.identifier' is badly formatted: ` +
		`%d format: a real number is required, not str`},
	{`S|identifier=%5%`, `Format string '%5%' for 'supervisord.identifier' is badly formatted: ` +
		`unsupported format character '%' (0x25) at index 2`},
	{`S|identifier=%(here)%`, `Format string '%(here)%' for 'supervisord.identifier' is badly formatted: ` +
		`unsupported format character '%' (0x25) at index 7`},
	{`S|minfds=٣`, ``},
	{`S|identifier=%d`, `Format string '%d' for 'supervisord.identifier' is badly formatted: ` +
		`%d format: a real number is required, not dict`},
	{`S|identifier=%s`, `Format string '%s' for 'supervisord.identifier' is badly formatted: ` +
		`%s format: a name is required`},
	{`S|identifier=%(here`, `Format string '%(here' for 'supervisord.identifier' is badly formatted: ` +
		`incomplete format key`},
	{`S|identifier=%(here)99999999999s`, `Format string '%(here)99999999999s' for 'supervisord.identifier' is ` +
		`badly formatted: width too big`},
}

// conf returns the configuration for a text of the catalogue.
func conf(dir, text string) string {
	lines := strings.ReplaceAll(text[1:], "|", "\n") + "\n"
	head := "[supervisord]\nlogfile=" + dir + "/l\npidfile=" + dir + "/p\nchildlogdir=" + dir
	switch text[0] {
	case 'S':
		return head + lines
	case 'P':
		return head + "\n[program:x]\ncommand=/bin/cat" + lines
	}
	return strings.TrimPrefix(lines, "\n")
}

func TestCatalogue(t *testing.T) {
	for _, c := range catalogue {
		dir := t.TempDir()
		path := write(t, dir, "sd.conf", conf(dir, c.text))
		_, err := loadFile(t, path)
		want := strings.ReplaceAll(c.message, "CONF", path)
		if err == nil && want == "" {
			continue
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got: %v\nwant: %s", c.text, err, want)
		}
		var e *ini.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%s: the error is a %T", c.text, err)
		}
		if e != nil && e.Key != "" && !strings.Contains(strings.ToLower(conf(dir, c.text)), "\n"+e.Key) &&
			!strings.Contains(want, e.Key) {
			t.Errorf("%s: it has no key %s", c.text, e.Key)
		}
	}
}

// hasPrefixWithPath reports whether text begins with prefix, after PATH in it is replaced.
func hasPrefixWithPath(text, prefix, path string) bool {
	return strings.HasPrefix(text, strings.ReplaceAll(prefix, "PATH", path))
}

func TestErrorFields(t *testing.T) {
	path := write(t, t.TempDir(), "sd.conf", "[supervisord]\n\n[program:x]\ncommand=x\nstartsecs=%(ENV_lc)s\n")
	_, err := loadFile(t, path)
	var e *ini.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T: %v", err, err)
	}
	got := *e
	got.Text = ""
	if want := (ini.Error{File: path, Line: 5, Section: "program:x", Key: "startsecs", Value: "%(ENV_lc)s"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
