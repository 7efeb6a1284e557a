package step

import (
	"fmt"
	"os"
	"strconv"
	"strings"
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

func (u *User) credential() *syscall.Credential {
	c := &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), Groups: make([]uint32, len(u.Groups))}
	for i, g := range u.Groups {
		c.Groups[i] = uint32(g)
	}
	return c
}

// encodeUser returns whether to regroup, the user, the group and the other groups.
func encodeUser(s Step) string {
	u := s.(*User)
	fields := []string{strconv.FormatBool(u.Regroup), strconv.Itoa(u.UID), strconv.Itoa(u.GID)}
	for _, g := range u.Groups {
		fields = append(fields, strconv.Itoa(g))
	}
	return strings.Join(fields, " ")
}

func decodeUser(value string) (Step, error) {
	first, rest, _ := strings.Cut(value, " ")
	regroup, err := strconv.ParseBool(first)
	if err != nil {
		return nil, err
	}
	var ids []int
	for field := range strings.FieldsSeq(rest) {
		id, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if len(ids) < 2 {
		return nil, fmt.Errorf("no group in %q", value)
	}
	return &User{ids[0], ids[1], ids[2:], regroup}, nil
}

// switchUser switches to u for good. The errors are the original's. Source: supervisor.options.drop_privileges.
func switchUser(u *User) error {
	failed := func(why string) error { return fmt.Errorf("couldn't setuid to %d: %s", u.UID, why) }
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
