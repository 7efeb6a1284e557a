package faults

import (
	"strings"
	"testing"
)

// TestUpgradeRehearsal has the program that is tried fail in every way, and then the running one, which is the way back.
// covers: L12-f
func TestUpgradeRehearsal(t *testing.T) {
	f := beginUpgrades(t, "a program that panics, exits, dies, hangs or answers nonsense while it is tried changes nothing")
	u := f.beginUpgrade(setup{config: orderConfig})
	u.awaitPrograms()
	u.installFaulty("limit to 3s")
	u.mustUpgrade() // to one with a short limit
	before, freezes := u.standing(), u.count("can take over, freezing")
	for _, c := range []struct{ fails, why string }{
		{"fail this supervisord uses cron", "this supervisord uses cron"},
		{"panic", " fails: fault at trial\n"},
		{"abort", u.program + ": not a supervisord that can take over"},
		{"exit 0", u.program + ": not a supervisord that can take over"},
		{"exit 3", u.program + ": not a supervisord that can take over"},
		{"kill", u.program + ": not a supervisord that can take over"},
		{"write hello", u.program + ": not a supervisord that can take over"},
		{"hang", u.program + " did not answer within 3s"},
	} {
		u.fails("trial "+c.fails, "limit to 3s")
		for _, dryRun := range []bool{true, false} {
			if _, err := u.call("upgrade", dryRun); err == nil || !strings.HasPrefix(err.Error(), "upgrade: FAILED: upgrade refused: ") ||
				!strings.Contains(err.Error(), c.why) {
				u.wrong("%s: %v", c.fails, err)
			}
		}
		u.same(before)
	}
	u.install(supervisord) // it does not fail, but the running one does
	u.fails("trial panic")
	if _, err := u.call("upgrade", false); err == nil || !strings.Contains(err.Error(), "upgrade refused: there is no way back: ") {
		u.wrong("the way back: %v", err)
	}
	u.same(before)
	if n := u.count("can take over, freezing"); n != freezes {
		u.wrong("supervisord was frozen %d times: %s", n-freezes, u.tail())
	}
	u.fails()
	u.mustUpgrade()
	u.same(before)
	u.terminate()
	u.left()
}
