package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// peer is a supervisor with a process and a logger for each service. It is measured where it can do the same work.
type peer struct {
	who      who
	programs []string       // that it needs: the daemon, what it starts for each service, the logger
	options  []string       // of the daemon
	ready    string         // command that announces readiness on descriptor 3
	script   string         // of the logger, before its directory
	settings string         // of the logger, a file in its directory
	signal   syscall.Signal // ends the services and then their loggers
}

// peers are all of them. Their loggers remove nothing; s6-log cannot do without rotation, at 256 MiB at most. SIGTERM does what
// s6-svscanctl -t does.
var peers = []peer{
	{who: runit, programs: []string{"runsvdir", "runsv", "svlogd"}, options: []string{"-P"},
		settings: "s0\nn0\n", signal: syscall.SIGHUP},
	{who: s6, programs: []string{"s6-svscan", "s6-supervise", "s6-log"}, options: []string{"-c", "1000"}, ready: "echo >&3\nexec 3>&-\n",
		script: "n1000 s268435455", signal: syscall.SIGTERM},
}

// servicesFolder is the directory of the services of a peer, in that of a run.
const servicesFolder = "services"

// inMemory is a file system in memory, where services of s6 and what runit keeps for services are by convention. Both make many small
// files; on a disk, the files that the run before has deleted make that slow.
const inMemory = "/dev/shm"

// makeServices creates the directory of the services of a peer, and a link to it in that of a run. Where none can be in memory, or
// programs there cannot be executed, it is in that of the run.
func makeServices(dir string) (path string, err error) {
	link := filepath.Join(dir, servicesFolder)
	path, err = os.MkdirTemp(inMemory, "bench")
	if err != nil {
		return link, os.Mkdir(link, 0o700)
	}
	script := filepath.Join(path, "try")
	err = os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700)
	works := err == nil && exec.Command(script).Run() == nil
	if err := os.Remove(script); !works || err != nil {
		return link, errors.Join(os.RemoveAll(path), os.Mkdir(link, 0o700))
	}
	return path, os.Symlink(path, link)
}

// installedPeers returns the peers with one of these names. Those whose programs are not installed are named in the progress output.
func installedPeers(names []who, progress io.Writer) []contender {
	var all []contender
	for _, p := range peers {
		if !slices.Contains(names, p.who) {
			continue
		}
		paths, err := p.find()
		if err != nil {
			fmt.Fprintf(progress, "%s is skipped: %v\n", p.who, err)
			continue
		}
		all = append(all, contender{who: p.who, daemon: paths[0], logger: paths[2], signal: p.signal, peer: &p})
	}
	return all
}

// find returns the paths of its programs.
func (p peer) find() ([]string, error) {
	var paths []string
	for _, name := range p.programs {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// parsePeers returns the names in a list with commas, or none.
func parsePeers(list string) ([]who, error) {
	if list == "none" {
		return nil, nil
	}
	var names []who
	for name := range strings.SplitSeq(list, ",") {
		if !slices.ContainsFunc(peers, func(p peer) bool { return p.who == who(name) }) {
			return nil, fmt.Errorf("-peers: %q is not one of %s, or none", name, peerNames())
		}
		names = append(names, who(name))
	}
	return names, nil
}

// peerNames returns the names of all peers, with commas.
func peerNames() string {
	var names []string
	for _, p := range peers {
		names = append(names, string(p.who))
	}
	return strings.Join(names, ",")
}

// writeServices prepares the services of a peer in the directory of a run: the same child and one logger for each.
func (c contender) writeServices(dir string, load load) error {
	for i := range load.programs {
		if err := c.writeService(dir, fmt.Sprintf("p-%d", i), load); err != nil {
			return err
		}
	}
	// runsvdir waits for the next second before it reads a directory that has just changed, which is rare at the start of a machine.
	old := time.Now().Add(-time.Hour)
	return os.Chtimes(filepath.Join(dir, servicesFolder), old, old)
}

// writeService prepares a service. With startsecs=0 a program is running at once; a service of s6 must announce that, since s6 waits a
// second before it restarts one that was not ready.
func (c contender) writeService(dir, name string, load load) error {
	service, logs := filepath.Join(dir, servicesFolder, name), filepath.Join(dir, logFolder, name)
	for _, folder := range []string{filepath.Join(service, "log"), logs} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	files := map[string]string{
		filepath.Join(service, "log", "run"): "exec " + strings.Join([]string{c.logger, c.peer.script, logs}, " "),
		filepath.Join(service, "run"):        "exec " + strings.Join(load.command, " ") + " 2>&1",
		filepath.Join(logs, "config"):        c.peer.settings,
	}
	if slices.Contains(load.extra, "startsecs=0") && c.peer.ready != "" {
		files[filepath.Join(service, "run")] = c.peer.ready + files[filepath.Join(service, "run")]
		files[filepath.Join(service, "notification-fd")] = "3"
	}
	for path, text := range files {
		if filepath.Base(path) == "run" {
			text = "#!/bin/sh\n" + text
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// processes returns the ids of the processes of the contender: the daemon, and those that it started for the services, without the
// supervised children.
func (d *daemon) processes() ([]int, error) {
	if d.peer == nil {
		return []int{d.pid}, nil
	}
	all, err := descendants(d.pid)
	supervised := map[int]bool{}
	for _, child := range d.alive {
		supervised[child.pid] = true
	}
	return append(slices.DeleteFunc(all, func(pid int) bool { return supervised[pid] }), d.pid), err
}

// loggers returns how many loggers run. They are executed by scripts, so a child may report before its logger runs.
func (d *daemon) loggers() (int, error) {
	all, err := descendants(d.pid)
	running := 0
	for _, pid := range all {
		if s, err := readStat(pid); err == nil && s.name == filepath.Base(d.logger) {
			running++
		}
	}
	return running, err
}

// awaitGone waits until no process with one of these ids exists, and returns when that was. It reaps those whose parent has exited.
func awaitGone(ctx context.Context, pids []int) (time.Duration, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		for len(pids) > 0 && gone(pids[0]) {
			pids = pids[1:]
		}
		if len(pids) == 0 {
			return now(), nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("%d processes have not exited: %w", len(pids), context.Cause(ctx))
		}
	}
}

// gone reports whether a process does not exist. It reaps an orphan, which is a child of the bench.
func gone(pid int) bool {
	reaped, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
	if err == nil {
		return reaped == pid
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
