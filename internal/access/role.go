// Package access decides what the callers of the servers may do: it has the roles, the users, and the rules of each server, and finds
// out from the credentials of a request who its caller is. It opens nothing and asks nothing of the system; the time and what is known
// of a request are arguments. A Policy is immutable, so any goroutine may ask it; a change makes another one.
package access

import (
	"fmt"
	"slices"
)

// Role is what a caller may do. Each role includes those before it.
type Role uint8

// The roles in ascending order. NoRole, the zero value, means that none was set.
const (
	NoRole  Role = iota
	None         // nothing
	Metrics      // to ask whether supervisord answers, and for measurements
	Read         // to see states, configuration without secrets, logs and pages
	Control      // to start, stop and signal programs, and all else that changes programs and not what is configured
	Full         // everything
)

var names = [...]string{NoRole: "", None: "none", Metrics: "metrics", Read: "read", Control: "control", Full: "full"}

// Names returns the names of all roles in ascending order.
func Names() []string { return names[None:] }

// String returns the name, empty for NoRole.
func (r Role) String() string {
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// ParseRole returns the role of that name.
func ParseRole(name string) (r Role, ok bool) {
	i := slices.Index(names[:], name)
	return Role(max(i, 0)), i > 0
}
