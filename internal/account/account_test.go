package account

import (
	"errors"
	"os/user"
	"strconv"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, name := range []string{"root", "0", " 0"} {
		got, err := Lookup(name)
		if err != nil || got.UID != 0 || got.GID != 0 {
			t.Errorf("Lookup(%q) = %+v, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		"nosuchuser": "Invalid user name nosuchuser",
		"":           "Invalid user name ",
		"99999":      "Invalid user id 99999",
		"-5":         "Invalid user id -5",
	} {
		_, err := Lookup(name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || err.Error() != want {
			t.Errorf("Lookup(%q): %v, want %s", name, err, want)
		}
	}
}

func TestLookupOwner(t *testing.T) {
	rootGroup, err := user.LookupGroupId("0")
	if err != nil {
		t.Fatal(err)
	}
	for owner, wantGID := range map[string]int{"root": -1, "0:0": 0, "root:" + rootGroup.Name: 0} {
		uid, gid, err := LookupOwner(owner)
		if uid != 0 || gid != wantGID || err != nil {
			t.Errorf("LookupOwner(%q) = %d, %d, %v", owner, uid, gid, err)
		}
	}
	for owner, want := range map[string]string{
		"nosuch":      "Invalid user name nosuch",
		"root:nosuch": "Invalid group name nosuch",
		"root:":       "Invalid group name ",
		"root.root":   "Invalid user name root.root",
		"0:99999":     "Invalid group id 99999",
	} {
		if _, _, err := LookupOwner(owner); err == nil || err.Error() != want {
			t.Errorf("LookupOwner(%q): %v, want %s", owner, err, want)
		}
	}
}

// The primary group comes first, and no group twice.
func TestGroups(t *testing.T) {
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	account, err := Lookup(self.Uid)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := account.Groups()
	if err != nil {
		t.Fatal(err)
	}
	if strconv.Itoa(groups[0]) != self.Gid {
		t.Errorf("first group %d, want %s", groups[0], self.Gid)
	}
	seen := map[int]bool{}
	for _, gid := range groups {
		if seen[gid] {
			t.Errorf("group %d comes twice", gid)
		}
		seen[gid] = true
	}
}
