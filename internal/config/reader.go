package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// reader turns a document into values, in the order in which the original looks at them, for the first error wins.
type reader struct {
	doc      *ini.Document
	included bool // there is an [include] section
	host     host
	env      map[string]string // what ENV_X stands for
	node     string            // the host's name
	path     string            // of the main file, for messages
	here     string            // its directory, absolute
	common   map[string]string // [supervisord] environment=
	merged   map[string]mergedEnvironment
	messages []Message
	// eventTypes are those that plug-ins declare.
	eventTypes []string
	lenient    bool               // leave unknown plug-ins out instead of failing
	vars       [6]expand.Variable // memory for expansions
	check      *check             // collects errors instead of stopping at the first; nil: stop
}

// mergedEnvironment is a process's own environment and the same on top of the common one.
type mergedEnvironment struct{ own, all map[string]string }

// refuse returns the error, for the caller to stop, or nil if it was collected and reading goes on.
func (r *reader) refuse(err error) error {
	if r.check == nil {
		return err
	}
	r.check.add(err)
	return nil
}

// warn notes a line for the main log.
func (r *reader) warn(format string, args ...any) {
	r.messages = append(r.messages, Message{api.Warn, fmt.Sprintf(format, args...)})
}

// environment makes a map of NAME=value texts; the first of several equal names counts.
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

// nodeName is what uname gives as the name of the host.
func nodeName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// sectionReader reads one section key by key. After the first error it reads nothing more and gives defaults, unless errors
// are collected.
type sectionReader struct {
	r      *reader
	s      *ini.Section
	benign bool // an error is kept for the caller, even where errors are collected
	err    error

	// What values may expand, as far as it is known: Scope says of each key which of it counts.
	program, group string
	number         int               // process_num
	own            map[string]string // the environment of the process
	processName    string            // for the names of its logs

	// What keys say that is in no value that is read.
	numprocs, first int              // numprocs and numprocs_start
	rawName         ini.Value        // process_name, not expanded
	syslog          bool             // the log is the word syslog
	noName          bool             // the log has an empty name
	socketUser      *account.Account // user, of an fcgi-program
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

// text is the value of a key after expansion, and false if the section does not have it.
func (k *sectionReader) text(key *Key) (text string, v ini.Value, ok bool) {
	if k.err != nil {
		return "", v, false
	}
	if v, ok = k.r.doc.Find(k.s, key.Name); !ok {
		return "", v, false
	}
	text, err := k.expand(key, v)
	if err != nil {
		k.fail(key.Name, v, err)
		return "", v, false
	}
	return text, v, true
}

// expand replaces the names in a value of a key.
func (k *sectionReader) expand(key *Key, v ini.Value) (string, error) {
	label := key.Label
	if label == "" {
		label = k.s.Name + "." + key.Name
	}
	return k.expandAs(label, key.Scope, v)
}

// expandAs replaces the names in a text that messages call label. Where a file includes others, the original replaces
// %(here)s in every key, though messages offer it in some only.
func (k *sectionReader) expandAs(label string, scope Scope, v ini.Value) (string, error) {
	if strings.IndexByte(v.Text, '%') < 0 {
		return v.Text, nil
	}
	names := expand.Scope{Vars: k.r.vars[:0], Env: k.r.env, Own: k.own}
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
	return names.Expand(v.Text, label)
}

// fail keeps the first error, or collects each.
func (k *sectionReader) fail(key string, v ini.Value, err error) {
	if k.err != nil {
		return
	}
	e := &ini.Error{File: k.r.path, Line: v.Line, Section: k.s.Name, Key: key, Value: v.Text, Text: err.Error()}
	switch {
	case v.From != nil:
		e.File = v.From.Path
	case k.s.First != nil:
		e.File, e.Line, e.Missing = k.s.First.Path, k.s.Line, true
	}
	if k.r.check != nil && !k.benign {
		k.r.check.add(e)
		return
	}
	k.err = e
}

// failf is fail for an error that parsing does not find.
func (k *sectionReader) failf(key, format string, args ...any) {
	v, _ := k.r.doc.Find(k.s, key)
	k.fail(key, v, fmt.Errorf(format, args...))
}
