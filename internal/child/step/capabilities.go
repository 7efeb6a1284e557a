package step

import (
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Capabilities is a set of capabilities: those that the child has, whatever its user. Bit n is the capability with the number n.
type Capabilities uint64

// BoundingSet is a set of capabilities beyond which no program that the child executes gets any.
type BoundingSet uint64

// capabilityNames are the names of all capabilities by their numbers, as capabilities(7) lists them.
var capabilityNames = []string{"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
	"lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend",
	"audit_read", "perfmon", "bpf", "checkpoint_restore"}

// String returns the names, with commas.
func (c Capabilities) String() string {
	var names []string
	for rest := uint64(c); rest != 0; rest &= rest - 1 {
		n := bits.TrailingZeros64(rest)
		name := fmt.Sprint(n)
		if n < len(capabilityNames) {
			name = capabilityNames[n]
		}
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

// complement marks a BoundingSet that was written as what it lacks: it has all capabilities of later systems, too.
const complement BoundingSet = 1 << (maxCapability + 1)

// String returns the names, or ~ and those that it lacks.
func (b BoundingSet) String() string {
	if b&complement != 0 {
		return "~" + Capabilities(^b).String()
	}
	return Capabilities(b).String()
}

// maxCapability is the largest number of a capability: that of later systems has a number for a name.
const maxCapability = 62

// ParseCapabilities reads names, with or without CAP_ and in any case, separated by commas or blanks. No name is the empty set.
// The error is an *UnknownCapability.
func ParseCapabilities(text string) (c Capabilities, err error) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' }) {
		name := strings.TrimPrefix(strings.ToLower(word), "cap_")
		n := slices.Index(capabilityNames, name)
		if n < 0 {
			if n, err = strconv.Atoi(name); err != nil || n < len(capabilityNames) || n > maxCapability {
				return 0, &UnknownCapability{word}
			}
		}
		c |= 1 << n
	}
	return c, nil
}

// ParseBounding reads what ParseCapabilities reads, or ~ and the names of those that are not in the set.
func ParseBounding(text string) (BoundingSet, error) {
	lacks, isComplement := strings.CutPrefix(strings.TrimSpace(text), "~")
	c, err := ParseCapabilities(lacks)
	if isComplement {
		c = ^c
	}
	return BoundingSet(c), err
}

// UnknownCapability is a name that no capability has.
type UnknownCapability struct{ Name string }

func (e *UnknownCapability) Error() string { return "unknown capability '" + e.Name + "'" }

// forksCapabilities reports whether fork and exec leave exactly the capabilities: with another user than root, who loses those that
// root had.
func forksCapabilities(_ Step, all []Step) bool {
	u, _ := find(all, userKind).(*User)
	return u != nil && u.UID != 0 && os.Geteuid() == 0
}
