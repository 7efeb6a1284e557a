// Httpok is a listener that restarts processes when a URL does not answer as it should. Its options are those of
// superlance's httpok. To be subscribed to a tick:
//
//	[eventlistener:httpok]
//	command=supervisor-httpok -p web -m ops@example.com http://127.0.0.1:8080/alive
//	events=TICK_60
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/watch"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func main() {
	os.Exit(watch.Main("[-p PROCESS]... [-a] [-t SECONDS] [-c STATUS] [-b TEXT] [-g COMMAND] [-d DIRECTORY] [-m ADDRESS]"+
		" [-s COMMAND] [-e|-E] [-w SECONDS] [-n NAME] URL", configure))
}

// httpok is what the command line asks for.
type httpok struct {
	probe       probe
	programs    []string
	any         bool
	eager       bool
	delay       int // seconds that a process must have been up
	gcore       string
	coreDir     string // empty: no core files
	name        string
	mail        watch.Mailer
	supervisord *client.Client
}

func configure(flags *pflag.FlagSet) func() (func(childutils.Event) error, error) {
	h := &httpok{}
	flags.StringArrayVarP(&h.programs, "program", "p", nil,
		"restart this `process`, PROCESS or GROUP:PROCESS (may be repeated)")
	flags.BoolVarP(&h.any, "any", "a", false, "restart all processes that run")
	timeout := flags.IntP("timeout", "t", 10, "wait so many `seconds` for the answer")
	flags.StringSliceVarP(&h.probe.statuses, "code", "c", []string{"200"}, "the `status` that is right (may be repeated)")
	flags.StringVarP(&h.probe.text, "body", "b", "", "a `text` that the answer must have")
	flags.StringVarP(&h.gcore, "gcore", "g", "/usr/bin/gcore -o",
		"the `command` that writes a core file; it gets the file's name and the process id")
	flags.StringVarP(&h.coreDir, "coredir", "d", "", "before a restart write a core file to this `directory`")
	flags.BoolVarP(&h.eager, "eager", "e", true, "ask also while none of the processes runs")
	lazy := flags.BoolP("not-eager", "E", false, "ask only while one of the processes runs")
	flags.IntVarP(&h.delay, "delay", "w", 0, "leave processes alone that are up for less than so many `seconds`")
	flags.StringVarP(&h.name, "name", "n", "", "the `name` of this httpok, for the subject of mail")
	h.mail.Flags(flags)
	return func() (handle func(childutils.Event) error, err error) {
		if flags.NArg() != 1 {
			return nil, fmt.Errorf("there must be one URL")
		}
		h.probe.url, h.probe.timeout = flags.Arg(0), time.Duration(*timeout)*time.Second
		h.eager = h.eager && !*lazy
		if err := h.probe.check(); err != nil {
			return nil, err
		}
		h.supervisord, err = childutils.Client()
		return h.handle, err
	}
}

func (h *httpok) handle(event childutils.Event) error {
	if !strings.HasPrefix(event.Name(), "TICK") {
		return nil
	}
	if !h.eager && !h.anyRuns() {
		return nil
	}
	if problem, detail := h.probe.ask(); problem != "" {
		h.act(problem, detail)
	}
	return nil
}

func (h *httpok) concerned(p client.ProcessInfo) bool {
	return h.any || watch.Named(h.programs, p.Group, p.Name)
}

// anyRuns tells whether one of the processes runs; if that cannot be told, asking does no harm.
func (h *httpok) anyRuns() bool {
	infos, err := watch.Processes(h.supervisord)
	return err != nil || slices.ContainsFunc(infos, func(p client.ProcessInfo) bool { return h.concerned(p) && runs(p) })
}

func runs(p client.ProcessInfo) bool { return p.StateName == "RUNNING" }

// act restarts the processes and sends mail about it.
func (h *httpok) act(problem, detail string) {
	lines := []string{detail}
	say := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf(format, args...))
		watch.Say("%s", lines[len(lines)-1])
	}
	watch.Say("%s", detail)
	infos, err := watch.Processes(h.supervisord)
	if err != nil {
		say("cannot list the processes, not acting: %v", err)
		return
	}
	if h.any {
		say("Restarting all running processes")
	} else {
		say("Restarting selected processes %s", strings.Join(h.programs, ", "))
	}
	for _, p := range infos {
		if h.concerned(p) {
			h.restart(p, say)
		}
	}
	for _, name := range h.programs {
		is := func(p client.ProcessInfo) bool { return watch.Named([]string{name}, p.Group, p.Name) }
		if !slices.ContainsFunc(infos, is) {
			say("%s is not restarted, it does not exist", name)
		}
	}
	id := "httpok"
	if h.name != "" {
		id += " [" + h.name + "]"
	}
	h.mail.Send(fmt.Sprintf("%s: %s: %s", id, h.probe.url, problem), strings.Join(lines, "\n")+"\n")
}

func (h *httpok) restart(p client.ProcessInfo, say func(string, ...any)) {
	name := watch.Namespec(p.Group, p.Name)
	switch up := p.Now - p.Start; {
	case p.PID == os.Getpid():
		return // with -a: whoever restarts all others goes on
	case !runs(p):
		say("%s not in RUNNING state, NOT restarting", name)
		return
	case up < h.delay:
		say("%s is in RUNNING state for %d seconds (< %d), NOT restarting", name, up, h.delay)
		return
	}
	if h.coreDir != "" {
		file := filepath.Join(h.coreDir, name)
		out, err := exec.Command("/bin/sh", "-c", h.gcore+` "$1" "$2"`, "gcore", file, strconv.Itoa(p.PID)).CombinedOutput()
		say("gcore output for %s:\n\n%s", name, out)
		if err != nil {
			say("no core file: %v", err)
		}
	}
	say("%s is in RUNNING state, restarting", name)
	if err := watch.Restart(h.supervisord, p); err != nil {
		say("%v", err)
		return
	}
	say("%s restarted", name)
}
