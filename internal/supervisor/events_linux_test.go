package supervisor

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// stage is a world in which the tests act as the children: they hold the other ends of the pipes.
type stage struct {
	*world
	in, out, err map[string]*os.File // of the last child of each process
}

func newStage(t *testing.T, groups ...*config.Group) *stage {
	t.Helper()
	w := &world{t: t, now: time.Now(), pidOf: map[string]int{}, lastPID: 1 << 30}
	s := &stage{w, map[string]*os.File{}, map[string]*os.File{}, map[string]*os.File{}}
	sup, err := New(Options{
		Config: &config.Config{Groups: groups, Supervisord: config.Supervisord{Identifier: "id"}},
		Log:    logs.NewMain(&w.log, api.Info),
		Start: func(spec child.Spec) (int, error) {
			name := ""
			for _, kv := range spec.Env {
				if n, ok := strings.CutPrefix(kv, "SUPERVISOR_PROCESS_NAME="); ok {
					name = n
				}
			}
			for i, files := range []map[string]*os.File{s.in, s.out, s.err} {
				fd, err := unix.FcntlInt(uintptr(spec.Files[i]), unix.F_DUPFD_CLOEXEC, 3)
				if err != nil {
					t.Error(err)
				}
				files[name] = os.NewFile(uintptr(fd), name)
			}
			w.lastPID++
			w.pidOf[name] = w.lastPID
			return w.lastPID, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sup.loop.shared.Pump.Close)
	w.Loop = sup.loop
	s.settle()
	return s
}

// write writes as the child.
func (s *stage) write(f *os.File, text string) {
	s.t.Helper()
	if _, err := f.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// sent is the next event on the standard input of a listener, with PID for process ids, without the parts of the header
// that are always the same.
func (s *stage) sent(listener string) string {
	s.t.Helper()
	f := s.in[listener]
	header, payload := "", []byte(nil)
	for one := make([]byte, 1); !strings.HasSuffix(header, "\n"); header += string(one) {
		s.read(f, one)
	}
	var serial, own, n int
	var pool, name string
	if _, err := fmt.Sscanf(header, "ver:3.0 server:id serial:%d pool:%s poolserial:%d eventname:%s len:%d\n",
		&serial, &pool, &own, &name, &n); err != nil {
		s.t.Fatalf("%q: %v", header, err)
	}
	payload = make([]byte, n)
	s.read(f, payload)
	return name + " " + regexp.MustCompile(`10737\d+`).ReplaceAllString(string(payload), "PID")
}

func (s *stage) read(f *os.File, into []byte) {
	s.t.Helper()
	for len(into) > 0 {
		if !readable(f, 20_000) {
			s.t.Fatal("nothing was sent")
		}
		n, err := f.Read(into)
		if err != nil {
			s.t.Fatal(err)
		}
		into = into[n:]
	}
}

// readable reports whether something can be read within so many milliseconds.
func readable(f *os.File, timeout int) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
	for {
		if n, err := unix.Poll(fds, timeout); err != unix.EINTR {
			return n == 1
		}
	}
}

// take has a listener that is ready take the events, and compares them.
func (s *stage) take(listener string, want ...string) {
	s.t.Helper()
	if d := cmp.Diff(want, s.collect(listener, len(want))); d != "" {
		s.t.Errorf("%s (-want +got):\n%s", listener, d)
	}
}

// collect takes n events, of which there must not be more.
func (s *stage) collect(listener string, n int) (got []string) {
	s.t.Helper()
	for range n {
		got = append(got, s.sent(listener))
		s.write(s.out[listener], "RESULT 2\nOKREADY\n")
	}
	if readable(s.in[listener], 0) {
		s.t.Errorf("%s was sent more than that", listener)
	}
	return got
}

// listener is a pool of one listener that counts as RUNNING at once.
func listener(name string, subscribed ...string) *config.Group {
	g := program(name, func(p *config.Process) { p.Start.Secs, p.Priority = 0, -1 })
	g.Kind = config.ListenerGroup
	g.Pool = &config.Pool{BufferSize: 100, Events: subscribed, ResultHandler: config.DefaultHandler, PayloadBytes: true}
	return g
}

// TestStateEvents follows a program through its states, with the events of its group and of supervisord.
func TestStateEvents(t *testing.T) {
	s := newStage(t, listener("l", "PROCESS_STATE", "PROCESS_GROUP", "SUPERVISOR_STATE_CHANGE"),
		program("p", func(p *config.Process) { p.Start.Auto, p.Backoff.Retries = false, 0 }),
		program("q", func(p *config.Process) { p.Start.Auto = false }))
	s.write(s.out["l"], "READY\n")
	s.take("l", "PROCESS_GROUP_ADDED groupname:l\n", "PROCESS_GROUP_ADDED groupname:p\n",
		"PROCESS_GROUP_ADDED groupname:q\n",
		"PROCESS_STATE_STARTING processname:l groupname:l from_state:STOPPED tries:0",
		"PROCESS_STATE_RUNNING processname:l groupname:l from_state:STARTING pid:PID")
	p := s.process("p")
	p.Start(s.now)
	s.pass(time.Second)
	s.exit("p", code(0))
	p.Start(s.now)
	s.pass(time.Second)
	s.exit("p", code(3))
	p.Stop(s.now)
	s.exit("p", by(syscall.SIGTERM))
	p.Start(s.now)
	s.exit("p", code(0))
	const who = "processname:p groupname:p from_state:"
	s.take("l", "PROCESS_STATE_STARTING "+who+"STOPPED tries:0", "PROCESS_STATE_RUNNING "+who+"STARTING pid:PID",
		"PROCESS_STATE_EXITED "+who+"RUNNING expected:1 pid:PID",
		"PROCESS_STATE_STARTING "+who+"EXITED tries:0", "PROCESS_STATE_RUNNING "+who+"STARTING pid:PID",
		"PROCESS_STATE_EXITED "+who+"RUNNING expected:0 pid:PID",
		"PROCESS_STATE_STARTING "+who+"EXITED tries:0", "PROCESS_STATE_STOPPING "+who+"STARTING pid:PID",
		"PROCESS_STATE_STOPPED "+who+"STOPPING pid:PID",
		"PROCESS_STATE_STARTING "+who+"STOPPED tries:0", "PROCESS_STATE_BACKOFF "+who+"STARTING tries:1",
		"PROCESS_STATE_FATAL "+who+"BACKOFF")
	if !s.RemoveGroup(s.Group("p")) {
		t.Error("not removed")
	}
	s.take("l", "PROCESS_GROUP_REMOVED groupname:p\n")
	s.process("q").Start(s.now)
	s.Shutdown()
	s.stopGroups(s.now)
	s.take("l", "PROCESS_STATE_STARTING processname:q groupname:q from_state:STOPPED tries:0",
		"SUPERVISOR_STATE_CHANGE_STOPPING ", "PROCESS_STATE_STOPPING processname:q groupname:q from_state:STARTING pid:PID")
}

// TestLastOutput shows that the event of the last output precedes that of the exit, and that output which was held back is
// not lost.
func TestLastOutput(t *testing.T) {
	dir := t.TempDir()
	s := newStage(t, listener("l", "PROCESS_STATE_EXITED", "PROCESS_LOG", "PROCESS_COMMUNICATION"),
		program("p", func(p *config.Process) {
			p.Start.Secs, p.Exit.Restart = 0, config.RestartNever
			p.Out.Capture, p.Out.Events, p.Err.Events = 100, true, true
			p.Out.Log = config.Log{Kind: config.LogFile, Path: filepath.Join(dir, "out")}
		}))
	s.write(s.out["l"], "READY\n")
	const who = "processname:p groupname:p pid:PID"
	s.write(s.out["p"], "a\xe2\x82")
	s.take("l", "PROCESS_LOG_STDOUT "+who+" channel:stdout\na")
	s.write(s.out["p"], "\xac<!--XSUPERVISOR:BEGIN-->sent<!--XSUPERVISOR:END-->b")
	if _, err := s.out["p"].WriteString("<!--X"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.err["p"].WriteString("last\xff"); err != nil {
		t.Fatal(err)
	}
	s.exit("p", code(0))
	want := []string{
		"PROCESS_LOG_STDOUT " + who + " channel:stdout\n€",
		"PROCESS_COMMUNICATION_STDOUT " + who + "\nsent", "PROCESS_LOG_STDOUT " + who + " channel:stdout\nb",
		"PROCESS_LOG_STDERR " + who + " channel:stderr\nUndecodable: b'last\\xff'",
		"PROCESS_LOG_STDOUT " + who + " channel:stdout\n<!--X",
		"PROCESS_STATE_EXITED processname:p groupname:p from_state:RUNNING expected:1 pid:PID",
	}
	got := s.collect("l", len(want))
	// Each channel keeps its order, and both come before the end; which of the two is read first is open.
	other := slices.IndexFunc(got, func(line string) bool { return strings.HasPrefix(line, "PROCESS_LOG_STDERR") })
	if other < 0 {
		t.Fatalf("nothing of standard error: %q", got)
	}
	line := got[other]
	got = slices.Insert(slices.Delete(got, other, other+1), 3, line)
	if diff := cmp.Diff(want, got); diff != "" || other == len(want)-1 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "out")); string(got) != "a€b<!--X" {
		t.Errorf("the log holds %q, %v", got, err)
	}
}

// TestListenerDies shows that its event goes to the next child.
func TestListenerDies(t *testing.T) {
	l := listener("l", "REMOTE_COMMUNICATION")
	l.Processes[0].Exit.Restart = config.RestartAlways
	s := newStage(t, l)
	s.write(s.out["l"], "READY\n")
	s.SendRemoteComm("t", "one")
	if got := s.sent("l"); got != "REMOTE_COMMUNICATION type:t\none" {
		t.Errorf("got %q", got)
	}
	s.exit("l", code(1))
	s.pass(time.Second)
	s.write(s.out["l"], "READY\n")
	s.take("l", "REMOTE_COMMUNICATION type:t\none")
}

// TestWakeVersion shows that the version changes when a pool has the loop schedule a retry.
func TestWakeVersion(t *testing.T) {
	s := newStage(t, listener("l", "REMOTE_COMMUNICATION"))
	s.write(s.out["l"], "READY\n")
	s.SendRemoteComm("t", "one")
	s.sent("l")
	s.timer = time.NewTimer(time.Hour)
	before := s.handle.Version()
	s.write(s.out["l"], "RESULT 4\nFAILREADY\n")
	if s.receive(true); s.handle.Version() == before || s.nextResume.at.IsZero() {
		t.Errorf("version %d, then %d; to be retried at %v", before, s.handle.Version(), s.nextResume.at)
	}
}

// TestListenerExitsUnseen shows that a listener that ended before its deadline was processed is sent nothing.
func TestListenerExitsUnseen(t *testing.T) {
	l := listener("l", "PROCESS_STATE")
	l.Processes[0].Start.Secs, l.Processes[0].Exit.Restart = 1, config.RestartNever
	watcher := listener("w", "PROCESS_STATE_EXITED")
	watcher.Processes[0].Priority = 0
	s := newStage(t, l, watcher)
	s.write(s.out["w"], "READY\n")
	s.write(s.out["l"], "READY\n")
	s.now = s.now.Add(2 * time.Second)
	s.exit("l", code(0))
	s.take("w", "PROCESS_STATE_EXITED processname:l groupname:l from_state:RUNNING expected:1 pid:PID")
	if n, err := s.in["l"].Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("it was sent something: %d, %v", n, err)
	}
}

// TestNoSubscriber shows that output without a subscriber causes no event, and that a pool that is added and removed makes
// the difference.
func TestNoSubscriber(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	s := newStage(t, program("p", func(p *config.Process) {
		p.Out.Events, p.Start.Secs = true, 0
		p.Err.Log = config.Log{Kind: config.LogFile, Path: log}
	}))
	// The pump reads pipes in the order in which they are written: with the second text in its log, it is done with the first.
	for _, f := range []*os.File{s.out["p"], s.err["p"]} {
		if _, err := f.WriteString("unseen\n"); err != nil {
			t.Fatal(err)
		}
	}
	late := time.Now().Add(20 * time.Second)
	for size := int64(0); size == 0 && time.Now().Before(late); {
		if info, err := os.Stat(log); err == nil {
			size = info.Size()
		}
	}
	if err := s.AddGroup(PrepareGroup(listener("l", "PROCESS_LOG", "TICK_5"))); err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.write(s.out["l"], "READY\n")
	s.write(s.out["p"], "seen\n")
	s.take("l", "PROCESS_LOG_STDOUT processname:p groupname:p pid:PID channel:stdout\nseen\n")
	if s.ticks.Next(&s.shared.Events, s.now).IsZero() {
		t.Error("no tick is due")
	}
	s.process("l").Stop(s.now)
	s.exit("l", by(syscall.SIGTERM))
	if !s.RemoveGroup(s.Group("l")) || s.shared.Events.Wants(api.ProcessLogStdout) {
		t.Error("output is still subscribed to")
	}
	if !s.ticks.Next(&s.shared.Events, s.now).IsZero() {
		t.Error("a tick without a subscriber is due")
	}
}

// fastCGI is a group of processes that share one socket.
func fastCGI(path string, names ...string) *config.Group {
	g := program(names[0])
	socket := &config.Socket{URL: "unix://" + path, Unix: true, Path: path, Mode: 0o700, UID: -1, GID: -1}
	g.Name, g.Processes = "f", nil
	for _, name := range names {
		p := program(name, func(p *config.Process) { p.Start.Secs, p.Exit.Restart, p.Socket = 0, config.RestartNever, socket })
		g.Processes = append(g.Processes, p.Processes[0])
	}
	return g
}

// TestFastCGI shows that processes share one socket as their standard input, from the first start to the last end.
func TestFastCGI(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.sock")
	s := newStage(t, fastCGI(path, "a", "b"))
	creating, closing := "INFO Creating socket unix://"+path, "INFO Closing socket unix://"+path
	success := "INFO success: %s entered RUNNING state, process has stayed up for > than 0 seconds (startsecs)"
	s.expect(creating, closing, creating, "INFO spawned: 'a' with pid PID", fmt.Sprintf(success, "a"),
		"INFO spawned: 'b' with pid PID", fmt.Sprintf(success, "b"))
	var inode [2]uint64
	for i, name := range []string{"a", "b"} {
		var st unix.Stat_t
		if err := unix.Fstat(int(s.in[name].Fd()), &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
			t.Errorf("mode %o, %v", st.Mode, err)
		}
		inode[i] = st.Ino
		if err := s.Find("f", name).SendStdin([]byte("x")); err == nil {
			t.Error("it can be written to")
		}
	}
	if inode[0] != inode[1] {
		t.Error("two sockets")
	}
	s.exit("a", code(0))
	s.expect("INFO exited: a (exit status 0; expected)")
	s.exit("b", code(0))
	s.expect("INFO exited: b (exit status 0; expected)", closing)
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
	if !s.RemoveGroup(s.Group("f")) {
		t.Error("not removed")
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is still there")
	}
}

// TestFastCGIProblems shows that a socket that cannot be opened is an error of the group or of the start, no more.
func TestFastCGIProblems(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	path := filepath.Join(dir, "f.sock")
	s := newStage(t)
	problem := "Could not create FastCGI socket unix://" + path + ": [Errno 2] No such file or directory"
	if err := s.AddGroup(PrepareGroup(fastCGI(path, "a"))); err == nil || err.Error() != problem {
		t.Errorf("got %v", err)
	}
	if len(s.groups) != 0 || len(s.pending) != 0 {
		t.Error("something is left of the group")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.AddGroup(PrepareGroup(fastCGI(path, "a"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	s.log.Reset()
	s.settle()
	s.expect("INFO Creating socket unix://"+path, "INFO spawnerr: "+problem)
	p := s.Find("f", "a")
	if p.State() != api.Backoff || p.SpawnErr() != problem {
		t.Errorf("%v: %s", p.State(), p.SpawnErr())
	}
}

// TestTickEvents sends all three ticks to a listener, at the first moment of an hour that the loop sees.
func TestTickEvents(t *testing.T) {
	s := newStage(t, listener("l", "TICK"))
	s.write(s.out["l"], "READY\n")
	s.ticks.Start(time.Unix(1201064399, 0))
	s.ticks.Tick(&s.shared.Events, time.Unix(1201064403, 5e8))
	s.take("l", "TICK_5 when:1201064400", "TICK_60 when:1201064400", "TICK_3600 when:1201064400")
}
