// Package account looks up users and groups of this host: in /etc/passwd and /etc/group, then with the commands getent and id,
// which ask the name services of the host (LDAP, SSSD, systemd). It changes nothing and does not switch users. A lookup may
// wait for a name service, so the loop of supervisord must not call it.
package account

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Account is a user of this host.
type Account struct {
	Name   string `json:"name"`
	UID    int    `json:"uid"`
	GID    int    `json:"gid"`    // the primary group
	Groups []int  `json:"groups"` // the primary group, then every other group of the user, each once
	// Missing is why Groups may lack those that a name service knows; empty if it has all.
	Missing string `json:"missing,omitempty"`
}

// UnknownError is a user or group that this host does not have. Its text is the original's, followed by the cause if a name
// service did not answer.
type UnknownError struct {
	Kind  string // "user name", "user id", "group name" or "group id"
	Name  string // as given
	Cause error  // nil: there is no such account
}

func (e *UnknownError) Error() string {
	text := "Invalid " + e.Kind + " " + e.Name
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *UnknownError) Unwrap() error { return e.Cause }

// Directory answers questions about accounts. It remembers the answers, so that a name is looked up once in each reading of a
// configuration, and asks nothing more of name services after one that did not answer. One goroutine may use it.
type Directory struct {
	etc      string // where the files are
	ask      func(name string, args ...string) (string, error)
	failed   error // why ask is not used anymore
	records  map[question]record
	accounts map[string]*Account // by name
	listed   *string             // the groups that name services list; nil: not asked
}

// question is the key of an entry of a file.
type question struct {
	file string // "passwd" or "group"
	key  string // a name or a number
	byID bool
}

// record is the answer: the fields of an entry, nil if there is none; then err says whether a name service failed.
type record struct {
	fields []string
	err    error
}

// New returns a directory without answers.
func New() *Directory {
	return &Directory{etc: "/etc", ask: run, records: map[question]record{}, accounts: map[string]*Account{}}
}

// Lookup finds a user by name or, when nameOrUID is a number, by uid. The number of the calling process's own user needs no
// account. The error is an *UnknownError. Source: user.
func (d *Directory) Lookup(nameOrUID string) (*Account, error) {
	q := question{file: "passwd", key: nameOrUID}
	kind := "user name"
	uid, isNumber := pyrepr.ParseInt(nameOrUID, 10)
	if isNumber {
		kind, q.key, q.byID = "user id", strconv.Itoa(uid), true
	}
	r := d.find(q)
	if r.fields == nil {
		if isNumber && uid == os.Getuid() {
			return &Account{Name: q.key, UID: uid, GID: os.Getgid(), Groups: []int{os.Getgid()}}, nil
		}
		return nil, &UnknownError{kind, nameOrUID, r.err}
	}
	return d.account(r.fields), nil
}

// account makes an Account of an entry of passwd.
func (d *Directory) account(fields []string) *Account {
	a := d.accounts[fields[0]]
	if a == nil {
		a = &Account{Name: fields[0], UID: number(fields[2]), GID: number(fields[3])}
		var err error
		if a.Groups, err = d.groups(a); err != nil {
			a.Missing = err.Error()
		}
		d.accounts[a.Name] = a
	}
	return a
}

// LookupGroup finds a group by name or, when nameOrGID is a number, by number. The numbers of the calling process's own groups need no
// entry. The error is an *UnknownError.
func (d *Directory) LookupGroup(nameOrGID string) (gid int, err error) {
	return d.lookupGroup(nameOrGID)
}

// Login returns the name, the home directory and the shell of a user. The error is an *UnknownError.
func (d *Directory) Login(uid int) (name, home, shell string, err error) {
	q := question{"passwd", strconv.Itoa(uid), true}
	r := d.find(q)
	if r.fields == nil {
		return "", "", "", &UnknownError{"user id", q.key, r.err}
	}
	return r.fields[0], r.fields[5], r.fields[6], nil
}

// LookupOwner reads "user" or "user:group", each a name or a number; gid is -1 without a group. The error is an
// *UnknownError. Source: chown, socket_owner.
func (d *Directory) LookupOwner(owner string) (uid, gid int, err error) {
	name, group, hasGroup := strings.Cut(owner, ":")
	account, err := d.Lookup(name)
	if err != nil {
		return -1, -1, err
	}
	if !hasGroup {
		return account.UID, -1, nil
	}
	gid, err = d.lookupGroup(group)
	if err != nil {
		return -1, -1, err
	}
	return account.UID, gid, nil
}

// lookupGroup finds a group by name or number. The numbers of the calling process's own groups need no entry.
func (d *Directory) lookupGroup(nameOrGID string) (int, error) {
	q := question{file: "group", key: nameOrGID}
	kind := "group name"
	gid, isNumber := pyrepr.ParseInt(nameOrGID, 10)
	if isNumber {
		kind, q.key, q.byID = "group id", strconv.Itoa(gid), true
	}
	r := d.find(q)
	if r.fields == nil {
		if own, _ := os.Getgroups(); isNumber && (gid == os.Getgid() || slices.Contains(own, gid)) {
			return gid, nil
		}
		return -1, &UnknownError{kind, nameOrGID, r.err}
	}
	return number(r.fields[2]), nil
}

// Home returns the home directory of a user by name. The error is an *UnknownError.
func (d *Directory) Home(name string) (string, error) {
	return d.home(question{file: "passwd", key: name}, "user name")
}

// OwnHome returns the home directory of the calling process's user. The error is an *UnknownError.
func (d *Directory) OwnHome() (string, error) {
	return d.home(question{"passwd", strconv.Itoa(os.Getuid()), true}, "user id")
}

func (d *Directory) home(q question, kind string) (string, error) {
	r := d.find(q)
	if r.fields == nil {
		return "", &UnknownError{kind, q.key, r.err}
	}
	return r.fields[5], nil
}

// number reads a number that valid has checked.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
