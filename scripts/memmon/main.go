// Memmon is a listener that restarts processes that use too much memory. Its options are those of superlance's memmon.
// To be subscribed to a tick:
//
//	[eventlistener:memmon]
//	command=supervisor-memmon -p web=200MB -m ops@example.com
//	events=TICK_60
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/watch"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func main() {
	os.Exit(watch.Main("[-c] [-p PROCESS=SIZE]... [-g GROUP=SIZE]... [-a SIZE] [-m ADDRESS] [-s COMMAND] [-u TIME]"+
		" [-n NAME]", configure))
}

// memmon is what the command line asks for. Sizes are bytes of resident memory.
type memmon struct {
	programs, groups limits
	any              int64 // 0: no limit for all
	cumulative       bool
	uptime           time.Duration
	name             string
	mail             watch.Mailer
	supervisord      *client.Client
}

// limits are sizes by name.
type limits map[string]int64

func configure(flags *pflag.FlagSet) func() (func(childutils.Event) error, error) {
	m := &memmon{programs: limits{}, groups: limits{}}
	flags.VarP(m.programs, "program", "p",
		"restart this process, PROCESS or GROUP:PROCESS, above this size (may be repeated)")
	flags.VarP(m.groups, "group", "g", "restart a process of this group above this size (may be repeated)")
	anySize := flags.StringP("any", "a", "", "restart any process above this `size`; sizes take the suffixes KB, MB and GB")
	flags.BoolVarP(&m.cumulative, "cumulative", "c", false, "count a process together with all its descendants")
	uptime := flags.StringP("uptime", "u", "", "mail only about processes that were up for no longer than this `time`; "+
		"suffixes are m, h and d")
	flags.StringVarP(&m.name, "name", "n", "", "the `name` of this memmon, for the subject of mail")
	m.mail.Flags(flags)
	watch.Aliases(flags, map[string]string{"groupname": "group", "sendmail": "sendmail_program"})
	return func() (handle func(childutils.Event) error, err error) {
		if *anySize != "" {
			if m.any, err = watch.Bytes(*anySize); err != nil {
				return nil, err
			}
		}
		if *uptime != "" {
			if m.uptime, err = watch.Seconds(*uptime); err != nil {
				return nil, err
			}
		}
		if m.any == 0 && len(m.programs)+len(m.groups) == 0 {
			return nil, fmt.Errorf("there is nothing to watch: give -p, -g or -a")
		}
		m.supervisord, err = childutils.Client()
		return m.handle, err
	}
}

// Set takes NAME=SIZE. It implements pflag.Value.
func (l limits) Set(text string) error {
	name, size, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q is not NAME=SIZE", text)
	}
	n, err := watch.Bytes(size)
	l[name] = n
	return err
}

// String is how log lines show it. It implements pflag.Value.
func (l limits) String() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(l)) {
		list = append(list, fmt.Sprintf("%s=%d", name, l[name]))
	}
	return strings.Join(list, ", ")
}

// Type is the placeholder in the usage. It implements pflag.Value.
func (l limits) Type() string { return "name=size" }

func (m *memmon) handle(event childutils.Event) error {
	if !strings.HasPrefix(event.Name(), "TICK") {
		return nil
	}
	if len(m.programs) > 0 {
		watch.Say("Checking programs %s", m.programs)
	}
	if len(m.groups) > 0 {
		watch.Say("Checking groups %s", m.groups)
	}
	if m.any > 0 {
		watch.Say("Checking any=%d", m.any)
	}
	infos, err := watch.Processes(m.supervisord)
	if err != nil {
		watch.Say("cannot list the processes: %v", err)
		return nil // the next tick is another chance
	}
	memory, err := memoryOfAll()
	if err != nil {
		watch.Say("cannot tell how much memory processes use: %v", err)
		return nil
	}
	for _, p := range infos {
		limit, ok := m.limit(p)
		if p.PID == 0 || !ok {
			continue
		}
		used, ok := memory.of(p.PID, m.cumulative)
		if !ok { // it has just gone
			continue
		}
		watch.Say("RSS of %s:%s is %d", p.Group, p.Name, used)
		if used > limit {
			m.restart(p, used)
		}
	}
	return nil
}

// limit is the lowest limit that concerns the process.
func (m *memmon) limit(p client.ProcessInfo) (limit int64, ok bool) {
	take := func(n int64, found bool) {
		if found && (!ok || n < limit) {
			limit, ok = n, true
		}
	}
	n, found := m.programs[p.Name]
	take(n, found)
	n, found = m.programs[p.Group+":"+p.Name]
	take(n, found)
	n, found = m.groups[p.Group]
	take(n, found)
	take(m.any, m.any > 0)
	return limit, ok
}

func (m *memmon) restart(p client.ProcessInfo, used int64) {
	name := p.Group + ":" + p.Name
	id := "memmon"
	if m.name != "" {
		id += " [" + m.name + "]"
	}
	watch.Say("Restarting %s", name)
	if err := watch.Restart(m.supervisord, p); err != nil {
		watch.Say("%v", err)
		m.mail.Send(fmt.Sprintf("%s: process %s not restarted", id, name), fmt.Sprintf("%v (RSS %d)\n", err, used))
		return
	}
	uptime := time.Duration(p.Now-p.Start) * time.Second
	if m.uptime > 0 && uptime > m.uptime {
		return
	}
	m.mail.Send(fmt.Sprintf("%s: process %s restarted", id, name),
		fmt.Sprintf("memmon restarted the process named %s at %s because it was consuming too much memory (%d bytes RSS)\n",
			name, watch.Now(), used))
}
