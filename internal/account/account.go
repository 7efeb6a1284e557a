// Package account looks up users and groups of this host. It changes and caches nothing, and does not switch users. Any
// goroutine may call it; a lookup may wait for a directory service.
package account

import (
	"os/user"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Account is a user of this host.
type Account struct {
	Name string
	UID  int
	GID  int // the primary group
}

// UnknownError is a user or group that this host does not have. Its text is the original's.
type UnknownError struct {
	Kind string // "user name", "user id", "group name" or "group id"
	Name string // as given
}

func (e *UnknownError) Error() string { return "Invalid " + e.Kind + " " + e.Name }

// Lookup finds a user by name or, when nameOrUID is a number, by uid. The error is an *UnknownError. Source: user.
func Lookup(nameOrUID string) (*Account, error) {
	var found *user.User
	var err error
	kind := "user name"
	if uid, ok := pyrepr.ParseInt(nameOrUID, 10); ok {
		kind = "user id"
		found, err = user.LookupId(strconv.Itoa(uid))
	} else {
		found, err = user.Lookup(nameOrUID)
	}
	if err != nil {
		return nil, &UnknownError{kind, nameOrUID}
	}
	uid, uidErr := strconv.Atoi(found.Uid)
	gid, gidErr := strconv.Atoi(found.Gid)
	if uidErr != nil || gidErr != nil {
		return nil, &UnknownError{kind, nameOrUID}
	}
	return &Account{Name: found.Username, UID: uid, GID: gid}, nil
}

// LookupOwner reads "user" or "user:group", each a name or a number; gid is -1 without a group. The error is an
// *UnknownError. Source: chown, socket_owner.
func LookupOwner(owner string) (uid, gid int, err error) {
	name, group, hasGroup := strings.Cut(owner, ":")
	account, err := Lookup(name)
	if err != nil {
		return -1, -1, err
	}
	if !hasGroup {
		return account.UID, -1, nil
	}
	gid, err = lookupGroup(group)
	if err != nil {
		return -1, -1, err
	}
	return account.UID, gid, nil
}

func lookupGroup(nameOrGID string) (int, error) {
	var found *user.Group
	var err error
	kind := "group name"
	if gid, ok := pyrepr.ParseInt(nameOrGID, 10); ok {
		kind = "group id"
		found, err = user.LookupGroupId(strconv.Itoa(gid))
	} else {
		found, err = user.LookupGroup(nameOrGID)
	}
	if err != nil {
		return -1, &UnknownError{kind, nameOrGID}
	}
	gid, err := strconv.Atoi(found.Gid)
	if err != nil {
		return -1, &UnknownError{kind, nameOrGID}
	}
	return gid, nil
}

// Groups returns the ids of the primary group and then of every group that lists the user as a member, each once. Source: user.
func (a *Account) Groups() ([]int, error) {
	u := user.User{Username: a.Name, Uid: strconv.Itoa(a.UID), Gid: strconv.Itoa(a.GID)}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	groups := []int{a.GID}
	for _, id := range ids {
		gid, err := strconv.Atoi(id)
		if err != nil {
			return nil, err
		}
		if gid != a.GID {
			groups = append(groups, gid)
		}
	}
	return groups, nil
}
