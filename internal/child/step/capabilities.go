package step

import (
	"math/bits"
	"os"
	"slices"
	"strconv"
)

// Capabilities is a set of capabilities: those that the child has, whatever its user. Bit n is the capability with the number n.
type Capabilities uint64

// BoundingSet is a set of capabilities beyond which no program that the child executes gets any.
type BoundingSet uint64

// capabilityNames are the names of all capabilities by their numbers, as capabilities(7) lists them.
var capabilityNames = [...]string{"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
	"lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend",
	"audit_read", "perfmon", "bpf", "checkpoint_restore"}

// maxCapability is the largest number of a capability: that of later systems has a number for a name.
const maxCapability = 62

// complement marks a BoundingSet that was written as what it lacks: it has all capabilities of later systems, too.
const complement BoundingSet = 1 << (maxCapability + 1)

// CapabilityNumber returns the number of a capability by its name, as capabilities(7) has it but without CAP_ and in lower case.
func CapabilityNumber(name string) (n int, known bool) {
	if n = slices.Index(capabilityNames[:], name); n >= 0 {
		return n, true
	}
	n, err := strconv.Atoi(name)
	return n, err == nil && n >= len(capabilityNames) && n <= maxCapability
}

// String returns the names, with commas.
func (c Capabilities) String() string {
	var text []byte
	for rest := uint64(c); rest != 0; rest &= rest - 1 {
		if text != nil {
			text = append(text, ',')
		}
		if n := bits.TrailingZeros64(rest); n < len(capabilityNames) {
			text = append(text, capabilityNames[n]...)
		} else {
			text = strconv.AppendInt(text, int64(n), 10)
		}
	}
	return string(text)
}

// String returns the names, or ~ and those that it lacks.
func (b BoundingSet) String() string {
	if b&complement != 0 {
		return "~" + Capabilities(^b).String()
	}
	return Capabilities(b).String()
}

// parseCapabilities reads what String returns.
func parseCapabilities(text string) (c Capabilities, err error) {
	if text == "" || each(text, ',', func(name string) bool {
		n, known := CapabilityNumber(name)
		c |= 1 << n
		return known
	}) {
		return c, nil
	}
	return 0, ErrText
}

// parseBounding reads what String returns.
func parseBounding(text string) (BoundingSet, error) {
	if text == "" || text[0] != '~' {
		c, err := parseCapabilities(text)
		return BoundingSet(c), err
	}
	c, err := parseCapabilities(text[1:])
	return BoundingSet(^c), err
}

func decodeCapabilities(_ int, text string) (Step, error) { return parseCapabilities(text) }

func decodeBounding(_ int, text string) (Step, error) { return parseBounding(text) }

// forksCapabilities reports whether fork and exec leave exactly the capabilities: with another user than root, who loses those that
// root had.
func forksCapabilities(_ Step, all []Step) bool {
	u, _ := find(all, userKind).(*User)
	return u != nil && u.UID != 0 && os.Geteuid() == 0
}
