package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/glob"
)

// Selector selects hosts and processes, as the options and names of a command do. The zero value selects all.
type Selector struct {
	Hosts  []string // patterns; one must match
	Labels []LabelTerm
	States []string // in upper case; one must match
	Names  []string // patterns of namespecs; one must match
}

// LabelTerm is a condition about a label. All terms of a selector must hold. A label that is not there has no value, so that it differs
// from all.
type LabelTerm struct {
	Name, Value string
	Not         bool
}

// ParseLabelTerms reads terms such as role=web,dc!=ams.
func ParseLabelTerms(text string) (terms []LabelTerm, err error) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		name, not := strings.CutSuffix(name, "!")
		if !ok || !isLabel(name) {
			return nil, fmt.Errorf("%q is neither LABEL=VALUE nor LABEL!=VALUE", part)
		}
		terms = append(terms, LabelTerm{Name: name, Value: value, Not: not})
	}
	return terms, nil
}

// Host reports whether a host is selected.
func (s Selector) Host(name string, labels map[string]string) bool {
	for _, t := range s.Labels {
		value, ok := labels[t.Name]
		if (ok && value == t.Value) == t.Not {
			return false
		}
	}
	return anyMatches(s.Hosts, name)
}

// Process reports whether a process of a selected host is selected.
func (s Selector) Process(p Process, state string) bool {
	if len(s.States) > 0 && !slices.Contains(s.States, state) {
		return false
	}
	if len(s.Names) == 0 {
		return true
	}
	for _, pattern := range s.Names {
		if matchNamespec(pattern, p) {
			return true
		}
	}
	return false
}

// OfProcesses reports whether the selector depends on processes.
func (s Selector) OfProcesses() bool { return len(s.Names) > 0 || len(s.States) > 0 }

// matchNamespec compares a process with a pattern: GROUP:NAME, GROUP:* and GROUP: as everywhere, and a pattern without a colon with the
// process that is its group, as supervisorctl shows it.
func matchNamespec(pattern string, p Process) bool {
	group, name, both := strings.Cut(pattern, ":")
	if !both {
		return p.Group == p.Name && glob.Match(pattern, p.Name)
	}
	return glob.Match(group, p.Group) && (name == "" || glob.Match(name, p.Name))
}

func anyMatches(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if glob.Match(pattern, name) {
			return true
		}
	}
	return len(patterns) == 0
}
