// Package cgrouptest has cgroups for tests: directories of files that behave as those of the kernel do, as far as supervisord depends
// on it.
package cgrouptest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Self is the process id of supervisord in a Fake.
const Self = 100

// System is a cgroup.System below a temporary directory.
type System struct {
	Root      string // the mount of cgroups
	Own       string // the cgroup of supervisord, as /proc/self/cgroup has it
	Version1  bool   // controllers are in version 1
	Parents   map[int]int
	Marked    map[string]bool  // cgroups that the service manager has marked as delegated
	Refuse    map[string]error // results of writes, by the path below Root
	NoKill    bool             // there is no cgroup.kill
	Survivors map[int]bool     // processes that survive SIGKILL
	// Slow are files, below Root, a write to which waits until the channel is closed, if it may.
	Slow map[string]chan struct{}

	mu   sync.Mutex
	sent []string // signals, as "15 101"
	proc string
}

// files are the files of a controller, with what is in them first.
var files = map[string]map[string]string{
	"memory": {"memory.max": "max\n", "memory.high": "max\n", "memory.current": "0\n", "memory.oom.group": "0\n",
		"memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n", "memory.stat": "anon 0\nfile 0\ninactive_file 0\n"},
	"cpu":  {"cpu.max": "max 100000\n", "cpu.weight": "100\n"},
	"io":   {"io.weight": "default 100\n"},
	"pids": {"pids.max": "max\n", "pids.current": "0\n"},
}

// New returns a system in which supervisord, and nothing else, is in the cgroup /service, which has all controllers.
func New(t testing.TB) *System {
	t.Helper()
	dir := t.TempDir()
	s := &System{Root: filepath.Join(dir, "cgroup"), Own: "/service", Parents: map[int]int{Self: 1}, Marked: map[string]bool{},
		Refuse: map[string]error{}, Survivors: map[int]bool{}, Slow: map[string]chan struct{}{}, proc: filepath.Join(dir, "proc")}
	if err := os.Mkdir(s.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	s.fill(s.Root, "cpu io memory pids")
	s.set(s.Root, "cgroup.subtree_control", "cpu io memory pids\n")
	s.MakeCgroup(t, "service", Self)
	return s
}

// MakeCgroup makes a cgroup with processes in it.
func (s *System) MakeCgroup(t testing.TB, path string, pids ...int) {
	t.Helper()
	if err := s.Mkdir(filepath.Join(s.Root, path)); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		s.Add(path, pid)
	}
}

// Add has a process in a cgroup, which it has not before.
func (s *System) Add(path string, pid int) { s.enter(filepath.Join(s.Root, path), pid) }

// End ends a process.
func (s *System) End(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(pid)
}

// Set sets the text of a file.
func (s *System) Set(path, text string) { s.set(s.Root, path, text) }

// Text returns the text of a file without its last line feed, "-" if there is none.
func (s *System) Text(path string) string {
	text, err := os.ReadFile(filepath.Join(s.Root, path))
	if err != nil {
		return "-"
	}
	return strings.TrimSuffix(string(text), "\n")
}

// Sent returns the signals sent since the last call, as "15 101".
func (s *System) Sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}

func (s *System) set(dir, name, text string) {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err = file.WriteAt([]byte(text), 0); err == nil { // no reader finds it empty in between
		err = file.Truncate(int64(len(text)))
	}
	if err != nil {
		panic(err)
	}
}

// fill makes the files of a cgroup with some controllers.
func (s *System) fill(dir, controllers string) {
	for name, text := range map[string]string{"cgroup.procs": "", "cgroup.subtree_control": "", "cgroup.controllers": controllers + "\n",
		"cgroup.events": "populated 0\nfrozen 0\n"} {
		s.set(dir, name, text)
	}
	if !s.NoKill {
		s.set(dir, "cgroup.kill", "")
	}
	for c := range strings.FieldsSeq(controllers) {
		for name, text := range files[c] {
			s.set(dir, name, text)
		}
	}
}

func (s *System) enter(dir string, pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(pid)
	pids, _ := s.Procs(dir)
	s.setProcs(dir, append(pids, pid))
}

// leave takes a process out of its cgroup.
func (s *System) leave(pid int) {
	_ = filepath.WalkDir(s.Root, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			if pids, _ := s.Procs(path); slices.Contains(pids, pid) {
				s.setProcs(path, slices.DeleteFunc(pids, func(p int) bool { return p == pid }))
			}
		}
		return nil
	})
}

func (s *System) setProcs(dir string, pids []int) {
	var b strings.Builder
	for _, pid := range pids {
		fmt.Fprintln(&b, pid)
	}
	s.set(dir, "cgroup.procs", b.String())
	for ; strings.HasPrefix(dir, s.Root); dir = filepath.Dir(dir) {
		populated := 0
		_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				if pids, _ := s.Procs(path); len(pids) > 0 {
					populated = 1
				}
			}
			return nil
		})
		s.set(dir, "cgroup.events", fmt.Sprintf("populated %d\nfrozen 0\n", populated))
	}
}

// Self implements cgroup.System, as all that follows.
func (s *System) Self() int { return Self }

func (s *System) Proc(file string) string {
	path := filepath.Join(s.proc, file)
	_ = os.MkdirAll(filepath.Dir(path), 0o755)
	text := ""
	switch file {
	case "self/cgroup":
		if text = "0::" + s.Own + "\n"; s.Version1 {
			text = "4:memory:/\n1:name=systemd:/\n" + text
		}
	case "self/mountinfo":
		text = "20 1 0:20 / /proc rw - proc proc rw\n30 1 0:26 / " + s.Root + " rw,nosuid - cgroup2 cgroup2 rw\n"
	}
	s.set(s.proc, file, text)
	return path
}

func (s *System) Parent(pid int) int { return s.Parents[pid] }

func (s *System) IsCgroup(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() && (path == s.Root || strings.HasPrefix(path, s.Root+"/"))
}

func (s *System) Delegated(path string) bool { return s.Marked[s.below(path)] }

func (s *System) below(path string) string {
	below, _ := filepath.Rel(s.Root, path)
	return below
}

func (s *System) Writable(path string) error { return s.Refuse[s.below(path)] }

func (s *System) Read(path string) (string, error) {
	text, err := os.ReadFile(path)
	return string(text), err
}

func (s *System) WriteThrough(path, text string) error {
	if slow := s.Slow[s.below(path)]; slow != nil {
		<-slow
	}
	return s.Write(path, text)
}

func (s *System) Write(path, text string) error {
	if err := s.Refuse[s.below(path)]; err != nil {
		return err
	}
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	if _, err := os.Stat(path); err != nil {
		return syscall.ENOENT
	}
	switch name {
	case "cgroup.procs":
		pid, err := strconv.Atoi(text)
		if err != nil {
			return syscall.EINVAL
		}
		if control, _ := s.Read(filepath.Join(dir, "cgroup.subtree_control")); control != "" {
			return syscall.EBUSY
		}
		s.enter(dir, pid)
	case "cgroup.subtree_control":
		if controller, ok := strings.CutPrefix(text, "-"); ok {
			return s.disable(dir, controller)
		}
		return s.enable(dir, strings.TrimPrefix(text, "+"))
	case "cgroup.kill":
		s.killAll(dir)
	default:
		s.set(dir, name, text+"\n")
	}
	return nil
}

// enable gives the cgroups below dir a controller.
func (s *System) enable(dir, controller string) error {
	available, _ := s.Read(filepath.Join(dir, "cgroup.controllers"))
	if !slices.Contains(strings.Fields(available), controller) {
		return syscall.ENOENT
	}
	if pids, _ := s.Procs(dir); len(pids) > 0 && dir != s.Root {
		return syscall.EBUSY
	}
	control, _ := s.Read(filepath.Join(dir, "cgroup.subtree_control"))
	enabled := append(strings.Fields(control), controller)
	slices.Sort(enabled)
	s.set(dir, "cgroup.subtree_control", strings.Join(enabled, " ")+"\n")
	for _, child := range s.Children(dir) {
		s.set(filepath.Join(dir, child), "cgroup.controllers", strings.Join(enabled, " ")+"\n")
		for name, text := range files[controller] {
			s.set(filepath.Join(dir, child), name, text)
		}
	}
	return nil
}

// disable takes a controller from the cgroups below dir.
func (s *System) disable(dir, controller string) error {
	control, _ := s.Read(filepath.Join(dir, "cgroup.subtree_control"))
	left := slices.DeleteFunc(strings.Fields(control), func(c string) bool { return c == controller })
	s.set(dir, "cgroup.subtree_control", strings.TrimSpace(strings.Join(left, " ")+"\n"))
	return nil
}

func (s *System) killAll(dir string) {
	pids, _ := s.Procs(dir)
	for _, pid := range pids {
		_ = s.Kill(pid, syscall.SIGKILL)
	}
	for _, child := range s.Children(dir) {
		s.killAll(filepath.Join(dir, child))
	}
}

func (s *System) Mkdir(path string) error {
	if err := s.Refuse[s.below(path)]; err != nil {
		return err
	}
	if err := syscall.Mkdir(path, 0o755); err != nil {
		return err
	}
	controllers, _ := s.Read(filepath.Join(filepath.Dir(path), "cgroup.subtree_control"))
	s.fill(path, strings.TrimSpace(controllers))
	return nil
}

func (s *System) Rmdir(path string) error {
	if _, err := os.Stat(path); err != nil {
		return syscall.ENOENT
	}
	if pids, _ := s.Procs(path); len(pids) > 0 || len(s.Children(path)) > 0 {
		return syscall.EBUSY
	}
	return os.RemoveAll(path)
}

func (s *System) Open(path string) (fd int, err error) {
	return syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
}

func (s *System) Procs(path string) (pids []int, err error) {
	text, err := s.Read(filepath.Join(path, "cgroup.procs"))
	for field := range strings.FieldsSeq(text) {
		pid, _ := strconv.Atoi(field)
		pids = append(pids, pid)
	}
	return pids, err
}

func (s *System) Children(path string) (names []string) {
	entries, _ := os.ReadDir(path)
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func (s *System) Kill(pid int, sig syscall.Signal) error {
	s.mu.Lock()
	s.sent = append(s.sent, fmt.Sprintf("%d %d", sig, pid))
	s.mu.Unlock()
	if sig == syscall.SIGKILL && !s.Survivors[pid] {
		s.End(pid)
	}
	return nil
}

// Cgroups returns the paths of all cgroups and the processes in them, such as "service/supervisord 100".
func (s *System) Cgroups() []string {
	found := map[string]bool{}
	_ = filepath.WalkDir(s.Root, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() && path != s.Root {
			pids, _ := s.Procs(path)
			found[strings.TrimSpace(s.below(path)+" "+strings.Trim(fmt.Sprint(pids), "[]"))] = true
		}
		return nil
	})
	return slices.Sorted(maps.Keys(found))
}
