package step

import (
	"errors"
	"math"
	"strconv"
	"syscall"
)

// The limits of a child, and what else keys of a program set. Each is a Step. Its text is the value of the key.
type (
	// Required reports whether a step that is a limit must succeed. It is for those after it.
	Required bool
	// OOMScore is how soon the system kills the child when it has no memory left, from -1000 (never) to 1000.
	OOMScore int
	// Nice is the scheduling priority to set, -20 (most favorable) to 19. Less than ours needs root.
	Nice int
	// Affinity is the list of the processors that the child may use, such as 0-3,8.
	Affinity string
	// NoNewPrivs has no program that the child executes get more privileges than it has.
	NoNewPrivs bool
	// DeathSignal is the signal that the child gets when this process ends. A child that has it is started by the thread of package
	// parentthread.
	DeathSignal syscall.Signal
)

// IOPriority is the scheduling priority of input and output.
type IOPriority struct {
	Class IOClass
	Level int // 0 (first) to 7; 0 if the class is IOIdle
}

// IOClass is a class of priorities.
type IOClass uint8

// The classes, with the numbers of ioprio_set(2).
const (
	IORealtime IOClass = 1 + iota
	IOBestEffort
	IOIdle
)

var ioClasses = [...]string{IORealtime: "realtime", IOBestEffort: "best-effort", IOIdle: "idle"}

// Rlimit is a resource limit.
type Rlimit struct {
	Resource   Resource
	Soft, Hard uint64 // Unlimited: none
}

// Unlimited is no limit.
const Unlimited = math.MaxUint64

// Resource is what an Rlimit is about.
type Resource int

// resourceCount is the number of resources.
const resourceCount = 15

// resource is a Resource.
type resource struct {
	name   string // as in rlimit_NAME
	bytes  bool   // its unit
	number int    // for setrlimit(2); -1: this system has none
}

// resources are all resources by name.
var resources = [resourceCount]resource{
	{"as", true, rlimitAS}, {"core", true, syscall.RLIMIT_CORE}, {"cpu", false, syscall.RLIMIT_CPU}, {"data", true, syscall.RLIMIT_DATA},
	{"fsize", true, syscall.RLIMIT_FSIZE}, {"memlock", true, rlimitMemlock}, {"msgqueue", true, rlimitMsgqueue},
	{"nice", false, rlimitNice}, {"nofile", false, syscall.RLIMIT_NOFILE}, {"nproc", false, rlimitNproc}, {"rss", true, rlimitRSS},
	{"rtprio", false, rlimitRtprio}, {"rttime", false, rlimitRttime}, {"sigpending", false, rlimitSigpending},
	{"stack", true, syscall.RLIMIT_STACK},
}

// Resources calls f for each resource, with its name and whether its unit is a byte.
func Resources(f func(r Resource, name string, bytes bool)) {
	for i, r := range resources {
		f(Resource(i), r.name, r.bytes)
	}
}

func (Required) kind() int     { return requiredKind }
func (OOMScore) kind() int     { return oomScoreKind }
func (r Rlimit) kind() int     { return firstRlimitKind + int(r.Resource) }
func (Nice) kind() int         { return niceKind }
func (IOPriority) kind() int   { return ioPriorityKind }
func (Affinity) kind() int     { return affinityKind }
func (BoundingSet) kind() int  { return boundingKind }
func (Capabilities) kind() int { return capabilitiesKind }
func (NoNewPrivs) kind() int   { return noNewPrivsKind }
func (DeathSignal) kind() int  { return deathSignalKind }

func setRequired(s Step) error {
	required = bool(s.(Required))
	return nil
}

func setNice(s Step) error { return syscall.Setpriority(syscall.PRIO_PROCESS, 0, int(s.(Nice))) }

// required is whether a limit must succeed, in the shim.
var required = true

// ErrText is the error for a text that has another form than the values of a limit.
var ErrText = errors.New("not a value")

// String returns "idle", or a class and the level, as in "best-effort:4".
func (p IOPriority) String() string {
	if p.Class == IOIdle {
		return ioClasses[IOIdle]
	}
	return ioClasses[p.Class] + ":" + strconv.Itoa(p.Level)
}

// ParseIOPriority reads idle, or best-effort or realtime with a level; without one it is 4. The error is ErrText.
func ParseIOPriority(text string) (IOPriority, error) {
	name, level, has := cut(text, ':')
	for class := IORealtime; class <= IOIdle; class++ {
		if ioClasses[class] != name {
			continue
		}
		p := IOPriority{Class: class}
		switch n, err := strconv.Atoi(level); {
		case class == IOIdle && has || class != IOIdle && has && (err != nil || n < 0 || n > 7):
			return p, ErrText
		case has:
			p.Level = n
		case class != IOIdle:
			p.Level = 4
		}
		return p, nil
	}
	return IOPriority{}, ErrText
}

func decodeIOPriority(_ int, text string) (Step, error) { return ParseIOPriority(text) }

// String returns the soft limit and, if it is another one, the hard limit, as in "100:200".
func (r Rlimit) String() string {
	if r.Soft == r.Hard {
		return limitText(r.Soft)
	}
	return limitText(r.Soft) + ":" + limitText(r.Hard)
}

func limitText(n uint64) string {
	if n == Unlimited {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10)
}

// decodeRlimit reads what String returns.
func decodeRlimit(kind int, text string) (s Step, err error) {
	soft, hard, two := cut(text, ':')
	if !two {
		hard = soft
	}
	limit := Rlimit{Resource: Resource(kind - firstRlimitKind)}
	if limit.Soft, err = parseLimit(soft); err == nil {
		limit.Hard, err = parseLimit(hard)
	}
	return limit, err
}

func parseLimit(text string) (uint64, error) {
	if text == "unlimited" {
		return Unlimited, nil
	}
	return strconv.ParseUint(text, 10, 63)
}

// maxCPUs is how many processors a list can name.
const maxCPUs = 1024

// ParseAffinity reads a list of processors, and returns it with each once and in order. The error is ErrText.
func ParseAffinity(text string) (Affinity, error) {
	var has [maxCPUs + 1]bool // the last one never
	if !eachCPU(text, func(cpu int) { has[cpu] = true }) {
		return "", ErrText
	}
	var list []byte
	for first := 0; first < maxCPUs; first++ {
		if !has[first] {
			continue
		}
		last := first
		for has[last+1] {
			last++
		}
		if list != nil {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, int64(first), 10)
		if last > first {
			list = strconv.AppendInt(append(list, '-'), int64(last), 10)
		}
		first = last
	}
	return Affinity(list), nil
}

func encodeAffinity(s Step) string { return string(s.(Affinity)) }

func decodeAffinity(_ int, text string) (Step, error) { return ParseAffinity(text) }

// eachCPU calls f for each processor of a list. It returns false if the text is no list.
func eachCPU(list string, f func(cpu int)) bool {
	return each(list, ',', func(part string) bool {
		first, last, isRange := cut(part, '-')
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 16)
		to, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil || from > to || to >= maxCPUs {
			return false
		}
		for cpu := from; cpu <= to; cpu++ {
			f(int(cpu))
		}
		return true
	})
}
