package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/getopt"
	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// CtlOptions is the command line of supervisorctl.
type CtlOptions struct {
	Argv0      string // as ProgramPath gives it
	Help       bool   // print CtlUsage and exit
	ConfigFile string // as given with -c; empty: look for it
	Args       []string

	hasConfigFile bool
	interactive   bool
	overrides     []func(*Ctl)
}

// Ctl is the configuration of supervisorctl: its section of the file with the options of the command line applied.
type Ctl struct {
	ServerURL    string
	Username     string
	Password     string // empty if it is in PasswordFile
	PasswordFile string // absolute; empty: none
	Token        string // in place of both; empty if it is in TokenFile
	TokenFile    string // absolute; empty: none
	TLSCA        string // absolute, as the next two; empty: the authorities that the system knows
	TLSCert      string
	TLSKey       string
	Prompt       string // without "> "
	HistoryFile  string // absolute; empty: none
	TrustedUIDs  []int  // users that supervisord may run as: the owner of the file, and user= of [supervisord]
	Interactive  bool   // -i, or no arguments
	Args         []string
	Plugins      []Interface // [ctlplugin:x] sections
}

const (
	defaultServerURL = "http://localhost:9001"
	defaultPrompt    = "supervisor"
)

// ParseCtlArgs reads the command line of supervisorctl, without argv0. Errors have the original's messages. A help option ends
// the reading without an error.
func ParseCtlArgs(argv0 string, args []string) (CtlOptions, error) {
	o := CtlOptions{Argv0: ProgramPath(argv0)}
	rest, err := getopt.Parse(&o, ctlOptions, args, true)
	if err != nil {
		return o, &ini.Error{Text: err.Error()}
	}
	o.Args = rest
	return o, nil
}

// ctlOverride returns the Set of an option that overrides the file.
func ctlOverride(apply func(*Ctl, string)) func(*CtlOptions, string) error {
	return func(o *CtlOptions, text string) error {
		o.overrides = append(o.overrides, func(c *Ctl) { apply(c, text) })
		return nil
	}
}

func ctlHelpOption(o *CtlOptions, _ string) error {
	o.Help = true
	return getopt.ErrStop
}

var setHistory = ctlOverride(func(c *Ctl, text string) { c.HistoryFile, _ = thisHost.pathIfAny(text) })

var ctlOptions = []getopt.Option[CtlOptions]{
	{Short: 'h', Long: "help", Set: ctlHelpOption},
	{Short: '?', Set: ctlHelpOption},
	{Short: 'c', Long: "configuration", Argument: true, Set: func(o *CtlOptions, text string) error {
		o.ConfigFile, o.hasConfigFile = text, true
		return nil
	}},
	{Short: 'i', Long: "interactive", Set: func(o *CtlOptions, _ string) error {
		o.interactive = true
		return nil
	}},
	{Short: 's', Long: "serverurl", Argument: true, Set: func(o *CtlOptions, text string) error {
		if err := checkURL(text); err != nil {
			return err
		}
		return ctlOverride(func(c *Ctl, text string) { c.ServerURL = text })(o, text)
	}},
	{Short: 'u', Long: "username", Argument: true, Set: ctlOverride(func(c *Ctl, text string) { c.Username, c.Token, c.TokenFile = text, "", "" })},
	{Short: 'p', Long: "password", Argument: true, Set: ctlOverride(func(c *Ctl, text string) { c.Password, c.PasswordFile = text, "" })},
	{Long: "password-file", Whole: true, Argument: true,
		Set: ctlOverride(func(c *Ctl, path string) { c.PasswordFile, _ = thisHost.pathIfAny(path) })},
	{Short: 'r', Long: "history_file", Argument: true, Set: setHistory},
	{Long: "history-file", Argument: true, Set: setHistory}, // the spelling of the help text
}

// passwordVariable is the variable from which supervisorctl takes a password: unlike the argument of -p, other users do not see it.
const passwordVariable = "SUPERVISORCTL_PASSWORD"

// ReadSecrets sets Password and Token to the first lines of their files, which may be pipes. The warnings are about files that all users
// can read.
func (c *Ctl) ReadSecrets() (warnings []string, err error) {
	return readSecrets(secretFile{"password", c.PasswordFile, &c.Password}, secretFile{"token", c.TokenFile, &c.Token})
}

// secretFile is a file with a secret: what that is, the path, which may be empty, and where the secret belongs.
type secretFile struct {
	what, path string
	to         *string
}

// readSecrets reads secrets. The warnings are about files that all users can read.
func readSecrets(files ...secretFile) (warnings []string, err error) {
	for _, secret := range files {
		if secret.path == "" {
			continue
		}
		warning := ""
		if *secret.to, warning, err = readSecret(secret.what, secret.path); err != nil {
			return warnings, err
		}
		if warning != "" {
			warnings = append(warnings, warning)
		}
	}
	return warnings, nil
}

// readSecret returns the first line of a file.
func readSecret(what, path string) (secret, warning string, err error) {
	const limit = 4 << 10
	file, err := os.Open(path)
	if err != nil {
		return "", "", &ini.Error{Text: fmt.Sprintf("cannot read the %s: %v", what, err)}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit))
	if err != nil {
		return "", "", &ini.Error{Text: fmt.Sprintf("cannot read the %s: %v", what, err)}
	}
	secret, _, _ = strings.Cut(string(text), "\n")
	secret = strings.TrimSuffix(secret, "\r")
	if secret == "" {
		return "", "", &ini.Error{Text: "the " + what + " file " + path + " is empty"}
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0 {
		warning = "all users can read the " + what + " file " + path
	}
	return secret, warning, nil
}

// requireOnePassword refuses a section with a password and a file for it.
func requireOnePassword(k *sectionReader, c *Ctl) {
	if c.PasswordFile != "" && c.Password != "" {
		k.failf("password_file", "Section [%s] has both password and password_file", k.s.Name)
	}
}

// requireOneToken refuses a section with a token and a file for it, or with a token and another secret.
func requireOneToken(k *sectionReader, c *Ctl) {
	switch token := c.Token != "" || c.TokenFile != ""; {
	case c.Token != "" && c.TokenFile != "":
		k.failf("token_file", "Section [%s] has both token and token_file", k.s.Name)
	case token && (c.Username != "" || c.Password != "" || c.PasswordFile != ""):
		k.failf("token", "Section [%s] has both a token and a user name or password", k.s.Name)
	}
}

// requireCtlPair checks that there are both certificate and key, or neither.
func requireCtlPair(k *sectionReader, c *Ctl) {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		k.failf("tls_cert", "Section [%s] has tls_cert without tls_key", k.s.Name)
	case c.TLSCert == "" && c.TLSKey != "":
		k.failf("tls_key", "Section [%s] has tls_key without tls_cert", k.s.Name)
	}
}

// checkURL checks that there is a scheme and something after it. The connection finds out whether the scheme is supported.
func checkURL(text string) error {
	scheme, rest, ok := strings.Cut(text, ":")
	ok = ok && scheme != ""
	for i, r := range scheme {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		ok = ok && (letter || i > 0 && strings.ContainsRune("0123456789+-.", r))
	}
	place := strings.TrimPrefix(rest, "//")
	if end := strings.IndexAny(place, "?#"); end >= 0 {
		place = place[:end]
	}
	if !ok || place == "" {
		return errors.New("value " + pyrepr.Quote(text) + " is not a URL")
	}
	return nil
}

// ctlURL makes the path of a socket absolute.
func (h host) ctlURL(s string) (string, error) {
	if path, ok := strings.CutPrefix(s, "unix://"); ok {
		return "unix://" + h.normalize(path), nil
	}
	return s, nil
}

// pathIfAny makes a path absolute, unless it is empty.
func (h host) pathIfAny(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return h.normalize(path), nil
}

// LoadCtl reads the configuration of supervisorctl from the file, if there is one, and applies the command line. It reads its own
// section, [ctlplugin:x] sections and ignore_unknown_plugins of [supervisord], and no included files.
func LoadCtl(o CtlOptions) (*Ctl, error) {
	c := &Ctl{ServerURL: defaultServerURL, Prompt: defaultPrompt, Args: o.Args}
	path := o.ConfigFile
	if !o.hasConfigFile {
		path = findConfig(searchPaths(o.Argv0), "")
	}
	if path != "" {
		if err := c.read(path); err != nil {
			return nil, err
		}
	}
	if text := os.Getenv(passwordVariable); text != "" {
		c.Password, c.PasswordFile = text, ""
	}
	for _, apply := range o.overrides {
		apply(c)
	}
	c.Interactive = o.interactive || len(o.Args) == 0
	return c, nil
}

func (c *Ctl) read(path string) error {
	text, err := readFile(path, path)
	if err != nil {
		return err
	}
	doc := ini.New()
	if err := doc.Parse(&ini.File{Path: path, Here: dirname(thisHost.normalize(path))}, text); err != nil {
		return err
	}
	own := doc.ByName["supervisorctl"]
	if own == nil {
		return &ini.Error{File: path, Text: ".ini file does not include supervisorctl section"}
	}
	r := &reader{doc: doc, host: thisHost.remembering(), env: environment(os.Environ()), path: path}
	_ = r.readVariables(false) // that of supervisord may have what it cannot expand here
	c.trust(r)
	return c.values(r, own)
}

// trust finds the users that supervisord may run as. Errors of its section are not reported.
func (c *Ctl) trust(r *reader) {
	if info, err := os.Stat(r.path); err == nil {
		c.TrustedUIDs = append(c.TrustedUIDs, int(info.Sys().(*syscall.Stat_t).Uid))
	}
	if daemon := r.doc.ByName["supervisord"]; daemon != nil {
		k := r.section(daemon)
		k.separate = true
		if name, _, _ := k.text(&Key{Name: "user", Scope: ofFile}); name != "" {
			if account, err := r.host.account(name); err == nil {
				c.TrustedUIDs = append(c.TrustedUIDs, account.UID)
			}
		}
	}
}

// values reads the [supervisorctl] section and the plug-ins.
func (c *Ctl) values(r *reader, own *ini.Section) (err error) {
	k := r.section(own)
	if readAll(k, ctlKeys, c); k.err != nil {
		return k.err
	}
	if daemon := r.doc.ByName["supervisord"]; daemon != nil {
		k := r.section(daemon)
		k.separate = true // supervisorctl does not report errors of this section
		ignoreUnknown.read(k, &settings{})
	}
	c.Plugins, err = r.plugins(ctlPlugin, ctlPluginKeys[0])
	return err
}
