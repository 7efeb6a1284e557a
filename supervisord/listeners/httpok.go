package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// httpok restarts processes when a URL does not answer as it should. It subscribes to a tick:
//
//	[eventlistener:httpok]
//	command=supervisor-httpok -p web -m ops@example.com http://127.0.0.1:8080/alive
//	events=TICK_60
type httpok struct {
	timeout int // seconds
	lazy    bool

	probe       probe
	programs    []string
	any         bool
	eager       bool
	delay       int // seconds that a process must have been up
	gcore       string
	coreDir     string // empty: no core files
	name        string
	mail        mailer
	supervisord *client.Client
}

func (h *httpok) flags(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&h.programs, "program", "p", nil,
		"restart this `process`, PROCESS, GROUP:PROCESS or GROUP:* (may be repeated)")
	flags.BoolVarP(&h.any, "any", "a", false, "restart all processes that run")
	flags.IntVarP(&h.timeout, "timeout", "t", 10, "wait so many `seconds` for the connection, and for each part of the answer")
	flags.StringSliceVarP(&h.probe.statuses, "code", "c", []string{"200"}, "the expected `status` (may be repeated)")
	flags.StringVarP(&h.probe.text, "body", "b", "", "a `text` that the answer must contain")
	flags.StringVarP(&h.gcore, "gcore", "g", "/usr/bin/gcore -o",
		"the `command` that writes a core file; it gets the file's name and the process id")
	flags.StringVarP(&h.coreDir, "coredir", "d", "", "before a restart write a core file to this `directory`")
	flags.BoolVarP(&h.eager, "eager", "e", true, "ask also while none of the processes runs")
	flags.BoolVarP(&h.lazy, "not-eager", "E", false, "ask only while one of the processes runs")
	flags.IntVarP(&h.delay, "delay", "w", 0, "do not restart processes that are up for less than so many `seconds`")
	flags.StringVarP(&h.name, "name", "n", "", "the `name` of this httpok, for the subject of mail")
	flags.BoolVar(&h.probe.verify, "verify", false, "check the certificate of an https server")
	h.mail.flags(flags)
}

func (h *httpok) open(args []string) (err error) {
	if len(args) != 1 {
		return errors.New("there must be one URL")
	}
	h.probe.url, h.probe.timeout = args[0], time.Duration(h.timeout)*time.Second
	h.probe.dial = new(net.Dialer).DialContext
	h.eager = h.eager && !h.lazy
	if err := h.probe.check(); err != nil {
		return err
	}
	h.supervisord, err = childutils.Client()
	return err
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

func (h *httpok) selected(p client.ProcessInfo) bool {
	return h.any || listed(h.programs, p.Group, p.Name)
}

// anyRuns reports whether one of the processes runs. It is true if supervisord does not answer: the request does no harm.
func (h *httpok) anyRuns() bool {
	infos, err := processes(h.supervisord)
	return err != nil || slices.ContainsFunc(infos, func(p client.ProcessInfo) bool { return h.selected(p) && runs(p) })
}

func runs(p client.ProcessInfo) bool { return p.StateName == "RUNNING" }

// act restarts the processes and sends mail about it.
func (h *httpok) act(problem, detail string) {
	lines := []string{detail}
	report := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf(format, args...))
		logf("%s", lines[len(lines)-1])
	}
	logf("%s", detail)
	infos, err := processes(h.supervisord)
	if err != nil {
		report("cannot list the processes, not acting: %v", err)
		return
	}
	if h.any {
		report("Restarting all running processes")
	} else {
		report("Restarting selected processes %s", strings.Join(h.programs, ", "))
	}
	for _, p := range infos {
		if h.selected(p) {
			h.restart(p, report)
		}
	}
	for _, name := range h.programs {
		is := func(p client.ProcessInfo) bool { return listed([]string{name}, p.Group, p.Name) }
		if !slices.ContainsFunc(infos, is) {
			report("%s is not restarted, it does not exist", name)
		}
	}
	id := "httpok"
	if h.name != "" {
		id += " [" + h.name + "]"
	}
	h.mail.send(fmt.Sprintf("%s: %s: %s", id, h.probe.url, problem), strings.Join(lines, "\n")+"\n")
}

func (h *httpok) restart(p client.ProcessInfo, report func(string, ...any)) {
	name := api.Namespec(p.Group, p.Name)
	switch up := p.Now - p.Start; {
	case p.PID == os.Getpid():
		return // with -a: not the listener itself
	case !runs(p):
		report("%s not in RUNNING state, NOT restarting", name)
		return
	case up < h.delay:
		report("%s is in RUNNING state for %d seconds (< %d), NOT restarting", name, up, h.delay)
		return
	}
	if h.coreDir != "" {
		file := filepath.Join(h.coreDir, name)
		out, err := exec.Command("/bin/sh", "-c", h.gcore+` "$1" "$2"`, "gcore", file, strconv.Itoa(p.PID)).CombinedOutput()
		report("gcore output for %s:\n\n%s", name, out)
		if err != nil {
			report("no core file: %v", err)
		}
	}
	report("%s is in RUNNING state, restarting", name)
	if err := restart(h.supervisord, p); err != nil {
		report("%v", err)
		return
	}
	report("%s restarted", name)
}
