package ctl

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// crossSession is a session of commands. "config NAME" replaces the configuration, "until STATE NAME" waits.
var crossSession = strings.Split(strings.TrimSpace(`
status
pid
pid all
version
avail
status cat
status nope
status g:*
status nope:* cat g:one
status manual cat
start manual
status manual
pid manual
start manual
stop manual
stop manual
status manual
pid manual
start nope
start nope:*
start
start missing
start notexec
start dies
until FATAL dies
status dies
start g:*
stop g:*
status g:*
pid g:one
start g:one
start g:*
restart g:*
restart cat
restart manual
stop manual
restart nope
restart nope:*
stop nope
stop nope:*
stop
restart
signal
signal HUP
signal CONT cat
signal cont cat
signal 18 cat
signal BOGUS cat
signal CONT nope
signal CONT nope:*
signal CONT g:*
signal CONT manual
signal CONT all
tail loud
tail loud stderr
tail -3 loud
tail -0 loud
tail --2 loud
tail loud foo
tail nope
tail quiet
tail g:*
tail
tail a b c d
tail -x loud
maintail x
maintail -x
maintail a b
fg
fg a b
fg nope
fg manual
clear loud
tail loud
clear nope
clear all
clear
reread
update
config changed
reread
avail
update nope
update new
status new
update
status
reread
update all
add nope
add cat
remove cat
remove nope
stop new
remove new
status new
add new
until RUNNING new
pid new
config first
reread
update
until RUNNING quiet
status
stop all
status
pid all
start all
until FATAL dies
status
restart all
until FATAL dies
status
config bad
reread
config first
reread
shutdown x
reload x
open
open ftp://x
help
help start
help nosuch
nosuch
quit
shutdown
`), "\n")

// TestCross runs the same session with each supervisorctl and each supervisord, the original's and ours, and compares output
// and exit statuses. CROSS is the directory of our programs; make cross sets it.
func TestCross(t *testing.T) {
	bin := os.Getenv("CROSS")
	if bin == "" {
		t.Skip("CROSS is not set to the directory of our programs")
	}
	ourDaemon, ourCtl := filepath.Join(bin, "supervisord"), filepath.Join(bin, "supervisorctl")
	pairs := []struct{ daemon, ctl string }{
		{referenceDaemon, referenceCtl}, {referenceDaemon, ourCtl}, {ourDaemon, referenceCtl}, {ourDaemon, ourCtl},
	}
	records := make([][]string, len(pairs))
	t.Run("sessions", func(t *testing.T) {
		for i, pair := range pairs {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				records[i] = runSession(t, pair.daemon, pair.ctl)
			})
		}
	})
	if t.Failed() {
		return
	}
	for i := range records[1:] {
		for n, line := range crossSession {
			if diff := cmp.Diff(records[0][n], records[i+1][n]); diff != "" {
				t.Errorf("%s with %s, line %d %q: -original +this\n%s", pairs[i+1].ctl, pairs[i+1].daemon, n+1, line, diff)
			}
		}
	}
}

// runSession returns the normalized output and the exit status of each line of the session.
func runSession(t *testing.T, daemon, ctl string) (record []string) {
	r := startDaemon(t, daemon)
	changed := strings.NewReplacer("[program:manual]", "[program:new]", "autostart=false\nstartsecs=0\npriority=77",
		"autostart=true\nstartsecs=0\npriority=77", "[program:quiet]\ncommand=/bin/cat",
		"[program:quiet]\ncommand=/bin/cat -u").Replace(referenceConfig)
	configs := map[string]string{"first": referenceConfig, "changed": changed, "bad": referenceConfig + "[program:bad]\n"}
	for _, line := range crossSession {
		switch words := strings.Fields(line); words[0] {
		case "config":
			r.write(t, configs[words[1]])
			record = append(record, "")
		case "until":
			r.waitState(t, words[2], words[1])
			record = append(record, "")
		default:
			out, stderr, status := r.with(t, ctl, r.url(), "", line)
			if strings.HasSuffix(line, " all") { // the status is that of the last error, and the order is random
				status = min(status, 1)
			}
			record = append(record, fmt.Sprintf("%s%s= %d", normalize(r, line, out), normalize(r, line, stderr), status))
		}
	}
	return record
}

var (
	versions = regexp.MustCompile(`(?m)^\d+\.\d+\.\d+$`)
	// places is our line with the place of an error in the configuration, after the original's text.
	places = regexp.MustCompile(`(?m)^  DIR/sd\.conf:\d+: .*\n`)
)

// normalize removes what differs between the daemons. The order of several processes is random.
func normalize(r reference, line, text string) string {
	text = versions.ReplaceAllString(strings.ReplaceAll(text, r.dir, "DIR"), "VERSION")
	text = normal(places.ReplaceAllString(text, ""))
	if strings.HasSuffix(line, " all") {
		lines := strings.SplitAfter(text, "\n")
		slices.Sort(lines)
		text = strings.Join(lines, "")
	}
	return text
}

// waitState waits until a process is in the state.
func (r reference) waitState(t *testing.T, name, state string) {
	t.Helper()
	if out, _, status := r.ours("wait", name, "--for", state, "--timeout", (20 * time.Second).String()); status != 0 {
		t.Fatalf("%s is not %s: %s", name, state, out)
	}
}
