package access

import (
	"context"
	"slices"

	"github.com/gosupervisor/supervisor/internal/glob"
)

// Way is how a caller has shown who it is.
type Way uint8

// The ways in the order in which they are looked at.
const (
	ByNothing Way = iota
	ByCertificate
	ByPassword
	ByToken
	ByPeer   // credentials of a process
	BySystem // no client: supervisord itself
)

// Caller is who makes a request. It does not change, and is shared by the requests of a user on a server.
type Caller struct {
	User   string // empty: a client without credentials
	By     Way
	Role   Role   // at least Metrics, if the request is admitted
	Server string // the section of the server

	rules    *Rules   // of the server, if these alone say what it may; else nil
	ruled    bool     // the server has more than a name and a password
	logsIn   bool     // a name and a password can take its place
	secrets  []string // with any of which the user can log in
	programs []string // patterns of the namespecs of the programs that exist for it; nil: all
}

// System is supervisord itself, which may do everything.
var System = &Caller{User: "supervisord", By: BySystem, Role: Full}

// unknown is the caller of a context that has none: what lost its caller is allowed nothing.
var unknown = &Caller{Role: None, programs: []string{}}

// Name is the name for messages.
func (c *Caller) Name() string {
	switch {
	case c.User != "":
		return c.User
	case c.By == ByCertificate:
		return "a client with a certificate"
	}
	return "a client without credentials"
}

// May reports whether the caller has the role, or a higher one.
func (c *Caller) May(r Role) bool { return r != NoRole && c.Role >= r }

// IsRuled reports whether there are users or roles on the server, so that it matters who the caller is.
func (c *Caller) IsRuled() bool { return c.ruled }

// CanLogIn reports whether the caller has shown no name and password, and would be another one with them.
func (c *Caller) CanLogIn() bool { return c.logsIn }

// HasOwn reports whether not all programs exist for the caller.
func (c *Caller) HasOwn() bool { return c.programs != nil }

// Programs are patterns of the namespecs of the programs that exist for the caller, nil: all.
func (c *Caller) Programs() []string { return c.programs }

// Owns reports whether the process with a namespec exists for the caller.
func (c *Caller) Owns(namespec string) bool {
	return c.programs == nil || slices.ContainsFunc(c.programs, func(pattern string) bool { return glob.Match(pattern, namespec) })
}

// key is that of the caller in a context.
type key struct{}

// IsKey reports whether k is the key of the caller in a context, for a context of its own kind.
func IsKey(k any) bool { return k == key{} }

// With returns a context with the caller.
func With(ctx context.Context, c *Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// Of returns the caller of a request. A context without one is allowed nothing.
func Of(ctx context.Context) *Caller {
	if c, _ := ctx.Value(key{}).(*Caller); c != nil {
		return c
	}
	return unknown
}
