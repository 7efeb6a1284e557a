package config

import (
	"slices"
	"strings"
)

// lines looks for keys about lines of a log that have no effect.
func (d *doubts) lines(p *Process) {
	s := d.r.doc.ByName[p.Section]
	if p.Extra == nil || s == nil {
		return
	}
	for _, set := range p.Extra.set {
		name := set.key.Name
		channel, key, ok := strings.Cut(name, "_logfile_")
		if !ok || slices.Contains(d.r.defaulted[s], name) || !isLineKey(name) {
			continue
		}
		if why := p.noLines(channel, key); why != "" {
			d.add(p.Section, name, "["+p.Section+"] "+name+" has no effect: "+why)
		}
	}
}

func isLineKey(name string) bool {
	return slices.ContainsFunc(lineKeys, func(r row[Process]) bool { return r.key().Name == name })
}

// noLines is why a key about lines of a channel has no effect, empty if it has one.
func (p *Process) noLines(channel, key string) string {
	log, lines := &p.Out.Log, &p.Extra.Lines.Out
	if channel == "stderr" {
		log, lines = &p.Err.Log, &p.Extra.Lines.Err
	}
	needs := func(what string, is func(FormatKind) bool) string {
		if lines.has(is) {
			return ""
		}
		return channel + "_logfile_format is not " + what
	}
	switch {
	case channel == "stdout" && (kindOf(p.Section) == InListener || p.HandlesResults):
		return "its standard output is the protocol"
	case channel == "stderr" && p.RedirectErr:
		return "redirect_stderr is true"
	case log.Kind == LogNone && len(lines.Tees) == 0:
		return channel + "_logfile is NONE"
	case key == "json_data":
		return needs("json", func(k FormatKind) bool { return k == FormatJSON })
	case key == "fields":
		return needs("json or a template", func(k FormatKind) bool { return k == FormatJSON || k == FormatTemplate })
	case key == "utc" || key == "multiline":
		return needs("set", func(k FormatKind) bool { return k != FormatPlain })
	}
	return ""
}
