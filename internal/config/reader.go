package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// reader reads a document in the order in which the original does, because the first error is reported.
type reader struct {
	doc      *ini.Document
	included bool // there is an [include] section
	host     host
	env      map[string]string // the variables that %(ENV_X)s expands to
	node     string            // the host's name
	path     string            // of the main file, for messages
	here     string            // its directory, absolute
	common   map[string]string // [supervisord] environment=

	variables     map[string]string         // [variables]; nil: there is no such section
	mainVariables map[string]string         // those of the main file
	defaulted     map[*ini.Section][]string // the keys that programs take from [program-default]

	merged     map[[2]string]mergedEnvironment
	lastExtra  *Extra // that was read last
	spareExtra *Extra // nothing refers to it; nil: there is none
	messages   []Message
	files      []*ini.File
	declared   []string             // the types of events that plug-ins emit
	withheld   []string             // Config.Withheld
	exitOn     string               // --exit-on; empty: not given
	scaling    *Scaling             // nil: none
	lenient    bool                 // ignore_unknown_plugins
	strict     bool                 // dependencies=strict
	vars       [6]expand.Variable   // memory for expansions
	check      *check               // collects the errors; nil: reading stops at the first
	shipping   map[string]ini.Value // what programs inherit from [supervisord]; nil: nothing
	daemonUser *string              // that of supervisord, as written; nil: it is not switched
	sockets    map[string]*Socket   // of [socket:x]; nil: there are none

	sources Sources   // what has been read so far
	sum     sourceSum // of sources

	overridden []api.ConfigKey // keys of [supervisord] that the command line sets
}

// mergedEnvironment is the environment of a process, alone and merged with the common one.
type mergedEnvironment struct{ own, all map[string]string }

// refuse returns the error, or nil if it was collected and reading continues.
func (r *reader) refuse(err error) error {
	if r.check == nil {
		return err
	}
	r.check.add(err)
	return nil
}

// refuseAbsent is refuse for an error about something that may be in the part of a file that was not read.
func (r *reader) refuseAbsent(err error) error {
	if r.doc.Partial {
		return nil
	}
	return r.refuse(err)
}

// warn adds a warning for the main log.
func (r *reader) warn(format string, args ...any) {
	r.messages = append(r.messages, Message{api.Warn, fmt.Sprintf(format, args...)})
}

// environment converts NAME=value texts to a map. The first of several equal names counts.
func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, text, ok := strings.Cut(entry, "=")
		if _, seen := env[name]; ok && !seen {
			env[name] = text
		}
	}
	return env
}

// nodeName returns the name of the host, as uname does.
func nodeName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// sectionReader reads the keys of a section. After the first error it reads nothing, unless errors are collected.
type sectionReader struct {
	r        *reader
	s        *ini.Section
	separate bool     // the error goes to err even if errors are collected
	failed   []string // keys with an error
	unread   []string // those of them whose values could not be read, and so are not checked
	err      error

	// The names that values may expand, as far as they are known. The Scope of a key selects those that it may.
	program, group string
	number         int               // process_num
	own            map[string]string // the environment of the process
	ours           bool              // the original does not read the key
	processName    string            // while the path of a log is expanded
	keep           func(name string) bool

	// Values that are needed while the section is read only.
	numprocs, first int              // numprocs and numprocs_start
	rawName         ini.Value        // process_name, not expanded
	syslog          bool             // the path of the log is the word syslog
	noName          bool             // the path of the log is empty
	socketUser      *account.Account // the user of a FastCGI program
}

func (r *reader) section(s *ini.Section) *sectionReader {
	if r.check != nil {
		r.check.read[s] = true
	}
	return &sectionReader{r: r, s: s}
}

// has reports whether the section has a key.
func (k *sectionReader) has(key string) bool {
	_, ok := k.r.doc.Find(k.s, key)
	return ok
}

// text returns the value of a key after expansion. ok is false if the section does not have it.
func (k *sectionReader) text(key *Key) (text string, v ini.Value, ok bool) {
	if k.err != nil {
		return "", v, false
	}
	if v, ok = k.r.doc.Find(k.s, key.Name); !ok {
		return "", v, false
	}
	if key.Raw {
		return v.Text, v, true
	}
	text, err := k.expand(key, v)
	if err != nil {
		k.unreadable(key.Name, v, err)
		return "", v, false
	}
	return text, v, true
}

// expand expands a value of a key.
func (k *sectionReader) expand(key *Key, v ini.Value) (string, error) {
	label := key.Label
	if label == "" {
		label = v.In(k.s.Name) + "." + key.Name
	}
	if key.Percents && strings.HasSuffix(v.Text, "%") && !strings.HasSuffix(v.Text, "%%") {
		v.Text += "%"
	}
	if key.Since == Ours {
		k.ours = true
		defer func() { k.ours = false }()
	}
	return k.expandAs(label, key.Scope, v)
}

// expandAs expands a text with the names of scope; messages call it label. If there is an [include] section, the original
// expands %(here)s in each key, but its messages do not list the name.
func (k *sectionReader) expandAs(label string, scope Scope, v ini.Value) (string, error) {
	if strings.IndexByte(v.Text, '%') < 0 {
		return v.Text, nil
	}
	names := expand.Scope{Vars: k.r.vars[:0], Env: k.r.env, Own: k.own, Variables: k.r.variables, CPUs: k.r.host.cpus}
	here := expand.Variable{Name: "here"}
	if v.From != nil {
		here.Text = v.From.Here
	}
	switch {
	case scope&ofFile != 0:
		names.Vars = append(names.Vars, here)
	case k.r.included:
		names.Hidden = append(names.Hidden, here)
	}
	if scope&ofHost != 0 {
		names.Vars = append(names.Vars, expand.Variable{Name: "host_node_name", Text: k.r.node})
	}
	if scope&ofProgram != 0 {
		names.Vars = append(names.Vars, expand.Variable{Name: "program_name", Text: k.program})
	}
	if scope&ofGroup != 0 {
		names.Vars = append(names.Vars, expand.Variable{Name: "group_name", Text: k.group})
	}
	if scope&ofProcess != 0 {
		names.Vars = append(names.Vars, expand.Variable{Name: "process_num", Number: k.number, IsNumber: true},
			expand.Variable{Name: "numprocs", Number: k.numprocs, IsNumber: true})
	}
	if k.processName != "" {
		names.Hidden = append(names.Hidden, expand.Variable{Name: "process_name", Text: k.processName})
	}
	if c := k.r.check; c != nil && !k.ours && k.s.Name != variablesSection && v.In("") != defaultSection && v.Line > 0 {
		names.Used = func(form string) { c.refuses(k.s.Name, "%("+form+")", v) }
	}
	if k.keep != nil {
		return names.Partial(v.Text, label, k.keep)
	}
	return names.Expand(v.Text, label)
}

// fail stores the first error, or collects each.
func (k *sectionReader) fail(key string, v ini.Value, err error) {
	if k.err != nil {
		return
	}
	k.failed = append(k.failed, key)
	e := &ini.Error{File: k.r.path, Line: v.Line, Section: v.In(k.s.Name), Key: key, Value: v.Text, Text: err.Error(), Hint: k.r.hint(key, v)}
	if bad := (*expand.Error)(nil); key == "ready" && errors.As(err, &bad) && bad.BadlyFormatted() {
		e.Hint = hintPercent // it is a regular expression
	}
	if isSecret(k.s.Name, key) {
		e.Secret, e.Value = true, ""
		var shows interface{ Redacted() string }
		if errors.As(err, &shows) {
			e.Text = shows.Redacted()
		}
	}
	switch {
	case v.From != nil:
		e.File = v.From.Path
	case k.s.First != nil:
		e.File, e.Line, e.Missing = k.s.First.Path, k.s.Line, true
	}
	if k.r.check != nil && !k.separate {
		k.r.check.add(e)
		return
	}
	k.err = e
}

// unreadable is fail for a value that has no meaning: what is found out about the key later is no error of its own.
func (k *sectionReader) unreadable(key string, v ini.Value, err error) {
	k.fail(key, v, err)
	k.unread = append(k.unread, key)
}

// failf is fail with a formatted message.
func (k *sectionReader) failf(key, format string, args ...any) {
	if slices.Contains(k.unread, key) {
		return
	}
	v, _ := k.r.doc.Find(k.s, key)
	k.fail(key, v, fmt.Errorf(format, args...))
}
