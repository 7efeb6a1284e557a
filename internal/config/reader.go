package config

import (
	"fmt"
	"os"
	"strings"

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
	meant      map[string]bool // the keys of a plug-in's section that are not its own; nil in others
	lenient    bool            // leave unknown plug-ins out instead of failing
	check      *check          // collects errors instead of stopping at the first; nil: stop
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

// keys reads one section key by key. After the first error it reads nothing more and gives defaults, unless errors are
// collected.
type keys struct {
	r      *reader
	s      *ini.Section
	scope  expand.Scope
	here   bool // whether %(here)s is among the names
	benign bool // an error is kept for the caller, even where errors are collected
	err    error
}

func (r *reader) keys(s *ini.Section, n expand.Scope) *keys {
	n.Env = r.env
	return &keys{r: r, s: s, scope: n}
}

// raw is a key's text before expansion.
func (k *keys) raw(key string) (ini.Value, bool) {
	if k.r.check != nil {
		k.r.check.ask(k.s, key)
	}
	if k.r.meant != nil {
		k.r.meant[key] = true
	}
	if k.err != nil {
		return ini.Value{}, false
	}
	return k.r.doc.Find(k.s, key)
}

// text is a key's text after expansion; where is what messages call the key, section.key if it is empty.
func (k *keys) text(key, where string) (text string, v ini.Value, ok bool) {
	if v, ok = k.raw(key); !ok {
		return "", v, false
	}
	if strings.IndexByte(v.Text, '%') < 0 {
		return v.Text, v, true
	}
	if where == "" {
		where = k.s.Name + "." + key
	}
	text, err := k.expand(v, where)
	if err != nil {
		k.fail(key, v, err)
		return "", v, false
	}
	return text, v, true
}

// expand replaces the names in a value. Where a file includes others, %(here)s has always worked in every key, though
// only some keys offer it.
func (k *keys) expand(v ini.Value, where string) (string, error) {
	if strings.IndexByte(v.Text, '%') < 0 {
		return v.Text, nil
	}
	n := k.scope
	if v.From != nil && (k.here || k.r.included) {
		here := expand.Variable{Name: "here", Text: v.From.Here}
		if k.here {
			n.Vars = append([]expand.Variable{here}, n.Vars...)
		} else {
			n.Hidden = append([]expand.Variable{here}, n.Hidden...)
		}
	}
	return n.Expand(v.Text, where)
}

// fail keeps the first error, or collects every one.
func (k *keys) fail(key string, v ini.Value, err error) {
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

// failf is fail for an error of its own words.
func (k *keys) failf(key, format string, args ...any) {
	v, _ := k.r.doc.Find(k.s, key)
	k.fail(key, v, fmt.Errorf(format, args...))
}

// read is the value of a key, or absent if the section does not have it.
func read[T any](k *keys, key string, absent T, parse func(string) (T, error)) T {
	text, v, ok := k.text(key, "")
	if !ok {
		return absent
	}
	parsed, err := parse(text)
	if err != nil {
		k.fail(key, v, err)
		return absent
	}
	return parsed
}
