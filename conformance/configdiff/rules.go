package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// rule is a deliberate difference. normalize changes the result of the original into the intended one of ours, and reports whether
// it changed anything. Rules N-2, N-3, DIFF-9 and DIFF-10 are in the driver.
type rule struct {
	name      string
	reason    string
	normalize func(original, ours *outcome) bool
}

// applyRules applies the rules and returns the names of those that changed something.
func applyRules(original, ours *outcome) []string {
	var used []string
	for _, r := range rules {
		if r.normalize(original, ours) {
			used = append(used, r.name)
		}
	}
	return used
}

var rules = []rule{
	{"DIFF-98", "a negative size counts as 0: never rotate, nothing captured", normalizeSizes},
	{"DIFF-117", "modes and masks have nine bits", normalizeMasks},
	{"DIFF-253", "a byte order mark is skipped", normalizeMark},
	{"DIFF-200", "a line that cannot be parsed is not shown, because it may be or contain a password", normalizeUnparsed},
	{"DIFF-200 values", "the value of a key that may contain a password is not shown", normalizeSecrets},
	{"DIFF-201", "an empty user name or password of a server counts as missing beside the other one", normalizeCredentials},
	{"DIFF-255", "sections and keys that occur again, and includes of included files, are warnings", normalizeRepeats},
	{"empty is none", "an empty directory, URL or user name does the same as none", normalizeEmpty},
	{"DIFF-17", "of two equal names the same one wins, but with a warning", normalizeNames},
	{"DIFF-30", "the processes of a [group:x] start by priority, ties in the listed order", normalizeOrder},
	{"DIFF-10 names", "the name check sees %(here)s of process_name unexpanded, with and without includes", normalizeHereName},
	{"DIFF-11", "an included file that cannot be read is a warning, not logged as read", normalizeUnread},
	{"DIFF-103", "a FastCGI program in a group gets its socket, or a warning", normalizeSocketWarning},
	{"no groups' socket", "a FastCGI group without processes has no socket to compare", normalizeNoProcess},
	{"DIFF-12", "stopsignal refuses 0 and names that are not signals", normalizeSignals},
	{"DIFF-13", "an empty file= of [unix_http_server] is refused", normalizeFile},
	{"DIFF-15", "messages about FastCGI sockets do not print a tuple", normalizeTuple},
	{"DIFF-16", "an unknown member is reported under its group", normalizeMember},
	{"N-5", "the message about an unknown factory ends with the cause", normalizeReason},
	{"DIFF-115", "a factory that is not module:attribute cannot be resolved", normalizeFormat},
	{"DIFF-112", "%(process_name)s works in log file names", normalizeProcessName},
}

// processes calls f for every process of the original's values.
func processes(o *outcome, f func(p keys) bool) (changed bool) {
	if o.Values == nil {
		return false
	}
	for i := range o.Values.Groups {
		for j := range o.Values.Groups[i].Processes {
			changed = f(o.Values.Groups[i].Processes[j]) || changed
		}
	}
	return changed
}

const autoWithoutRollover = "AUTO logging used for"

func normalizeSizes(original, ours *outcome) bool {
	raise := func(k keys, sizes ...string) (changed bool) {
		for _, name := range sizes {
			if size, ok := k[name].(float64); ok && size < 0 {
				k[name], changed = 0.0, true
			}
		}
		return changed
	}
	if original.Values == nil {
		return false
	}
	daemon := raise(original.Values.Supervisord, "logfile_maxbytes")
	logs := processes(original, func(p keys) bool { return raise(p, "stdout_logfile_maxbytes", "stderr_logfile_maxbytes") })
	if logs && ours.Values != nil { // we warn of an AUTO log without rollover then
		ours.Values.Warnings = slices.DeleteFunc(ours.Values.Warnings, func(line string) bool {
			return strings.Contains(line, autoWithoutRollover) && !slices.Contains(original.Values.Warnings, line)
		})
	}
	captures := processes(original, func(p keys) bool { return raise(p, "stdout_capture_maxbytes", "stderr_capture_maxbytes") })
	return daemon || logs || captures
}

func normalizeMasks(original, _ *outcome) bool {
	if original.Values == nil {
		return false
	}
	changed := false
	cut := func(mask *int) {
		if mask != nil {
			changed = changed || *mask != *mask&0o777
			*mask &= 0o777
		}
	}
	cutUmask := func(k keys) bool {
		if mask, ok := k["umask"].(float64); ok {
			mask := int(mask)
			cut(&mask)
			k["umask"] = float64(mask)
		}
		return changed
	}
	v := original.Values
	cutUmask(v.Supervisord)
	for i := range v.Servers {
		cut(&v.Servers[i].Chmod)
	}
	for i := range v.Groups {
		if v.Groups[i].Socket != nil {
			cut(v.Groups[i].Socket.Mode)
		}
	}
	processes(original, cutUmask)
	return changed
}

func normalizeEmpty(original, _ *outcome) bool {
	if original.Values == nil {
		return false
	}
	changed := false
	drop := func(texts ...**string) {
		for _, text := range texts {
			if *text != nil && **text == "" {
				*text, changed = nil, true
			}
		}
	}
	processes(original, func(p keys) bool {
		for _, name := range []string{"directory", "serverurl", "stdout_logfile", "stderr_logfile"} {
			if p[name] == "" {
				p[name], changed = nil, true
			}
		}
		return false
	})
	for i := range original.Values.Servers {
		drop(&original.Values.Servers[i].Username, &original.Values.Servers[i].Password)
	}
	return changed
}

// normalizeMark takes our result for a file that begins with a byte order mark, which is the original's error in its first line.
func normalizeMark(original, ours *outcome) bool {
	if !markError.MatchString(original.Message) || strings.HasPrefix(ours.Message, "Error: File contains no section headers") {
		return false
	}
	*original = *ours
	return true
}

var markError = regexp.MustCompile(`^Error: File contains no section headers\.\nfile: '.*', line: 1\n'\\ufeff`)

var repeat = regexp.MustCompile(`^[^\n]*:\d+: \[(.* is also in .*, .* counts?$|include\] has no effect: )`)

func normalizeRepeats(_, ours *outcome) bool {
	if ours.Values == nil {
		return false
	}
	n := len(ours.Values.Warnings)
	ours.Values.Warnings = slices.DeleteFunc(ours.Values.Warnings, repeat.MatchString)
	return len(ours.Values.Warnings) != n
}

var (
	quotedText   = `(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`
	unparsedLine = regexp.MustCompile(`(?m)(^\t\[line +\d+\]: |^file: '.*', line: \d+\n)(` + quotedText + `)`)
	ofSecretKey  = regexp.MustCompile(`(?s)^Error: Format string .*( for '(?:[^']*\.)?(?:password|environment|command|url|serverurl|` +
		`result_handler_exec)' | for '(?:rpcinterface|ctlplugin):[^']*' )(.*)$`)
	pairs       = regexp.MustCompile(`(?s)^(Error: Unexpected end of key/value pairs) in value '.*'( in section|\nFor help)`)
	unknownName = regexp.MustCompile(`^contains names( \(` + quotedText + `\))`)
	badFormat   = regexp.MustCompile(`(?s)^is badly formatted: .*?( in section '[^']*' \(file: '[^']*'\))?\nFor help`)
	publicName  = regexp.MustCompile(`^ \('(ENV_[A-Z_][A-Z0-9_]*|here|host_node_name|program_name|group_name|process_num|process_name|numprocs)'\)$`)
)

// normalizeUnparsed removes lines without "=" from messages, but not headers.
func normalizeUnparsed(original, _ *outcome) bool {
	before := original.Message
	original.Message = unparsedLine.ReplaceAllStringFunc(before, func(match string) string {
		part := unparsedLine.FindStringSubmatch(match)
		if strings.HasPrefix(part[2][1:], "[") {
			return match
		}
		return part[1] + "'...'"
	})
	return original.Message != before
}

// normalizeSecrets removes the value of a secret key, and names that may be a part of it, from a message.
func normalizeSecrets(original, ours *outcome) bool {
	if !strings.HasPrefix(ours.Message, "Error: Format string for") && !strings.Contains(ours.Message, "key/value pairs") {
		return false
	}
	if before := original.Message; pairs.MatchString(before) {
		original.Message = pairs.ReplaceAllString(before, "$1$2")
		return true
	}
	part := ofSecretKey.FindStringSubmatch(original.Message)
	if part == nil {
		return false
	}
	rest := part[2]
	if name := unknownName.FindStringSubmatch(rest); name != nil && !publicName.MatchString(name[1]) {
		rest = strings.Replace(rest, name[1], "", 1)
	}
	rest = badFormat.ReplaceAllString(rest, "is badly formatted: a percent sign that begins no name is written %%$1\nFor help")
	original.Message = "Error: Format string" + part[1] + rest
	return true
}

func normalizeCredentials(original, ours *outcome) bool {
	if original.Values == nil { // because of a later error
		if strings.Contains(ours.Message, "incomplete authentication") && original.Message != ours.Message {
			*original = *ours
			return true
		}
		return false
	}
	for _, s := range original.Values.Servers {
		if filled(s.Username) != filled(s.Password) {
			*original = outcome{Status: 2, Message: "Error: Section [" + s.Section + "] contains incomplete authentication: If a username or a " +
				"password is specified, both the username and password must be specified\nFor help, use supervisord -h\n"}
			return true
		}
	}
	return false
}

func filled(text *string) bool { return text != nil && *text != "" }

func normalizeOrder(original, _ *outcome) bool {
	if original.Values == nil {
		return false
	}
	changed := false
	for _, g := range original.Values.Groups {
		byPriority := func(a, b keys) int { return cmp.Compare(a["priority"].(float64), b["priority"].(float64)) }
		if !slices.IsSortedFunc(g.Processes, byPriority) {
			slices.SortStableFunc(g.Processes, byPriority)
			changed = true
		}
	}
	return changed
}

var nameWarning = regexp.MustCompile(`^\[.*\] has the same group name as \[.*\] and is ignored$|` +
	`^process name .* occurs more than once in group .*, only the one of \[.*\] counts$`)

func normalizeNames(original, ours *outcome) bool {
	if original.Values == nil || ours.Values == nil {
		return false
	}
	changed := dropMatching(&ours.Values.Warnings, nameWarning)
	seen := map[string]bool{}
	original.Values.Groups = slices.DeleteFunc(original.Values.Groups, func(g group) bool {
		again := seen[g.Name]
		seen[g.Name] = true
		return again
	})
	for i := range original.Values.Groups {
		g := &original.Values.Groups[i]
		places := map[any]int{}
		var kept []keys
		for _, p := range g.Processes {
			if place, ok := places[p["name"]]; ok {
				kept[place], changed = p, true
				continue
			}
			places[p["name"]] = len(kept)
			kept = append(kept, p)
		}
		g.Processes = kept
	}
	if changed { // the original reads a program that is listed twice twice
		original.Values.Warnings = once(original.Values.Warnings)
		ours.Values.Warnings = once(ours.Values.Warnings)
	}
	return changed
}

// once removes repeated lines about programs.
func once(lines []string) (kept []string) {
	for _, line := range lines {
		if !strings.HasPrefix(line, "For [") || !slices.Contains(kept, line) {
			kept = append(kept, line)
		}
	}
	return kept
}

func dropMatching(lines *[]string, pattern *regexp.Regexp) bool {
	before := len(*lines)
	*lines = slices.DeleteFunc(*lines, pattern.MatchString)
	return len(*lines) != before
}

// hereName matches the refusal of a name that contains a directory of this program.
var hereName = regexp.MustCompile(`^Error: Invalid name: '.*/configdiff[0-9]+/.*' because of character: '/' in section`)

func normalizeHereName(original, ours *outcome) bool {
	return hereName.MatchString(original.Message) && !hereName.MatchString(ours.Message) && accept(original, ours)
}

var unread = regexp.MustCompile(`^Could not read extra file (".*") during parsing: `)

func normalizeUnread(original, ours *outcome) bool {
	if original.Values == nil || ours.Values == nil {
		return false
	}
	changed := false
	for _, warning := range slices.Clone(ours.Values.Warnings) {
		if m := unread.FindStringSubmatch(warning); m != nil {
			claim := "Included extra file " + m[1] + " during parsing"
			if i := slices.Index(original.Values.Infos, claim); i >= 0 {
				original.Values.Infos = slices.Delete(original.Values.Infos, i, i+1)
				ours.Values.Warnings = slices.DeleteFunc(ours.Values.Warnings, func(s string) bool { return s == warning })
				changed = true
			}
		}
	}
	return changed
}

var socketWarning = regexp.MustCompile(`^\[fcgi-program:.*\] gets no socket: `)

func normalizeSocketWarning(_, ours *outcome) bool {
	return ours.Values != nil && dropMatching(&ours.Values.Warnings, socketWarning)
}

func normalizeNoProcess(original, _ *outcome) bool {
	changed := false
	if original.Values != nil {
		for i, g := range original.Values.Groups {
			if g.Socket != nil && len(g.Processes) == 0 {
				original.Values.Groups[i].Socket, changed = nil, true
			}
		}
	}
	return changed
}

var noSignal = regexp.MustCompile(
	`^Error: value '\s*([+-]?0[0_]*|(?i:SIG)?_(?i:DFL|IGN|BLOCK|UNBLOCK|SETMASK))\s*' is not a`)

// accept replaces the original's result by ours, for a configuration that only we refuse, or that the original refuses for
// something that it reads later.
func accept(original, ours *outcome) bool {
	*original = *ours
	return true
}

func normalizeSignals(original, ours *outcome) bool {
	return noSignal.MatchString(ours.Message) && original.Message != ours.Message && accept(original, ours)
}

func normalizeFile(original, ours *outcome) bool {
	refused := strings.Contains(ours.Message, "has no file value")
	return refused && !strings.Contains(original.Message, "has no file value") && accept(original, ours)
}

var tuple = regexp.MustCompile(
	`\('(Bad socket format|Unix socket path) %s( is not an absolute path)?', ['"](.*)['"]\) in \[`)

var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\'`, "'")

func normalizeTuple(original, _ *outcome) bool {
	plain := tuple.ReplaceAllStringFunc(original.Message, func(message string) string {
		m := tuple.FindStringSubmatch(message)
		return m[1] + " " + unescape.Replace(m[3]) + m[2] + " in ["
	})
	changed := plain != original.Message
	original.Message = plain
	return changed
}

var unknownMember = regexp.MustCompile(`^Error: \[(.*)\] (names unknown program or fcgi-program |name )`)

func normalizeMember(original, ours *outcome) bool {
	theirs, own := unknownMember.FindStringSubmatch(original.Message), unknownMember.FindStringSubmatch(ours.Message)
	if theirs == nil || own == nil || theirs[1] == own[1] || !strings.HasPrefix(own[1], "group:") {
		return false
	}
	original.Message = "Error: [" + own[1] + "] " + theirs[2] + strings.TrimPrefix(original.Message, theirs[0])
	return true
}

// extras matches the refusal of a factory with a list in brackets after it, which the original ignores.
var extras = regexp.MustCompile(`^Error: \S*\[.*\] cannot be resolved within`)

func normalizeFormat(original, ours *outcome) bool {
	odd := strings.HasPrefix(original.Message, `Error: ("EntryPoint must be in`) || extras.MatchString(ours.Message)
	unresolved := strings.Contains(ours.Message, "cannot be resolved within")
	return odd && unresolved && original.Message != ours.Message && accept(original, ours)
}

var reason = regexp.MustCompile(`( cannot be resolved within \[.*\]): No module named '.*'`)

func normalizeReason(_, ours *outcome) bool {
	short := reason.ReplaceAllString(ours.Message, "$1")
	changed := short != ours.Message
	ours.Message = short
	return changed
}

var logProcessName = regexp.MustCompile(`_logfile' contains names \('process_name'\)`)

func normalizeProcessName(original, ours *outcome) bool {
	return logProcessName.MatchString(original.Message) && original.Message != ours.Message && accept(original, ours)
}

// listing returns the table of rules, with the number of times that each was applied.
func listing(used map[string]int) string {
	var b strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&b, "%6d  %-18s %s\n", used[r.name], r.name, r.reason)
	}
	return b.String()
}
