package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// memmon restarts processes that use too much memory. It subscribes to a tick:
//
//	[eventlistener:memmon]
//	command=supervisor-memmon -p web=200MB -m ops@example.com
//	events=TICK_60
//
// Sizes are bytes of resident memory.
type memmon struct {
	anyFlag, uptimeFlag string // as given

	programs, groups limits
	any              int64 // 0: no limit for all
	cumulative       bool
	uptime           time.Duration
	name             string
	mail             mailer
	supervisord      *client.Client
}

// limits are sizes by name.
type limits map[string]int64

func (m *memmon) flags(flags *pflag.FlagSet) {
	flags.VarP(m.programs, "program", "p",
		"restart this process, PROCESS, GROUP:PROCESS or GROUP:*, above this size (may be repeated)")
	flags.VarP(m.groups, "group", "g", "restart a process of this group above this size (may be repeated)")
	flags.StringVarP(&m.anyFlag, "any", "a", "", "restart any process above this `size`; sizes take the suffixes KB, MB and GB")
	flags.BoolVarP(&m.cumulative, "cumulative", "c", false, "count a process together with all its descendants")
	flags.StringVarP(&m.uptimeFlag, "uptime", "u", "", "mail only about processes that were up for no longer than this `time`; "+
		"suffixes are m, h and d")
	flags.StringVarP(&m.name, "name", "n", "", "the `name` of this memmon, for the subject of mail")
	m.mail.flags(flags)
	alias(flags, map[string]string{"groupname": "group", "sendmail": "sendmail_program"})
}

func (m *memmon) open([]string) (err error) {
	if m.anyFlag != "" {
		if m.any, err = parseBytes(m.anyFlag); err != nil {
			return err
		}
	}
	if m.uptimeFlag != "" {
		if m.uptime, err = parseDuration(m.uptimeFlag); err != nil {
			return err
		}
	}
	if m.any == 0 && len(m.programs)+len(m.groups) == 0 {
		return errors.New("there is nothing to watch: give -p, -g or -a")
	}
	m.supervisord, err = childutils.Client()
	return err
}

// Set parses NAME=SIZE. It implements pflag.Value.
func (l limits) Set(text string) error {
	name, size, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q is not NAME=SIZE", text)
	}
	n, err := parseBytes(size)
	l[name] = n
	return err
}

// String returns the limits as log lines show them. It implements pflag.Value.
func (l limits) String() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(l)) {
		list = append(list, fmt.Sprintf("%s=%d", name, l[name]))
	}
	return strings.Join(list, ", ")
}

// Type returns the placeholder in the usage. It implements pflag.Value.
func (l limits) Type() string { return "name=size" }

func (m *memmon) handle(event childutils.Event) error {
	if !strings.HasPrefix(event.Name(), "TICK") {
		return nil
	}
	if len(m.programs) > 0 {
		logf("Checking programs %s", m.programs)
	}
	if len(m.groups) > 0 {
		logf("Checking groups %s", m.groups)
	}
	if m.any > 0 {
		logf("Checking any=%d", m.any)
	}
	infos, err := processes(m.supervisord)
	if err != nil {
		logf("cannot list the processes: %v", err)
		return nil // the next tick tries again
	}
	memory, err := readMemory()
	if err != nil {
		logf("cannot read the memory use of processes: %v", err)
		return nil
	}
	for _, p := range infos {
		limit, ok := m.limit(p)
		if p.PID == 0 || !ok {
			continue
		}
		used, ok := memory.of(p.PID, m.cumulative)
		if !ok { // it has ended meanwhile
			continue
		}
		logf("RSS of %s:%s is %d", p.Group, p.Name, used)
		if used > limit {
			m.restart(p, used)
		}
	}
	return nil
}

// limit returns the lowest limit that applies to the process.
func (m *memmon) limit(p client.ProcessInfo) (limit int64, ok bool) {
	consider := func(n int64, found bool) {
		if found && (!ok || n < limit) {
			limit, ok = n, true
		}
	}
	for _, name := range namespecs(p.Group, p.Name) {
		n, found := m.programs[name]
		consider(n, found)
	}
	n, found := m.groups[p.Group]
	consider(n, found)
	consider(m.any, m.any > 0)
	return limit, ok
}

func (m *memmon) restart(p client.ProcessInfo, used int64) {
	name := p.Group + ":" + p.Name
	id := "memmon"
	if m.name != "" {
		id += " [" + m.name + "]"
	}
	logf("Restarting %s", name)
	if err := restart(m.supervisord, p); err != nil {
		logf("%v", err)
		m.mail.send(fmt.Sprintf("%s: process %s not restarted", id, name), fmt.Sprintf("%v (RSS %d)\n", err, used))
		return
	}
	uptime := time.Duration(p.Now-p.Start) * time.Second
	if m.uptime > 0 && uptime > m.uptime {
		return
	}
	m.mail.send(fmt.Sprintf("%s: process %s restarted", id, name),
		fmt.Sprintf("memmon restarted the process named %s at %s because it was consuming too much memory (%d bytes RSS)\n",
			name, timestamp(), used))
}
