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

// rules replace in texts what depends on the run: process ids, times, and names that are made up.
var rules = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`\bpid([ :])\d+`), "pid${1}N"},
	{regexp.MustCompile(`\(\d+\)`), "(N)"},
	{regexp.MustCompile(`'ver:3\.0 server:\S+ serial:[^']*'`), "an event"}, // whichever of several comes first
	{regexp.MustCompile(`\bpid N, uptime [\d:]+`), "pid N, uptime T"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M\b`), "WHEN"},
	{regexp.MustCompile(`---supervisor-\w+\.log`), "---supervisor-RANDOM.log"},
}

// even makes a text comparable.
func (d *daemon) even(text string) string {
	text = strings.ReplaceAll(text, d.dir, "DIR")
	for _, r := range rules {
		text = r.find.ReplaceAllString(text, r.put)
	}
	return text
}

// evenAnswer makes an answer comparable, and evens out what differs on purpose; see docs/differences.md.
func (d *daemon) evenAnswer(method string, answer any) any {
	answer = d.evenValue(answer)
	list, _ := answer.([]any)
	switch {
	case method == "supervisor.getAllConfigInfo":
		for _, each := range list {
			info := each.(map[string]any)
			delete(info, "autorestart") // DIFF-60
			for _, key := range []string{"stdout_logfile", "stderr_logfile"} {
				if name, _ := info[key].(string); strings.Contains(name, "---supervisor-") {
					info[key] = "auto" // DIFF-61; and the original tells the name after its group is gone
				}
			}
		}
	case strings.HasPrefix(method, "supervisor.stop") || strings.HasPrefix(method, "supervisor.start"):
		// DIFF-31, and results come as the processes ended, as far as each of the two can tell.
		slices.SortFunc(list, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return answer
}

// outputRules replace in the lines of supervisorctl what depends on the run or differs on purpose.
var outputRules = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`^[1-9]\d*$`), "N"},
	{regexp.MustCompile(`^(error: .*): (file: \S+ line: \d+|unix://DIR/s)$`), "$1"}, // DIFF-71
	{regexp.MustCompile(`^(\S*):(None|\*)?: `), "$1:*: "},                           // DIFF-74
}

// errorPlace is the line that tells where an error is; only ours has it.
var errorPlace = regexp.MustCompile(`^  DIR/sd\.conf:\d+: \[`)

// evenOutput makes the exit status and the output of a command comparable.
func (d *daemon) evenOutput(command string, status int, output string) []string {
	list := []string{fmt.Sprint("status ", status)}
	for line := range strings.Lines(d.even(output)) {
		line = strings.TrimSuffix(line, "\n")
		for _, r := range outputRules {
			line = r.find.ReplaceAllString(line, r.put)
		}
		if !errorPlace.MatchString(line) {
			list = append(list, line)
		}
	}
	if slices.Contains([]string{"start", "stop", "restart"}, command) {
		slices.Sort(list) // DIFF-31, and as with the calls
	}
	return list
}

// evenValue goes through all parts. Of times and process ids it leaves whether there is one.
func (d *daemon) evenValue(value any) any {
	switch v := value.(type) {
	case string:
		return d.even(v)
	case []any:
		for i := range v {
			v[i] = d.evenValue(v[i])
		}
	case map[string]any:
		for key := range v {
			switch key {
			case "now", "start", "stop", "pid":
				v[key] = v[key] != int64(0)
			default:
				v[key] = d.evenValue(v[key])
			}
		}
	}
	return value
}

// log is the main log without times, in no order. Left out is what depends on who is faster: that something takes long, that
// a process was up long enough, which the original can find gone already, and that a socket closes between two deaths,
// and how much was told before an event listener was added.
func (d *daemon) log() []string {
	data, err := os.ReadFile(filepath.Join(d.dir, "main.log"))
	if err != nil {
		return []string{err.Error()}
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		if match := logLine.FindStringSubmatch(line); match != nil && !slow.MatchString(match[1]) {
			list = append(list, d.even(match[1]))
		}
	}
	slices.Sort(list)
	return list
}

var (
	logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (.*)\n`)
	slow    = regexp.MustCompile(`^(INFO waiting for|INFO success:|INFO (Creating|Closing) socket|WARN killing|ERRO pool l event buffer) `)
)
