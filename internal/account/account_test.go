package account

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/child"
)

func TestLookup(t *testing.T) {
	for _, name := range []string{"root", "0", " 0"} {
		got, err := New().Lookup(name)
		if err != nil || got.UID != 0 || got.GID != 0 {
			t.Errorf("Lookup(%q) = %+v, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		"nosuchuser": "Invalid user name nosuchuser",
		"":           "Invalid user name ",
		"-x":         "Invalid user name -x",
		"99999":      "Invalid user id 99999",
		"-5":         "Invalid user id -5",
	} {
		_, err := New().Lookup(name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || err.Error() != want {
			t.Errorf("Lookup(%q): %v, want %s", name, err, want)
		}
	}
}

func TestLookupOwner(t *testing.T) {
	for owner, wantGID := range map[string]int{"root": -1, "0:0": 0} {
		uid, gid, err := New().LookupOwner(owner)
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
		if _, _, err := New().LookupOwner(owner); err == nil || err.Error() != want {
			t.Errorf("LookupOwner(%q): %v, want %s", owner, err, want)
		}
	}
}

// fakeHost is a host with files of its own and a name service that counts questions.
type fakeHost struct {
	*Directory
	asked []string
}

const (
	passwd = "root:x:0:0:root:/root:/bin/sh\n+:::::\nbad:x:y:1::/:\n# c:x:5:5::/:\nweb:x:7:8:Web:/srv/web:/bin/sh"
	group  = "root:x:0:\nweb:x:8:\ndocs:x:20:db,web\nmore:x:21:web\nagain:x:20:web\nwebs:x:22:web2\n"
)

// newFakeHost has what answers says for a command line; other questions are about what there is not.
func newFakeHost(t *testing.T, nsswitch string, answers map[string]string) *fakeHost {
	t.Helper()
	h := &fakeHost{Directory: New()}
	h.etc = t.TempDir()
	for file, text := range map[string]string{"passwd": passwd, "group": group, "nsswitch.conf": nsswitch} {
		if err := os.WriteFile(filepath.Join(h.etc, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.ask = func(name string, args ...string) (string, error) {
		line := strings.Join(append([]string{name}, args...), " ")
		h.asked = append(h.asked, line)
		switch answer := answers[line]; answer {
		case "missing":
			return "", fmt.Errorf("%s: %w", name, child.ErrNoCommand)
		case "silent":
			return "", errors.New(name + " did not answer within 10s")
		default:
			return answer, nil
		}
	}
	return h
}

// covers: REP-F1
// What the files have needs no question, except for groups if nsswitch.conf names more than files; no question is asked
// twice.
func TestQuestions(t *testing.T) {
	answers := map[string]string{
		"getent passwd corp":  "corp:*:6100:6101:Corp:/home/corp:/bin/sh\n",
		"getent passwd 6100":  "corp:*:6100:6101:Corp:/home/corp:/bin/sh\n",
		"getent passwd 6102":  "odd:*:6103:6101::/:\n",
		"getent group staff":  "staff:*:6200:corp\n",
		"getent passwd bogus": "bogus\n",
		"getent group":        "docs:*:20:web\nlisted:*:6300:corp,web\n",
		"id -G corp":          "6101 6200 20\n",
		"id -G web":           "8 20 21 6200\n",
	}
	for _, test := range []struct {
		name, nsswitch string
		call           func(h *fakeHost) string
		want           string
		asked          []string
	}{
		{"in the file", "group: files\n", account("web"), "web 7 8 [8 20 21]", nil},
		{"by number", "", account("7"), "web 7 8 [8 20 21]", nil},
		{"more groups", "passwd: files\ngroup: files [NOTFOUND=continue] sss # x\n", account("web"), "web 7 8 [8 20 21 6200 6300]",
			[]string{"id -G web", "getent group"}},
		{"initgroups", "group: files\ninitgroups: sss\n", account("web"), "web 7 8 [8 20 21 6200 6300]", []string{"id -G web", "getent group"}},
		{"comment", "# group: sss\npasswd: sss\n", account("web"), "web 7 8 [8 20 21]", nil},
		{"in a service", "group: files systemd\n", account("corp"), "corp 6100 6101 [6101 6200 20 6300]",
			[]string{"getent passwd corp", "id -G corp", "getent group"}},
		{"number in a service", "group: files systemd\n", account("6100"), "corp 6100 6101 [6101 6200 20 6300]",
			[]string{"getent passwd 6100", "id -G corp", "getent group"}},
		{"other number", "", account("6102"), "Invalid user id 6102", []string{"getent passwd 6102"}},
		{"no entry", "", account("bogus"), "Invalid user name bogus", []string{"getent passwd bogus"}},
		{"owner", "", owner("root:staff"), "0 6200 <nil>", []string{"getent group staff"}},
		{"home", "", home("web"), "/srv/web <nil>", nil},
		{"home in a service", "", home("corp"), "/home/corp <nil>", []string{"getent passwd corp"}},
		{"no home", "", home("x"), " Invalid user name x", []string{"getent passwd x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newFakeHost(t, test.nsswitch, answers)
			for range 2 {
				if got := test.call(h); got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
			}
			if d := cmp.Diff(test.asked, h.asked); d != "" {
				t.Error(d)
			}
		})
	}
}

func account(name string) func(*fakeHost) string {
	return func(h *fakeHost) string {
		a, err := h.Lookup(name)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%s %d %d %v", a.Name, a.UID, a.GID, a.Groups)
	}
}

func owner(text string) func(*fakeHost) string {
	return func(h *fakeHost) string { return strings.TrimRight(fmt.Sprintln(h.LookupOwner(text)), "\n") }
}

func home(name string) func(*fakeHost) string {
	return func(h *fakeHost) string { return strings.TrimRight(fmt.Sprintln(h.Home(name)), "\n") }
}

// differs: DIFF-231 the original waits
// After a name service did not answer, the cause is in the error and nothing more is asked. Groups of the file are kept.
func TestNoAnswer(t *testing.T) {
	h := newFakeHost(t, "group: sss\n", map[string]string{"id -G web": "silent"})
	a, err := h.Lookup("web")
	if err != nil || !slices.Equal(a.Groups, []int{8, 20, 21}) || a.Missing != "id did not answer within 10s" {
		t.Errorf("%+v, %v", a, err)
	}
	const want = "Invalid user name corp: id did not answer within 10s"
	if _, err := h.Lookup("corp"); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if d := cmp.Diff([]string{"id -G web"}, h.asked); d != "" {
		t.Error(d)
	}
}

// A host without the commands has the accounts of the files.
func TestNoCommands(t *testing.T) {
	h := newFakeHost(t, "group: sss\n", map[string]string{"id -G web": "missing", "getent passwd corp": "missing"})
	a, err := h.Lookup("web")
	if err != nil || !slices.Equal(a.Groups, []int{8, 20, 21}) || a.Missing != "" {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := h.Lookup("corp"); err == nil || err.Error() != "Invalid user name corp" {
		t.Error(err)
	}
}

// covers: REP-G12
// The numbers of the process's own user and group need no account, all others do.
func TestOwnNumbers(t *testing.T) {
	h := newFakeHost(t, "", nil)
	h.etc = t.TempDir() // not even root has an account
	uid, gid := os.Getuid(), os.Getgid()
	a, err := h.Lookup(fmt.Sprint(uid))
	if err != nil || a.UID != uid || a.GID != gid {
		t.Errorf("%+v, %v", a, err)
	}
	if u, g, err := h.LookupOwner(fmt.Sprintf("%d:%d", uid, gid)); u != uid || g != gid || err != nil {
		t.Error(u, g, err)
	}
	if _, _, err := h.LookupOwner(fmt.Sprintf("%d:%d", uid, 123456)); err == nil {
		t.Error("any group")
	}
	if _, err := h.Lookup(fmt.Sprint(uid + 1)); err == nil {
		t.Error("any user")
	}
	if home, err := h.OwnHome(); err == nil {
		t.Errorf("%q is the home directory", home)
	}
}
