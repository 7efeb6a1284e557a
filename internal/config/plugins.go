package config

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// The built-in plug-ins by the names that configurations use for them.
const (
	DefaultHandler = "supervisor.dispatchers:default_handler"
	StdoutHandler  = "supervisor_stdout:event_handler"
	MainInterface  = "supervisor.rpcinterface:make_main_rpcinterface"
	Twiddler       = "supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface"
	Wildcards      = "supervisorwildcards.controllerplugin:make_wildcards_controllerplugin"
)

func isBuiltIn(spec string) bool {
	switch spec {
	case DefaultHandler, StdoutHandler, MainInterface, Twiddler, Wildcards:
		return true
	}
	return false
}

// ctlPlugin begins the names of sections with commands for supervisorctl. In place of a factory they may have command=, a program
// that is the command.
const ctlPlugin = "ctlplugin:"

// plugins reads the sections with the prefix. Each must name a built-in factory, or a program.
func (r *reader) plugins(prefix string, factory row[Interface]) ([]Interface, error) {
	var list []Interface
	for _, s := range r.doc.Sections {
		name, ok := strings.CutPrefix(s.Name, prefix)
		if !ok {
			continue
		}
		k := r.section(s)
		if prefix == pluginPrefix && r.isPlugin(s) {
			var plugin Plugin
			if declaredTypes.read(k, &plugin); k.err != nil {
				return nil, k.err
			}
			r.declared = append(r.declared, plugin.EventTypes...)
			continue
		}
		plugin := Interface{Name: name, Options: map[string]string{}}
		factory.read(k, &plugin)
		key := factory.key().Name
		known := prefix == ctlPlugin && k.has("command") // a program in place of a factory
		switch {
		case k.has(key):
			known = r.resolve(k, key, plugin.Factory)
		case !known:
			k.failf(key, "section [%s] does not specify a %s", s.Name, key)
		}
		for _, values := range []map[string]ini.Value{s.Values, r.doc.Defaults} {
			for _, name := range byLine(values) {
				if name == key {
					continue
				}
				plugin.Options[name], _, _ = k.text(&Key{Name: name})
				if _, ok := s.Values[name]; ok && !slices.Contains(plugin.Keys, name) {
					plugin.Keys = append(plugin.Keys, name)
				}
			}
		}
		if k.err != nil {
			return nil, k.err
		}
		if known {
			list = append(list, plugin)
		}
	}
	return list, nil
}

// resolve reports whether a factory or handler is built in. If not, that is an error, or a warning with ignore_unknown_plugins.
func (r *reader) resolve(k *sectionReader, key, spec string) bool {
	if k.err != nil || r.host.plugin(spec) {
		return true
	}
	if r.lenient {
		r.warn("%s cannot be resolved within [%s], going on without it", spec, k.s.Name)
		return false
	}
	module, _, _ := strings.Cut(spec, ":")
	if !strings.HasPrefix(module, "supervisor.") {
		module, _, _ = strings.Cut(module, ".")
	}
	k.failf(key, "%s cannot be resolved within [%s]: No module named '%s'", spec, k.s.Name, module)
	return false
}
