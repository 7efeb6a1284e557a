package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Sections returns the names of the sections that a group was made from.
func (g *Group) Sections() (names []string) {
	switch g.Kind {
	case NamedGroup:
		names = []string{"group:" + g.Name}
	case PluginGroup:
		names = []string{pluginPrefix + g.Name}
	}
	for _, p := range g.Processes {
		if !slices.Contains(names, p.Section) {
			names = append(names, p.Section)
		}
	}
	return names
}

// IsOfGroup reports whether sections of that name describe processes or groups of them.
func IsOfGroup(section string) bool {
	return kindOf(section)&(InProgram|InFastCGI|InListener|InGroup) != 0
}

const fileDiffers = "runs; the files have other values since it was added"

// Running returns a section with the values of a group that runs: those that clients see. Of several processes it has the first.
func (g *Group) Running(section string) *api.ConfigSection {
	shown := &api.ConfigSection{Name: section, From: fileDiffers}
	if section == "group:"+g.Name {
		add := func(key, text string) {
			shown.Keys = append(shown.Keys, api.ConfigKey{Name: key, Text: text, From: fileDiffers})
		}
		var programs []string
		for _, p := range g.Processes {
			if !slices.Contains(programs, p.Program.Name) {
				programs = append(programs, p.Program.Name)
			}
		}
		add("programs", listText(programs))
		add("priority", strconv.Itoa(g.Priority))
		if g.Extra != nil {
			add("groups", listText(g.Extra.Groups))
		}
		return shown
	}
	count := 0
	for _, p := range g.Processes {
		if p.Section != section {
			continue
		}
		if count++; count == 1 {
			p.Encode(&runningKeys{section: shown})
		}
	}
	if count > 1 {
		shown.From += "; the first of " + strconv.Itoa(count) + " processes"
	}
	return shown
}

// runningKeys collects the values of a process as keys of a section. It implements Members.
type runningKeys struct {
	section *api.ConfigSection
	key     *Key
}

func (r *runningKeys) Member(k *Key) bool {
	r.key = k
	return k.Member != ""
}

func (r *runningKeys) String(text string) {
	text = strings.ReplaceAll(text, "%", "%%")
	if isLog(r.key) {
		text = strings.ReplaceAll(text, "%", "%%")
	}
	if r.key.Secret {
		text = urlUser.ReplaceAllString(text, "//"+Hidden+"@")
	}
	r.section.Keys = append(r.section.Keys, api.ConfigKey{Name: r.key.Name, Text: encodeValue(text, r.key.Scope&ofFile != 0), From: fileDiffers})
}

func (r *runningKeys) Int(n int)       { r.String(strconv.Itoa(n)) }
func (r *runningKeys) Bool(b bool)     { r.String(strconv.FormatBool(b)) }
func (r *runningKeys) Ints(list []int) { r.String(codesText(list)) }
func (r *runningKeys) None()           {}

// ChangedSettings returns the keys of [supervisord] in which two readings differ.
func ChangedSettings(a, b *Supervisord) (names []string) {
	for _, row := range daemonKeys {
		if !row.same(&settings{Supervisord: *a}, &settings{Supervisord: *b}) {
			names = append(names, row.key().Name)
		}
	}
	return names
}
