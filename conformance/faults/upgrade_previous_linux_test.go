package faults

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpgradePrevious upgrades from earlier versions, which are built from the history of the tree, to this one, back, and again.
// UPGRADE_FROM names other commits than those of earlierCommits.
// covers: L12-j
func TestUpgradePrevious(t *testing.T) {
	commits := strings.Fields(os.Getenv("UPGRADE_FROM"))
	if len(commits) == 0 {
		commits = earlierCommits(t)
	}
	for _, commit := range commits {
		t.Run(commit, func(t *testing.T) {
			f := beginUpgrades(t, "an upgrade from an earlier version and back keeps all states, lines, events and connections")
			old := f.buildCommit(commit)
			u := f.newWorld(old)
			c := u.connect()
			before := u.standing()
			for _, program := range []string{supervisord, old, supervisord} {
				u.install(program)
				u.mustUpgrade()
				u.same(before)
			}
			c.complete()
			u.noneInherited()
			u.finish()
			c.check()
			u.checkStarts()
			if to, back := u.count("was upgraded from "+versionOf(commit)+" to "), u.count(" to "+versionOf(commit)+" with pid"); to != 2 || back != 1 {
				u.wrong("%d upgrades to this version and %d back are logged: %s", to, back, u.tail())
			}
			u.must("signalProcess", "stopping", "KILL")
			u.terminate()
		})
	}
}

// upgradeSource is a file that all versions with upgrades have.
const upgradeSource = "internal/upgrade/upgrade.go"

// earlierCommits are the commits of the last two releases with upgrades, or, before there are any, the one that has written the newest
// of the states that later versions must be able to read; and the commit before this one.
func earlierCommits(t *testing.T) (commits []string) {
	t.Helper()
	if _, err := git("rev-parse", "--verify", "HEAD"); err != nil {
		t.Skip("there is no history: ", err)
	}
	knows := func(commit string) bool { _, err := git("cat-file", "-e", commit+":"+upgradeSource); return err == nil }
	tags, _ := git("tag", "--list", "v*", "--merged", "HEAD^", "--sort=-version:refname")
	for _, tag := range strings.Fields(tags) {
		if knows(tag) && len(commits) < 2 {
			commits = append(commits, tag)
		}
	}
	if len(commits) == 0 {
		golden, _ := git("log", "-1", "--format=%h", "HEAD^", "--", "supervisord/testdata/states")
		commits = strings.Fields(golden)
	}
	if before, err := git("rev-parse", "--short", "HEAD^"); err == nil && knows(before) && (len(commits) == 0 || before != commits[0]) {
		commits = append(commits, before)
	}
	if len(commits) == 0 {
		t.Skip("the history has no earlier version with upgrades")
	}
	return commits
}

func git(args ...string) (string, error) {
	out, err := exec.Command("git", append([]string{"-C", "../.."}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}

// versionOf is the version that a program of a commit is given. Two versions may not be the same: a program must understand all that
// was written by its own version.
func versionOf(commit string) string { return "0-" + commit }

// buildCommit builds supervisord of a commit.
func (f *fault) buildCommit(commit string) (program string) {
	f.Helper()
	dir := f.TempDir()
	program = filepath.Join(dir, "supervisord.old")
	cmd := exec.Command("sh", "-ec", `git -C ../.. archive "$1" | tar -x -C "$2"; cd "$2"; exec go build -buildvcs=false -o "$3" `+
		`-ldflags "-s -w -X github.com/gosupervisor/supervisor/internal/api.Version=$4" ./supervisord`, "sh", commit, dir, program, versionOf(commit))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		f.stop("cannot build supervisord of %s: %v: %s", commit, err, out)
	}
	return program
}
