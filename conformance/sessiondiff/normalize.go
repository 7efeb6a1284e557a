package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// rules replace the parts of texts that differ between runs: process ids, times, and random names.
var rules = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`\bpid([ :])\d+`), "pid${1}N"},
	{regexp.MustCompile(`\(\d+\)`), "(N)"},
	{regexp.MustCompile(`'ver:3\.0 server:\S+ serial:[^']*'`), "an event"}, // the order of several varies
	{regexp.MustCompile(`\bpid N, uptime [\d:]+`), "pid N, uptime T"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M\b`), "WHEN"},
	{regexp.MustCompile(`---supervisor-\w+\.log`), "---supervisor-RANDOM.log"},
	{regexp.MustCompile(`can't parse command '[^']*'`), "can't parse command"},                                                           // DIFF-200
	{regexp.MustCompile(`Format string '[^']*' for '(\S+\.command)' contains names \('\w+'\)`), "Format string for '$1' contains names"}, // DIFF-200
}

// normalize replaces the parts of a text that differ between runs.
func (d *daemon) normalize(text string) string {
	text = strings.ReplaceAll(text, d.dir, "DIR")
	for _, r := range rules {
		text = r.find.ReplaceAllString(text, r.put)
	}
	return text
}

// normalizeAnswer replaces the parts of a result that differ between runs or on purpose; see docs/differences.md.
func (d *daemon) normalizeAnswer(method string, answer any) any {
	answer = d.normalizeValue(answer)
	list, _ := answer.([]any)
	switch {
	case method == "supervisor.getAllConfigInfo":
		for _, each := range list {
			info := each.(map[string]any)
			delete(info, "autorestart") // DIFF-60
			for _, key := range []string{"stdout_logfile", "stderr_logfile"} {
				if name, _ := info[key].(string); strings.Contains(name, "---supervisor-") {
					info[key] = "auto" // DIFF-61; and the original reports the name after its group was removed
				}
			}
		}
	case strings.HasPrefix(method, "supervisor.stop") || strings.HasPrefix(method, "supervisor.start"):
		// DIFF-31; and the order depends on when each daemon notices that a process has exited.
		slices.SortFunc(list, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return answer
}

// outputRules replace the parts of the lines of supervisorctl that differ between runs or on purpose.
var outputRules = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`^[1-9]\d*$`), "N"},
	{regexp.MustCompile(`^(error: .*): (file: \S+ line: \d+|unix://DIR/s)$`), "$1"}, // DIFF-71
	{regexp.MustCompile(`^(\S*):(None|\*)?: `), "$1:*: "},                           // DIFF-74
}

// errorPlace matches the line that locates an error in the configuration; only ours has it.
var errorPlace = regexp.MustCompile(`^  DIR/sd\.conf:\d+: \[`)

// normalizeOutput returns the exit status and the normalized output of a command, by lines.
func (d *daemon) normalizeOutput(command string, status int, output string) []string {
	list := []string{fmt.Sprint("status ", status)}
	for line := range strings.Lines(d.normalize(output)) {
		line = strings.TrimSuffix(line, "\n")
		for _, r := range outputRules {
			line = r.find.ReplaceAllString(line, r.put)
		}
		if !errorPlace.MatchString(line) {
			list = append(list, line)
		}
	}
	if slices.Contains([]string{"start", "stop", "restart"}, command) {
		slices.Sort(list) // as in normalizeAnswer
	}
	return list
}

// normalizeValue normalizes all parts of a value. Times and process ids become true, or false for 0.
func (d *daemon) normalizeValue(value any) any {
	switch v := value.(type) {
	case string:
		return d.normalize(v)
	case []any:
		for i := range v {
			v[i] = d.normalizeValue(v[i])
		}
	case map[string]any:
		for key := range v {
			switch key {
			case "now", "start", "stop", "pid":
				v[key] = v[key] != int64(0)
			default:
				v[key] = d.normalizeValue(v[key])
			}
		}
	}
	return value
}

// log returns the lines of the main log without times, sorted. It omits lines that depend on timing: waiting and killing, a process
// that reached startsecs (which the original may first notice after it exited), sockets closed between two exits, and overflows of
// the buffer of a listener that was added late. Warnings that only ours has are omitted, too.
func (d *daemon) log() []string {
	data, err := os.ReadFile(filepath.Join(d.dir, "main.log"))
	if err != nil {
		return []string{err.Error()}
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		if match := logLine.FindStringSubmatch(line); match != nil && !timing.MatchString(match[1]) && !more.MatchString(match[1]) {
			list = append(list, d.normalize(match[1]))
		}
	}
	slices.Sort(list)
	return list
}

var (
	logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (.*)\n`)
	// DIFF-237, DIFF-255, DIFF-427.
	more   = regexp.MustCompile(`^WARN (\S+: wrote .* were expected|DIR/sd\.conf:\d+: .* is also in line|For \[\S+\], AUTO logging used)`)
	timing = regexp.MustCompile(`^(INFO waiting for|INFO success:|INFO (Creating|Closing) socket|WARN killing|ERRO pool l event buffer) `)
)
