package config

import "strings"

// KillMode is which processes get the stop signal and SIGKILL.
type KillMode uint8

// The modes. The zero value is that of stopasgroup and killasgroup.
const (
	KillUnset KillMode = iota
	KillProcess
	KillGroup
	KillMixed
	KillCgroup // the cgroup of the process; without one, the process group
)

const killModeKey = "killmode"

// killModes has for each mode its word, and which signals go to the process group.
var killModes = [...]struct {
	word        string
	stop, group bool
}{
	KillProcess: {word: "process"},
	KillGroup:   {"group", true, true},
	KillMixed:   {"mixed", false, true},
	KillCgroup:  {"cgroup", true, true},
}

var killModeType = &Type[KillMode]{name: killModeNames(), words: true, same: equal[KillMode],
	parse: func(text string) (KillMode, error) {
		for i, m := range killModes {
			if i > 0 && strings.EqualFold(text, m.word) {
				return KillMode(i), nil
			}
		}
		return KillUnset, errWord
	},
	text: func(m KillMode) string { return killModes[m].word }}

func killModeNames() string {
	var words []string
	for _, m := range killModes[1:] {
		words = append(words, m.word)
	}
	return oneOf(words...).name
}

// setKillMode has the mode count for the keys that it stands for. If one of these is nearer, in the section itself while the mode is in
// [program-default], that one counts.
func setKillMode(k *sectionReader, p *Process) {
	mode, _ := k.r.doc.Find(k.s, killModeKey)
	for _, key := range []string{"stopasgroup", "killasgroup"} {
		switch v, ok := k.r.doc.Find(k.s, key); {
		case !ok:
		case v.Section == mode.Section:
			k.failf(killModeKey, "killmode and %s cannot both be set", key)
			return
		case mode.Section == defaultSection:
			p.Extra.StopPlan.Kill = KillUnset
			return
		}
	}
	m := killModes[p.Extra.StopPlan.Kill]
	p.Stop.AsGroup, p.Stop.KillAsGroup = m.stop, m.group
}
