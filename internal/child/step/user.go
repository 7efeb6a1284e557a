package step

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// User is a switch to another user for good. It fails for any user but ours unless we are root.
type User struct {
	UID, GID int
	Groups   []int // supplementary
	// Regroup has the groups set also if the user is ours, whose children keep our groups otherwise.
	Regroup bool `json:",omitempty"`
}

func (*User) kind() int { return userKind }

func forksUser(Step, []Step) bool { return os.Geteuid() == 0 }

func forkUser(s Step, attr *syscall.ProcAttr) {
	u := s.(*User)
	c := &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), Groups: make([]uint32, len(u.Groups))}
	for i, g := range u.Groups {
		c.Groups[i] = uint32(g)
	}
	attr.Sys.Credential = c
}

// encodeUser returns whether to regroup, the user, the group and the other groups.
func encodeUser(s Step) string {
	u := s.(*User)
	text := strconv.AppendBool(nil, u.Regroup)
	text = strconv.AppendInt(append(text, ' '), int64(u.UID), 10)
	text = strconv.AppendInt(append(text, ' '), int64(u.GID), 10)
	for _, g := range u.Groups {
		text = strconv.AppendInt(append(text, ' '), int64(g), 10)
	}
	return string(text)
}

func decodeUser(_ int, value string) (s Step, err error) {
	u := new(User)
	first, rest, _ := cut(value, ' ')
	if u.Regroup, err = strconv.ParseBool(first); err != nil {
		return nil, err
	}
	var ids []int
	if !each(rest, ' ', func(field string) bool {
		var id int
		id, err = strconv.Atoi(field)
		ids = append(ids, id)
		return err == nil
	}) || len(ids) < 2 {
		return nil, errors.New("no user and group in " + strconv.Quote(value))
	}
	u.UID, u.GID, u.Groups = ids[0], ids[1], ids[2:]
	return u, nil
}

// switchUser switches to u for good. The errors are the original's. Source: supervisor.options.drop_privileges.
func switchUser(s Step) error {
	u := s.(*User)
	failed := func(why string) error {
		return &Failure{What: "couldn't setuid to " + strconv.Itoa(u.UID) + ": " + why}
	}
	switch own := os.Getuid(); {
	case own == u.UID && !u.Regroup:
		return nil
	case own != u.UID && own != 0:
		return failed("Can't drop privilege as nonroot user")
	}
	if err := syscall.Setgroups(u.Groups); err != nil {
		return failed("Could not set groups of effective user")
	}
	if err := syscall.Setgid(u.GID); err != nil {
		return failed("Could not set group id of effective user")
	}
	if err := syscall.Setuid(u.UID); err != nil {
		return failed("Could not set user id of effective user")
	}
	return nil
}
