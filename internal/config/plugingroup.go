package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// pluginPrefix begins the names of sections with methods for clients. Beside a factory they may have command= or url=:
// a program that has the methods.
const (
	pluginPrefix     = "rpcinterface:"
	interfaceFactory = "supervisor.rpcinterface_factory"
)

// isPlugin is true if the section names a program and no factory.
func (r *reader) isPlugin(s *ini.Section) bool {
	if _, factory := r.doc.Find(s, interfaceFactory); factory {
		return false
	}
	_, program := s.Values["command"]
	_, address := s.Values["url"]
	return program || address
}

// Limits of a plug-in that its section does not set.
const (
	defaultCallWait  = 10 // seconds
	defaultCallLimit = 8
	defaultResultMax = 4 << 20
	defaultCapture   = 64 << 10 // of a plug-in that emits events
	pluginPriority   = -2       // before event listeners, which may call it or wait for its events
)

var namespace = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// pluginGroup reads an [rpcinterface:x] section with command= or url=.
func (r *reader) pluginGroup(s *ini.Section, name string) (*Group, error) {
	k := r.keys(s, expand.Scope{})
	k.here = true
	r.meant = map[string]bool{}
	defer func() { r.meant = nil }()
	switch {
	case name == "system" || name == "supervisor":
		return nil, sectionError(s, fmt.Errorf("[%s] cannot be a plug-in: the methods of this name are built in", s.Name))
	case !namespace.MatchString(name) && !r.asksOnly():
		return nil, sectionError(s, fmt.Errorf("[%s] is not a name for the methods of a plug-in", s.Name))
	}
	g := &Group{Name: name, Kind: PluginGroup, Priority: r.priority(k, pluginPriority)}
	g.Plugin = &Plugin{
		URL:        read(k, "url", "", parsePluginURL),
		CallWait:   read(k, "callwaitsecs", defaultCallWait, parsePositive),
		CallLimit:  read(k, "call_limit", defaultCallLimit, parsePositive),
		ResultMax:  read(k, "result_maxbytes", defaultResultMax, parseBytes),
		EventTypes: r.declaredTypes(k),
	}
	buffer := read(k, "buffer_size", 10, parsePositive)
	if types := r.subscriptions(k); len(types) > 0 {
		g.Pool = &Pool{BufferSize: buffer, Events: types, ResultHandler: DefaultHandler}
	}
	_, program := k.raw("command")
	if program && g.Plugin.URL != "" {
		k.failf("url", "[%s] section has both a command and a url", s.Name)
	}
	if k.err != nil || !program && !r.asksOnly() {
		return g, k.err
	}
	return g, r.pluginProcesses(k, g)
}

// asksOnly is true while nothing counts but which keys are asked for.
func (r *reader) asksOnly() bool { return r.check != nil && r.check.quiet }

// pluginProcesses reads the program of a plug-in, which is a program like any other but for some defaults, and learns
// what else its section says from its environment.
func (r *reader) pluginProcesses(k *keys, g *Group) (err error) {
	if g.Processes, err = r.processes(k.s, g.Name); err != nil || len(g.Processes) == 0 {
		return err
	}
	program := g.Processes[0].Program
	if _, set := k.raw("autorestart"); !set {
		program.Exit.Restart = RestartAlways
	}
	_, ownOut := k.raw("stdout_capture_maxbytes")
	_, ownErr := k.raw("stderr_capture_maxbytes")
	told := map[string]string{"SUPERVISOR_NAMESPACE": g.Name}
	maps.Copy(told, r.options(k))
	for _, p := range g.Processes {
		if len(g.Plugin.EventTypes) > 0 && !ownOut {
			p.Out.Capture = defaultCapture
		}
		if len(g.Plugin.EventTypes) > 0 && !ownErr {
			p.Err.Capture = defaultCapture
		}
		env := maps.Clone(told)
		maps.Copy(env, p.Run.Environment)
		p.Run.Environment = env
	}
	return k.err
}

// options are the keys of a section that mean nothing to us, as its program finds them in its environment.
func (r *reader) options(k *keys) map[string]string {
	told, meant := map[string]string{}, maps.Clone(r.meant)
	for _, values := range []map[string]ini.Value{r.doc.Defaults, k.s.Values} {
		for _, key := range byLine(values) {
			if !meant[key] {
				told[api.OptionVariable(key)] = read(k, key, "", parseString)
			}
		}
	}
	return told
}

var eventType = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// declaredTypes reads the types of events that a plug-in emits. Those that are built in, and what is below them, are
// not for plug-ins: who subscribed to them counts on what they say.
func (r *reader) declaredTypes(k *keys) (types []string) {
	for _, name := range read(k, "event_types", nil, parseList) {
		name = strings.ToUpper(name)
		switch {
		case !eventType.MatchString(name):
			k.failf("event_types", "Invalid event type %s in [%s] event_types", name, k.s.Name)
		case api.IsReservedEventType(name):
			k.failf("event_types", "Event type %s in [%s] event_types is not for plug-ins", name, k.s.Name)
		}
		if !slices.Contains(types, name) {
			types = append(types, name)
		}
	}
	return types
}

// parsePluginURL reads where a plug-in answers.
func parsePluginURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "unix" && u.Host == "" && strings.HasPrefix(u.Path, "/") ||
		u.Scheme == "http" && u.Host != "") {
		return s, nil
	}
	return "", fmt.Errorf("url must be unix:///path or http://host:port, not %s", s)
}

func parsePositive(s string) (int, error) {
	n, err := parseInteger(s)
	if err == nil && n < 1 {
		err = fmt.Errorf("%d is not a positive number", n)
	}
	return n, err
}
