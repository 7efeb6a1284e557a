package account

import (
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
)

// answerLimit is how long a name service may take for an answer.
const answerLimit = 10 * time.Second

// run runs a command that asks the name services, and returns what it prints. macOS has no getent: its system library is
// asked.
func run(name string, args ...string) (string, error) {
	if name != "getent" {
		return child.Output(answerLimit, name, args...)
	}
	key := args[1]
	_, err := strconv.Atoi(key)
	byID := err == nil
	if args[0] == "group" {
		find := user.LookupGroup
		if byID {
			find = user.LookupGroupId
		}
		if g, err := find(key); err == nil {
			return strings.Join([]string{g.Name, "*", g.Gid, ""}, ":"), nil
		}
		return "", nil
	}
	find := user.Lookup
	if byID {
		find = user.LookupId
	}
	if u, err := find(key); err == nil {
		return strings.Join([]string{u.Username, "*", u.Uid, u.Gid, "", u.HomeDir, ""}, ":"), nil
	}
	return "", nil
}
