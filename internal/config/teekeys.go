package config

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Tee is a destination of a channel besides its log file.
type Tee struct {
	Kind   TeeKind    `json:"kind,omitempty"`
	Path   string     `json:"path,omitempty"`   // TeeFile only
	Own    bool       `json:"own,omitempty"`    // Format counts; else the format is that of the channel
	Format FormatKind `json:"format,omitempty"` // no template
}

// TeeKind is a kind of destination.
type TeeKind uint8

// The kinds.
const (
	TeeFile TeeKind = iota
	TeeSyslog
	TeeJournald
)

// teeWords are the kinds that a word names.
var teeWords = [...]string{TeeSyslog: "syslog", TeeJournald: "journald"}

// maxTees is how many destinations a channel may have besides its log file.
const maxTees = 4

func teeKey(channel string, of func(*Extra) *ChannelLines) row[Process] {
	name := channel + "_logfile_tee"
	return &extraKey[[]Tee]{Key: Key{Name: name, Default: none, Other: "json:/dev/stdout",
		Help: "up to 4 further destinations, each with a format before it if that is another one, see [logs](logs.md#more-than-one-destination)"},
		Type: teeType(name), Field: func(e *Extra) *[]Tee { return &of(e).Tees }}
}

// teeType is the type of lists of destinations. The name of the key is in messages about bad ones.
func teeType(key string) *Type[[]Tee] {
	return &Type[[]Tee]{name: "list of `[FORMAT:]TARGET`", same: slices.Equal[[]Tee], text: teesText,
		ask: func(h host, text string) ([]Tee, error) {
			list, err := parseList(text)
			if err == nil && len(list) > maxTees {
				err = fmt.Errorf("%s has more than %d targets", key, maxTees)
			}
			if err != nil {
				return nil, err
			}
			var tees []Tee
			for _, target := range list {
				t, err := h.tee(target)
				if errors.Is(err, errWord) {
					err = invalidWord(key, target)
				}
				if err != nil {
					return nil, err
				}
				tees = append(tees, t)
			}
			return tees, nil
		}}
}

// tee reads a destination. What stands before a colon is a format, unless it has a slash, as in ./a:b.
func (h host) tee(text string) (t Tee, err error) {
	target := text
	if word, rest, ok := strings.Cut(text, ":"); ok && !strings.Contains(word, "/") {
		f, err := parseFormat(pyrepr.TrimSpace(word))
		if err != nil || f.Kind == FormatTemplate {
			return t, errWord
		}
		t.Own, t.Format, target = true, f.Kind, pyrepr.TrimSpace(rest)
	}
	switch strings.ToLower(target) {
	case "", "none", "off", "auto":
		return t, errWord
	case teeWords[TeeSyslog]:
		t.Kind = TeeSyslog
	case teeWords[TeeJournald]:
		t.Kind = TeeJournald
	default:
		t.Path, err = h.logPath(target)
	}
	return t, err
}

// String is the destination as a file has it.
func (t Tee) String() string {
	target := t.Path
	if t.Kind != TeeFile {
		target = teeWords[t.Kind]
	}
	if t.Own {
		return t.Format.String() + ":" + target
	}
	return target
}

func teesText(tees []Tee) string {
	var list []string
	for _, t := range tees {
		list = append(list, t.String())
	}
	return listText(list)
}

// TeeFormat is the format of a destination.
func (c *ChannelLines) TeeFormat(t Tee) LineFormat {
	if t.Own {
		return LineFormat{Kind: t.Format}
	}
	return c.Format
}

// HasTee reports whether output goes to syslog or journald in the form that it has there, because of a destination of that kind without a
// format of its own.
func (c *ChannelLines) HasTee(kind TeeKind) bool {
	return slices.ContainsFunc(c.Tees, func(t Tee) bool { return t.Kind == kind && !t.Own })
}

// Formatted reports whether records are made for a destination, so that keys about records have an effect.
func (c *ChannelLines) Formatted() bool {
	return c.has(func(k FormatKind) bool { return k != FormatPlain })
}

// has reports whether the log of the channel, or another destination, has a format of a kind.
func (c *ChannelLines) has(is func(FormatKind) bool) bool {
	return is(c.Format.Kind) || slices.ContainsFunc(c.Tees, func(t Tee) bool { return t.Own && is(t.Format) })
}

// logFiles are the files to which a process writes, and their keys. AUTO logs are not among them.
func (p *Process) logFiles() iter.Seq[channel] {
	return func(yield func(channel) bool) {
		for i, c := range p.channels() {
			if c.log.Kind == LogFile && !yield(c) {
				return
			}
			lines := p.Lines(api.Channel(i))
			for _, t := range lines.Tees {
				tee := channel{c.key + "_tee", Log{Kind: LogFile, Path: t.Path, MaxBytes: c.log.MaxBytes, Backups: c.log.Backups}}
				if t.Kind == TeeFile && !p.withoutTees(i) && !yield(tee) {
					return
				}
			}
		}
	}
}

// withoutTees reports whether a channel, 0 or 1, has no output of its own for other destinations.
func (p *Process) withoutTees(channel int) bool {
	if channel == 1 {
		return p.RedirectErr
	}
	return kindOf(p.Section) == InListener || p.HandlesResults
}

// tees looks for destinations that have no effect, or get everything twice.
func (d *doubts) tees(p *Process) {
	for i, c := range p.channels() {
		key, lines := c.key+"_tee", p.Lines(api.Channel(i))
		if p.withoutTees(i) {
			continue // lines has a reason
		}
		seen := map[string]bool{c.log.Path: true}
		for _, t := range lines.Tees {
			if t.Kind == TeeFile && isSpecial(t.Path) && seen[t.Path] { // other files are in SharedLogs
				d.add(p.Section, key, t.Path+" gets the output twice")
			}
			seen[t.Path] = true
			if t.Kind == TeeJournald && runtime.GOOS != "linux" {
				d.add(p.Section, key, "["+p.Section+"] "+key+": journald has no effect on this system")
			}
		}
	}
}
