package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// pluginPrefix begins the names of sections with methods for clients. In place of a factory they may have command= or url=: a program
// that implements the methods.
const (
	pluginPrefix     = "rpcinterface:"
	interfaceFactory = "supervisor.rpcinterface_factory"
)

// isPlugin reports whether the section has a program or a URL, and no factory.
func (r *reader) isPlugin(s *ini.Section) bool {
	if _, factory := r.doc.Find(s, interfaceFactory); factory {
		return false
	}
	_, program := s.Values["command"]
	_, address := s.Values["url"]
	return program || address
}

// defaultCapture is the stdout_capture_maxbytes and stderr_capture_maxbytes of a plug-in that emits events.
const defaultCapture = 64 << 10

var namespace = pattern(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// pluginGroup reads an [rpcinterface:x] section with command= or url=.
func (r *reader) pluginGroup(s *ini.Section, name string) (*Group, error) {
	switch {
	case name == "system" || name == "supervisor":
		return nil, sectionError(s, fmt.Errorf("[%s] cannot be a plug-in: the methods of this name are built in", s.Name))
	case !namespace().MatchString(name):
		return nil, sectionError(s, fmt.Errorf("[%s] is not a name for the methods of a plug-in", s.Name))
	}
	k := r.section(s)
	g := &Group{Name: name, Kind: PluginGroup, Plugin: &Plugin{}}
	pool := &Pool{ResultHandler: DefaultHandler}
	pluginPriority.read(k, g)
	readAll(k, pluginKeys, g.Plugin)
	if readAll(k, pluginPoolKeys, pool); len(pool.Events)+len(pool.ExtraEvents) > 0 {
		g.Pool = pool
	}
	if k.has("command") && g.Plugin.URL != "" {
		k.failf("url", "[%s] section has both a command and a url", s.Name)
	}
	if k.err != nil || !k.has("command") {
		return g, k.err
	}
	return g, r.pluginProcesses(k, g)
}

// pluginProcesses reads the program of a plug-in. Some defaults differ from those of other programs, and keys that are not known are
// variables of its environment.
func (r *reader) pluginProcesses(k *sectionReader, g *Group) (err error) {
	if g.Processes, err = r.processes(k.s, g.Name); err != nil || len(g.Processes) == 0 {
		return err
	}
	program := g.Processes[0].Program
	if !k.has("autorestart") {
		program.Exit.Restart = RestartAlways
	}
	emits := len(g.Plugin.EventTypes) > 0
	extra := map[string]string{"SUPERVISOR_NAMESPACE": g.Name}
	maps.Copy(extra, r.options(k))
	for _, p := range g.Processes {
		if emits && !k.has("stdout_capture_maxbytes") {
			p.Out.Capture = defaultCapture
		}
		if emits && !k.has("stderr_capture_maxbytes") {
			p.Err.Capture = defaultCapture
		}
		env := maps.Clone(extra)
		maps.Copy(env, p.Run.Environment)
		p.Run.Environment = env
	}
	return k.err
}

// options returns the keys of a section that are not known, as variables of the environment.
func (r *reader) options(k *sectionReader) map[string]string {
	options, ours := map[string]string{}, keysOf(InInterface)
	for _, values := range []map[string]ini.Value{r.doc.Defaults, k.s.Values} {
		for _, name := range byLine(values) {
			if !ours[name] {
				options[api.OptionVariable(name)], _, _ = k.text(&Key{Name: name, Scope: ofFile})
			}
		}
	}
	return options
}

var eventType = pattern(`^[A-Z][A-Z0-9_]*$`)

// checkDeclaredTypes checks the types of events that a plug-in emits, and keeps each once and in upper case. A plug-in cannot emit
// built-in types and types below them, because their subscribers rely on the payload.
func checkDeclaredTypes(k *sectionReader, plugin *Plugin) {
	var types []string
	for _, name := range plugin.EventTypes {
		name = strings.ToUpper(name)
		switch {
		case !eventType().MatchString(name):
			k.failf("event_types", "Invalid event type %s in [%s] event_types", name, k.s.Name)
		case api.IsReservedEventType(name):
			k.failf("event_types", "Event type %s in [%s] event_types is not for plug-ins", name, k.s.Name)
		}
		if !slices.Contains(types, name) {
			types = append(types, name)
		}
	}
	plugin.EventTypes = types
}

// parsePluginURL reads the address of a plug-in.
func parsePluginURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "unix" && u.Host == "" && strings.HasPrefix(u.Path, "/") ||
		u.Scheme == "http" && u.Host != "") {
		return s, nil
	}
	return "", errors.New("url must be unix:///path or http://host:port")
}

func parsePositive(s string) (int, error) {
	n, err := parseInteger(s)
	if err == nil && n < 1 {
		err = fmt.Errorf("%d is not a positive number", n)
	}
	return n, err
}
