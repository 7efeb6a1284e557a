package config

import (
	"io/fs"
	"slices"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/rotation"
)

// The headings of the keys of [supervisord] in the reference.
const (
	daemonTopic = "supervisord itself"
	logTopic    = "Main log"
	childTopic  = "Programs"
)

type daemonKey[T any] = keyOf[settings, T]

// daemonKeys are the keys of [supervisord].
var daemonKeys = table(Key{Sections: InSupervisord, Scope: ofFile, Update: nothing}, slices.Concat([]row[settings]{
	&daemonKey[int]{Key: Key{Name: "minfds", Topic: daemonTopic, Other: "1025",
		Help: "raise the limit of open files to at least this"},
		Type: intType, Absent: 1024, Field: func(s *settings) *int { return &s.MinFDs }},
	&daemonKey[int]{Key: Key{Name: "minprocs", Topic: daemonTopic, Other: "201",
		Help: "raise the limit of processes to at least this"},
		Type: intType, Absent: 200, Field: func(s *settings) *int { return &s.MinProcs }},
	&daemonKey[string]{Key: Key{Name: "directory", Topic: daemonTopic, Default: "stay", Other: "/",
		Help: "working directory, in the background only"},
		Type: directoryType, Field: func(s *settings) *string { return &s.Directory }},
	&daemonKey[*string]{Key: Key{Name: "user", Topic: daemonTopic, Default: "stay", Other: "0",
		Help: "switch to this user at start; needs root"},
		Type: laterType, Field: func(s *settings) **string { return &s.user }},
	&daemonKey[int]{Key: Key{Name: "umask", Topic: daemonTopic, Default: "`022`; in the foreground, that of the caller", Other: "027",
		Help: "file mode mask, also for programs; with any value, users outside the group of a log cannot write it"},
		Type: ownUmaskType, Absent: -1, Field: func(s *settings) *int { return &s.Umask }},
	&daemonKey[string]{Key: Key{Name: "logfile", Topic: logTopic, Other: "other.log",
		Help: "main log, for example `/var/log/supervisord.log`"},
		Type: mainLogType, Absent: "supervisord.log", Field: func(s *settings) *string { return &s.Logfile }},
	&daemonKey[Bytes]{Key: Key{Name: "logfile_maxbytes", Topic: logTopic, Other: "2KB",
		Help: "size at which the main log is rotated; 0: never"},
		Type: sizeType, Absent: 50 << 20, Field: func(s *settings) *Bytes { return &s.LogfileMaxBytes }},
	&daemonKey[int]{Key: Key{Name: "logfile_backups", Topic: logTopic, Other: "6", Help: "rotated main logs to keep"},
		Type: intType, Absent: 10, Field: func(s *settings) *int { return &s.LogfileBackups }},
	&daemonKey[api.Level]{Key: Key{Name: "loglevel", Topic: logTopic, Other: "debug", Help: "lowest level that is logged"},
		Type: levelType, Absent: api.Info, Field: func(s *settings) *api.Level { return &s.Loglevel }},
	&daemonKey[string]{Key: Key{Name: "pidfile", Topic: daemonTopic, Other: "other.pid", Help: "file for the pid"},
		Type: pathType, Absent: "supervisord.pid", Field: func(s *settings) *string { return &s.Pidfile }},
	&daemonKey[string]{Key: Key{Name: "identifier", Topic: daemonTopic, Other: "other",
		Help: "name of this instance in events, RPC and names of `AUTO` logs"},
		Type: textType, Absent: "supervisor", Field: func(s *settings) *string { return &s.Identifier }},
	&daemonKey[bool]{Key: Key{Name: "nodaemon", Topic: daemonTopic, Other: "true", Help: "stay in the foreground"},
		Type: boolType, Field: func(s *settings) *bool { return &s.NoDaemon }},
	&daemonKey[bool]{Key: Key{Name: "silent", Topic: logTopic, Since: "4.2", Other: "true",
		Help: "in the foreground, do not copy the main log to stdout"},
		Type: boolType, Field: func(s *settings) *bool { return &s.Silent }},
	&daemonKey[string]{Key: Key{Name: "childlogdir", Topic: childTopic, Default: "`$TMPDIR`, `$TEMP`, `$TMP` or `/tmp`",
		Other: "/",
		Help:  "where `AUTO` logs are made"},
		Type: logDirType, Field: func(s *settings) *string { return &s.ChildLogDir }, Then: findChildLogDir},
	&daemonKey[bool]{Key: Key{Name: "nocleanup", Topic: childTopic, Other: "true", Help: "keep the previous run's `AUTO` logs"},
		Type: boolType, Field: func(s *settings) *bool { return &s.NoCleanup }},
	&daemonKey[bool]{Key: Key{Name: "strip_ansi", Topic: childTopic, Since: "3.0", Other: "true",
		Help: "remove ANSI escape sequences from child logs"},
		Type: boolType, Field: func(s *settings) *bool { return &s.StripANSI }},
	loginLimitKey, openServerKey, metricsKey, metricsResourcesKey, eventHistoryKey, apiKey,
	&daemonKey[bool]{Key: Key{Name: "subreaper", Topic: childTopic, Since: Ours, Other: "true",
		Help: "become the parent of orphaned processes, reap and log them; Linux"},
		Type: boolType, Field: func(s *settings) *bool { return &s.Subreaper }},
	&daemonKey[int]{Key: Key{Name: "shutdown_timeout", Topic: childTopic, Since: Ours, Other: "3",
		Help: "seconds after which a shutdown or restart " +
			"kills what still runs, regardless of `stopwaitsecs`; 0: never"},
		Type: intType, Field: func(s *settings) *int { return &s.ShutdownTimeout }},
	&daemonKey[bool]{Key: Key{Name: "orphans", Topic: childTopic, Since: Ours, Other: "kill",
		Help: "what to do with programs that outlived a killed " +
			"supervisord: log that they still run, or stop them first, see below"},
		Type: choice("warn", "kill"), Field: func(s *settings) *bool { return &s.KillOrphans }},
	daemonEnvFiles, // before environment=, which may expand its variables
	&daemonKey[map[string]string]{Key: Key{Name: "environment", Secret: true, Topic: childTopic, Scope: ofFile | ofHost, Update: restarts,
		Label:   "environment",
		Default: none, Other: "Z=1", Help: "variables for all children, and for `%(ENV_X)s` in all other sections"},
		Type: environmentType, Field: func(s *settings) *map[string]string { return &s.Environment }},
	ignoreUnknown,
	&daemonKey[bool]{Key: Key{Name: "logfile_format", Topic: logTopic, Since: Ours, Other: "json",
		Help: "form of the main log: lines, or an object on each line, see [JSON logs](howto-json-logs.md#the-main-log)"},
		Type: choice("plain", "json"), Field: func(s *settings) *bool { return &s.LogfileJSON }},
	&daemonKey[string]{Key: Key{Name: "statefile", Topic: childTopic, Since: Ours, Default: none, Other: "/tmp/other.state",
		Help: "keeps over restarts which programs are disabled, the numbers of processes that `scale` has set, and when schedules ran"},
		Type: stateFileType, Field: func(s *settings) *string { return &s.StateFile }},
	cgroupKey,
	logDirsKey,
}, paceKeys, shippingRows.daemon, daemonRotateKeys("logfile", logTopic, func(s *settings) *rotation.Policy { return &s.LogRotation }),
	daemonAccessKeys("logfile", logTopic, func(s *settings) *LogAccess { return &s.LogAccess }), auditKeys)...)

// ignoreUnknown is read by supervisorctl, too.
var ignoreUnknown = &daemonKey[bool]{Key: Key{Name: "ignore_unknown_plugins", Topic: daemonTopic, Since: Ours, Other: "true",
	Help: "skip plug-ins that are not built in with a warning, instead of refusing to start"},
	Type: boolType, Store: func(k *sectionReader, _ *settings, ignore bool) { k.r.lenient = ignore }}

type serverKey[T any] = keyOf[Server, T]

// unixServerKeys are the keys of [unix_http_server], and inetServerKeys those of [inet_http_server].
var (
	unixServerKeys = table(Key{Sections: InUnixServer, Update: nothing, Since: "3.0"},
		&serverKey[string]{Key: Key{Name: "file", Scope: ofFile, Required: true, Other: "/tmp/other.sock",
			Help: "path of the socket, relative to the current directory; `~` is expanded"},
			Type: textType, Field: func(s *Server) *string { return &s.File }, Then: requireFile},
		usernameKey(), passwordKey(),
		&serverKey[owner]{Key: Key{Name: "chown", Default: "unchanged", Other: "0:0", Wrong: "Invalid sockchown value ",
			Help: "owner of the socket"},
			Type: ownerType, Absent: unchanged,
			Store: func(_ *sectionReader, s *Server, o owner) { s.UID, s.GID = o.uid, o.gid }},
		&serverKey[fs.FileMode]{Key: Key{Name: "chmod", Other: "0770", Wrong: "Invalid chmod value ",
			Help: "permissions of the socket"},
			Type: modeType, Absent: 0o700, Field: func(s *Server) *fs.FileMode { return &s.Mode }},
		peerAccessKey(), accessKey(), anonymousKey(), serveKey(),
	)
	inetServerKeys = table(Key{Sections: InInetServer, Update: nothing, Since: "3.0"},
		usernameKey(), passwordKey(),
		&serverKey[inetAddress]{Key: Key{Name: "port", Required: true, Other: "9002",
			Help: "`127.0.0.1:9001`, `*:9001`, `:9001` or `9001`"},
			Type: addressType, Then: requirePort,
			Store: func(_ *sectionReader, s *Server, a inetAddress) { s.Host, s.Port = a.host, a.port }},
		&serverKey[[]string]{Key: Key{Name: "allowed_hosts", Since: Ours, Other: "sup.example", Default: "with a password, all; " +
			"without, for browsers: this host's own names",
			Help: "names in the address under which clients reach the server, such as `sup.example,sup`, besides addresses and " +
				"`localhost`; `*` for all; see [names](web.md#names)"},
			Type: hostsType, Field: func(s *Server) *[]string { return &s.AllowedHosts }},
		accessKey(), anonymousKey(), serveKey(),
		&serverKey[string]{Key: Key{Name: "open_server", Since: Ours, Default: "that of `[supervisord]`", Other: "allow",
			Help: "what to do about a server that lets clients without credentials control programs: `allow`, `warn`, or `refuse` it " +
				"if it listens beyond the loopback interface"},
			Type: openServerType, Field: func(s *Server) *string { return &s.OpenServer }},
		tlsCertKey,
		&serverKey[string]{Key: Key{Name: "tls_key", Scope: ofFile, Update: atReread, Since: Ours, Default: none, Other: "/k.pem",
			Help: "file with the private key of `tls_cert`, in the format PEM, without a passphrase"},
			Type: historyType, Field: func(s *Server) *string { return &s.TLSKey }, Then: requirePair},
		&serverKey[string]{Key: Key{Name: "tls_client_ca", Scope: ofFile, Update: atReread, Since: Ours, Default: none, Other: "/ca.pem",
			Help: "file with certificates of authorities: clients are asked for a certificate that one of them has signed"},
			Type: historyType, Field: func(s *Server) *string { return &s.TLSClientCA }, Then: requireCert},
		&serverKey[bool]{Key: Key{Name: "tls_client", Update: atReread, Since: Ours, Other: "request",
			Help: "whether clients must have a certificate, or may also log in by a password"},
			Type: choice("require", "request"), Field: func(s *Server) *bool { return &s.TLSRequest }},
		&serverKey[bool]{Key: Key{Name: "tls_min", Update: atReread, Since: Ours, Other: "1.3", Help: "oldest version of TLS that clients may use"},
			Type: choice("1.2", "1.3"), Field: func(s *Server) *bool { return &s.TLS13 }},
	)
)

// tlsCertKey is the key that makes a server use TLS.
var tlsCertKey = &serverKey[string]{Key: Key{Name: "tls_cert", Scope: ofFile, Update: atReread, Since: Ours, Default: none, Other: "/c.pem",
	Help: "file with the certificate of the server and its chain, in the format PEM: the server speaks HTTPS, see " +
		"[HTTPS](howto-https.md)"},
	Type: historyType, Field: func(s *Server) *string { return &s.TLSCert }}

func usernameKey() row[Server] {
	return &serverKey[string]{Key: Key{Name: "username", Default: none, Other: "u",
		Help: "name that clients must send; required with `password`"},
		Type: textType, Field: func(s *Server) *string { return &s.Username }}
}

func passwordKey() row[Server] {
	return &serverKey[string]{Key: Key{Name: "password", Secret: true, Default: none, Other: "p",
		Help: "plain, or a [hash](security.md#passwords), such as `{SHA}` and the SHA-1 in hexadecimal"},
		Type: textType, Field: func(s *Server) *string { return &s.Password }, Then: requireBoth}
}

func accessKey() row[Server] {
	return &serverKey[access.Role]{Key: Key{Name: "access", Update: atReread, Since: Ours, Default: "`full`", Other: "read",
		Help: "the most that a client gets on this server, and what its `username` gets: `none`, `metrics`, `read`, `control` or `full`, " +
			"see [roles](security.md#roles)"},
		Type: roleType, Field: func(s *Server) *access.Role { return &s.Access }}
}

func serveKey() row[Server] {
	return &serverKey[access.Parts]{Key: Key{Name: "serve", Update: atReread, Since: Ours, Default: "all", Other: "rpc",
		Help: "what the server has, of `rpc`, `web`, `api` and `metrics`; the rest, but for `/ok.html`, is 404; logs belong to `rpc` and `web`"},
		Type: partsType, Field: func(s *Server) *access.Parts { return &s.Serve }}
}

func anonymousKey() row[Server] {
	return &serverKey[access.Role]{Key: Key{Name: "anonymous", Update: atReread, Since: Ours, Other: "metrics",
		Default: "`none` if the server has a `username` or, on TCP, users; else as `access`",
		Help:    "what a client without credentials gets"},
		Type: roleType, Field: func(s *Server) *access.Role { return &s.Anonymous }}
}

type ctlKey[T any] = keyOf[Ctl, T]

// ctlKeys are the keys of [supervisorctl].
var ctlKeys = table(Key{Sections: InCtl, Update: nothing},
	&ctlKey[string]{Key: Key{Name: "serverurl", Secret: true, Scope: ofFile, Other: "unix:///tmp/s",
		Help: "`unix:///run/supervisor.sock`, `http://host:port` or `https://host:port`"},
		Type: ctlURLType, Absent: defaultServerURL, Field: func(c *Ctl) *string { return &c.ServerURL }},
	&ctlKey[string]{Key: Key{Name: "prompt", Other: "p", Help: "prompt of the shell; `> ` is appended"},
		Type: textType, Absent: defaultPrompt, Field: func(c *Ctl) *string { return &c.Prompt }},
	&ctlKey[string]{Key: Key{Name: "username", Default: none, Other: "u", Help: "as in the server's section"},
		Type: textType, Field: func(c *Ctl) *string { return &c.Username }},
	&ctlKey[string]{Key: Key{Name: "password", Secret: true, Default: none, Other: "q", Help: "as in the server's section"},
		Type: textType, Field: func(c *Ctl) *string { return &c.Password }},
	&ctlKey[string]{Key: Key{Name: "password_file", Scope: ofFile, Since: Ours, Default: none, Other: "/p",
		Help: "file whose first line is the password, instead of `password`"},
		Type: historyType, Field: func(c *Ctl) *string { return &c.PasswordFile }, Then: requireOnePassword},
	&ctlKey[string]{Key: Key{Name: "history_file", Scope: ofFile, Since: "3.0", Default: none, Other: "/h",
		Help: "keeps the lines typed in the shell"},
		Type: historyType, Field: func(c *Ctl) *string { return &c.HistoryFile }},
	&ctlKey[string]{Key: Key{Name: "token", Secret: true, Since: Ours, Default: none, Other: "t",
		Help: "token of a user, in place of `username` and `password`"},
		Type: textType, Field: func(c *Ctl) *string { return &c.Token }},
	&ctlKey[string]{Key: Key{Name: "token_file", Scope: ofFile, Since: Ours, Default: none, Other: "/t",
		Help: "file whose first line is the token, instead of `token`"},
		Type: historyType, Field: func(c *Ctl) *string { return &c.TokenFile }, Then: requireOneToken},
	&ctlKey[string]{Key: Key{Name: "tls_ca", Scope: ofFile, Since: Ours, Other: "/ca.pem", Default: "the authorities that the system knows",
		Help: "file with certificates, by one of which that of an `https://` server must be signed; one that signs itself can be there itself"},
		Type: historyType, Field: func(c *Ctl) *string { return &c.TLSCA }},
	&ctlKey[string]{Key: Key{Name: "tls_cert", Scope: ofFile, Since: Ours, Default: none, Other: "/c.pem",
		Help: "file with a certificate for servers that ask for one, with `tls_client_ca`"},
		Type: historyType, Field: func(c *Ctl) *string { return &c.TLSCert }},
	&ctlKey[string]{Key: Key{Name: "tls_key", Scope: ofFile, Since: Ours, Default: none, Other: "/k.pem",
		Help: "file with the private key of `tls_cert`"},
		Type: historyType, Field: func(c *Ctl) *string { return &c.TLSKey }, Then: requireCtlPair},
)

// includeKeys are the keys of [include].
var includeKeys = table(Key{Sections: InInclude, Scope: ofFile | ofHost, Update: members, Since: "3.0"},
	&keyOf[included, string]{Key: Key{Name: "files", Required: true, Other: "other.conf",
		Help: "more files to read, separated by blanks"},
		Type: patternsType, Field: func(i *included) *string { return &i.files }, Then: requireFiles},
)
