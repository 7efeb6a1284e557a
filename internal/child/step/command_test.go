package step

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The shim gets the command that was meant, with a step of each kind, whatever bytes are in it.
func TestCommand(t *testing.T) {
	bare := Command{Path: "/bin/echo", Args: []string{"echo"}}
	awkward := Command{Path: "/x\x00\\0", Args: []string{"exec", "", "\\", "\x00", "\xff", "report"}, Steps: Sort(oneOfEach()), Report: 5, Cgroup: "/a\\b"}
	for name, c := range map[string]Command{"bare": bare, "awkward": awkward} {
		args := c.ShimArgs()
		got, err := parse(args[2:])
		if HasDeathSignal(c.Steps) {
			c.parent = os.Getpid()
		}
		if diff := cmp.Diff(c, got, cmp.AllowUnexported(Command{})); diff != "" || err != nil || args[0] != "supervisord" || args[1] != shimArg {
			t.Errorf("%s: %q: %v\n%s", name, args, err, diff)
		}
	}
}

// A request that the shim does not understand starts nothing.
func TestBadRequest(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"unheard-of", "1", execArg, "/bin/echo", "echo"}, "couldn't do unknown step unheard-of"},
		{[]string{"umask", "x", execArg, "/bin/echo", "echo"}, `couldn't read step umask: strconv.Atoi: parsing "x": invalid syntax`},
		{[]string{"user", "1", execArg, "/bin/echo", "echo"}, `couldn't read step user: no user and group in "1"`},
		{[]string{"report", "7", "user", "1", execArg, "/bin/echo", "echo"}, `couldn't read step user: no user and group in "1"`},
		{[]string{execArg, "/bin/echo"}, "couldn't read the command"},
		{nil, "couldn't read the command"},
	} {
		command, err := parse(c.args)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.args, err, c.want)
		}
		if len(c.args) > 1 && c.args[0] == reportArg && command.Report != 7 {
			t.Errorf("%q: the report goes to %d", c.args, command.Report)
		}
	}
}
