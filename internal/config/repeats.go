package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// warnOfRepeats warns about sections and keys that occur again with other values. A section of two files, which have different keys
// of it, is no mistake.
func (r *reader) warnOfRepeats() {
	for _, again := range r.doc.Repeats {
		sameFile := samePath(again.Before.From, again.Again.From)
		if sameFile && again.Before.Line == again.Again.Line { // the file is included twice
			continue
		}
		where := fmt.Sprintf("line %d", again.Again.Line)
		if !sameFile {
			where = again.Again.From.Path
		}
		if again.Section == "include" && again.Key == "" && !sameFile {
			r.warn("%s:%d: [include] has no effect: an included file includes no others", again.Again.From.Path, again.Again.Line)
			continue
		}
		what, effect := fmt.Sprintf("[%s]", again.Section), "which counts"
		switch keys := r.counting(again); {
		case again.Key != "":
			what += " " + again.Key
		case len(keys) > 0:
			effect = "whose " + enumeration(keys)
		case sameFile:
			effect = "the keys of both count"
		default:
			continue
		}
		r.warn("%s:%d: %s is also in %s, %s", again.Before.From.Path, again.Before.Line, what, where, effect)
	}
}

func samePath(a, b *ini.File) bool {
	return filepath.Join(a.Here, filepath.Base(a.Path)) == filepath.Join(b.Here, filepath.Base(b.Path))
}

// counting returns the keys of a section that occurs again whose values are those of the second occurrence.
func (r *reader) counting(again *ini.Repeat) (keys []string) {
	s := r.doc.ByName[again.Section]
	for _, key := range again.Keys {
		if v := s.Values[key]; v.From == again.Again.From && v.Line > again.Again.Line && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// enumeration returns "a counts", "a and b count" or "a, b and c count".
func enumeration(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0] + " counts"
	}
	return strings.Join(words[:last], ", ") + " and " + words[last] + " count"
}
