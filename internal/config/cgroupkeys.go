package config

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Cgroup has the limits of a process that its cgroup enforces. Zero is no limit.
type Cgroup struct {
	MemoryMax  Bytes
	MemoryHigh Bytes
	CPUMax     CPUMax
	CPUWeight  int
	IOWeight   int
	PidsMax    int
}

// CPUMax is how much processor time is available in each period. The zero value is no limit.
type CPUMax struct {
	Quota  time.Duration `json:"quota"`
	Period time.Duration `json:"period"`
}

// cgroupKeys are the keys of Cgroup.
var cgroupKeys = inPart(func(e *Extra) **Cgroup { return &e.Cgroup }, table[Process](
	Key{Sections: InPrograms | InDefault, Topic: limitTopic, Scope: inProgram, Update: inPlace, Since: Ours, Default: none},
	&extraKey[Bytes]{Key: Key{Name: "memory_max", Other: "512MB",
		Help: "memory of the program with all its processes; beyond it one of them is killed, see [limits of memory](howto-cgroup.md)"},
		Type: sizeType, Field: func(e *Extra) *Bytes { return &e.Cgroup.MemoryMax }},
	&extraKey[Bytes]{Key: Key{Name: "memory_high", Other: "400MB",
		Help: "memory above which the program is slowed down and has to give memory back"},
		Type: sizeType, Field: func(e *Extra) *Bytes { return &e.Cgroup.MemoryHigh }},
	&extraKey[CPUMax]{Key: Key{Name: "cpu_max", Other: "150%", Percents: true,
		Help: "processor time: `150%` is that of one and a half processors; or `QUOTA/PERIOD` in microseconds"},
		Type: cpuMaxType, Field: func(e *Extra) *CPUMax { return &e.Cgroup.CPUMax }},
	&extraKey[int]{Key: Key{Name: "cpu_weight", Other: "50",
		Help: "share of the processors when they are busy; 100 is that of others"},
		Type: weightType, Field: func(e *Extra) *int { return &e.Cgroup.CPUWeight }},
	&extraKey[int]{Key: Key{Name: "io_weight", Other: "50",
		Help: "share of the disks when they are busy; 100 is that of others"},
		Type: weightType, Field: func(e *Extra) *int { return &e.Cgroup.IOWeight }},
	&extraKey[int]{Key: Key{Name: "pids_max", Other: "100", Help: "processes and threads of the program"},
		Type:  intType.with("integer from 1", func(s string) (int, error) { return parseWithin(s, 1, maxProcesses) }),
		Field: func(e *Extra) *int { return &e.Cgroup.PidsMax }},
))

var weightType = intType.with("integer from 1 to 10000", func(s string) (int, error) { return parseWithin(s, 1, 10000) })

var cpuMaxType = &Type[CPUMax]{name: "percentage, or `QUOTA/PERIOD`", words: true, same: equal[CPUMax], parse: parseCPUMax,
	text: CPUMax.String}

// What the kernel accepts.
const (
	leastQuota   = time.Millisecond
	leastPeriod  = time.Millisecond
	usualPeriod  = 100 * time.Millisecond
	mostPeriod   = time.Second
	mostPercents = 100 << 20
)

// parseCPUMax reads a percentage of a processor, or microseconds in each period.
func parseCPUMax(s string) (c CPUMax, err error) {
	if percents, ok := strings.CutSuffix(s, "%"); ok {
		n, err := strconv.ParseFloat(pyrepr.TrimSpace(percents), 64)
		if err != nil || !(n > 0 && n <= mostPercents) {
			return c, errWord
		}
		c.Period = usualPeriod
		if n < 1 { // else the quota is less than what the kernel accepts
			c.Period = mostPeriod
		}
		c.Quota = time.Duration(n / 100 * float64(c.Period)).Round(time.Microsecond)
	} else {
		quota, period, _ := strings.Cut(s, "/")
		q, err1 := strconv.Atoi(quota)
		p, err2 := strconv.Atoi(period)
		if err1 != nil || err2 != nil || q > int(mostPercents*mostPeriod/time.Microsecond) {
			return c, errWord
		}
		c = CPUMax{time.Duration(q) * time.Microsecond, time.Duration(p) * time.Microsecond}
	}
	if c.Quota < leastQuota || c.Period < leastPeriod || c.Period > mostPeriod {
		return CPUMax{}, errWord
	}
	return c, nil
}

// String returns the value as in "150000/100000".
func (c CPUMax) String() string {
	if c == (CPUMax{}) {
		return none
	}
	return fmt.Sprintf("%d/%d", c.Quota.Microseconds(), c.Period.Microseconds())
}

// IsCgroupLimit reports whether a key is one of Cgroup.
func IsCgroupLimit(key string) bool {
	return slices.ContainsFunc(cgroupKeys, func(r row[Process]) bool { return r.key().Name == key })
}

// UsesCgroup reports whether the processes have cgroups of their own.
func (e *Extra) UsesCgroup() bool { return e != nil && (*e.Cgroup != Cgroup{} || e.KillsCgroup()) }

// Text returns the value of a key as the section has it, empty if it does not set the key.
func (e *Extra) Text(key string) string {
	if e == nil {
		return ""
	}
	for _, s := range e.set {
		if s.key.Name == key {
			return s.text
		}
	}
	return ""
}

// cgroupKey is the key of [supervisord] about cgroups.
var cgroupKey = &daemonKey[string]{Key: Key{Name: "cgroup", Topic: childTopic, Since: Ours, Other: "off",
	Help: "cgroups of programs with keys for them: `auto`: if that of supervisord is delegated to it; `off`: never; `required`: such programs " +
		"are not started without; or the path of the cgroup below which they are"},
	Type: cgroupType, Absent: "auto", Field: func(s *settings) *string { return &s.Cgroup }}

var cgroupType = textType.asking("`auto`, `off`, `required` or a path", host.cgroup)

// cgroup checks the value of [supervisord] cgroup=.
func (h host) cgroup(s string) (string, error) {
	if strings.HasPrefix(s, "/") {
		if runtime.GOOS == "linux" && !h.isDir(s) {
			return "", fmt.Errorf("The cgroup %s does not exist", s)
		}
		return s, nil
	}
	word, err := cgroupWords.parse(s)
	if err != nil {
		err = invalidWord("cgroup", s)
	}
	return word, err
}

var cgroupWords = oneOf("auto", "off", "required")

// KillsCgroup reports whether all processes of the cgroup are stopped with the child.
func (e *Extra) KillsCgroup() bool { return e != nil && e.StopPlan.Kill == KillCgroup }

// CgroupTexts returns the limits of the cgroup but that of memory, as clients see them, such as "pids_max 5".
func (p *Process) CgroupTexts() (texts []string) {
	for _, r := range cgroupKeys {
		if text, ok := r.current(p); ok && r.key().Name != "memory_max" {
			texts = append(texts, r.key().Name+" "+text)
		}
	}
	return texts
}
