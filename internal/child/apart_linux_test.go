package child

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// apart is a thread for the test, or the reason why this machine does not allow one.
func apart(t *testing.T) *thread {
	t.Helper()
	th, err := newThread()
	if err != nil {
		t.Skip("no thread with a descriptor table of its own here: ", err)
	}
	t.Cleanup(func() { close(th.specs) })
	return th
}

// into starts exe with its standard output going to the end of a pipe and returns what it writes.
func into(t *testing.T, th *thread, spec Spec) string {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	ours, theirs, err := Pipe(true)
	if err != nil {
		t.Fatal(err)
	}
	spec.Files = [3]int{int(null.Fd()), theirs, theirs}
	pid, err := th.visit(spec)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(theirs)
	f := os.NewFile(uintptr(ours), "pipe")
	defer f.Close()
	buf := make([]byte, 1<<16)
	n := 0
	for {
		m, err := f.Read(buf[n:])
		if m == 0 || err != nil {
			break
		}
		n += m
	}
	end(t, pid)
	return string(buf[:n])
}

// A child of the thread has the umask that was asked for, or ours, the directory we are in, and nothing open.
func TestApartSurroundings(t *testing.T) {
	th := apart(t)
	exe, dir := self4test(t), t.TempDir()
	t.Chdir(dir)
	own := syscall.Umask(0)
	syscall.Umask(own)
	for _, umask := range []int{0o27, -1, 0o77} {
		var s seen
		text := into(t, th, Spec{Path: exe, Args: []string{"x", "report"}, Umask: umask})
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err, text)
		}
		want := umask
		if umask < 0 {
			want = own
		}
		if s.Umask != want || s.Group != s.PID {
			t.Errorf("umask %o: %+v", umask, s)
		}
		if now := syscall.Umask(own); now != own {
			t.Errorf("our umask is %o, was %o", now, own)
		}
	}
	if out := into(t, th, Spec{Path: "/bin/ls", Args: []string{"ls", "/proc/self/fd"}, Umask: -1}); out != "0\n1\n2\n3\n" {
		t.Errorf("open descriptors: %q", out) // 3 is the directory that ls reads
	}
	if out := into(t, th, Spec{Path: "/bin/pwd", Args: []string{"pwd"}, Umask: -1}); out != dir+"\n" {
		t.Errorf("directory %q, want %q", out, dir)
	}
	if out := into(t, th, Spec{Path: "/bin/ls", Args: []string{"ls"}, Dir: "/nonexistent", Umask: 0o22}); out !=
		"supervisor: couldn't chdir to /nonexistent: ENOENT\nsupervisor: child process was not spawned\n" {
		t.Errorf("a failure: %q", out)
	}
}

// The thread's table stays small: nothing of ours is in it, and no start leaves anything there.
func TestApartTable(t *testing.T) {
	th := apart(t)
	for range 50 {
		f, err := os.Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	// /proc/self/fd shows the table of the first thread; each thread's own is below its task. Threads that come and go
	// disturb the list for a moment.
	smallest := func() int {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		n := 1 << 20
		for _, task := range tasks {
			if fds, err := os.ReadDir(fmt.Sprintf("/proc/self/task/%s/fd", task.Name())); err == nil {
				n = min(n, len(fds))
			}
		}
		return n
	}
	expect := func(when string) {
		t.Helper()
		const want = 6 // three times /dev/null, the socket, and two of the runtime's poller
		late := time.After(20 * time.Second)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for smallest() != want {
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("%s the thread has %d descriptors, not %d", when, smallest(), want)
			}
		}
	}
	expect("before any start")
	for i := range 20 {
		if out := into(t, th, Spec{Path: "/bin/echo", Args: []string{"echo", strconv.Itoa(i)}, Umask: -1}); out != strconv.Itoa(i)+"\n" {
			t.Errorf("%d: %q", i, out)
		}
	}
	expect("after 20 starts")
}

// What we were started with is not in the thread's table either, although it comes before all that is ours.
func TestApartInherited(t *testing.T) {
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	cmd := exec.Command(self4test(t), "-test.run=^TestApartTable$")
	cmd.ExtraFiles = []*os.File{dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The main thread is never taken, whose descriptors are what /proc shows of us.
func TestApartIsNotTheMainThread(t *testing.T) {
	const threads = 100
	ids := make(chan int, threads)
	hold := make(chan struct{})
	for range threads {
		go awayFromMain(func() {
			ids <- unix.Gettid()
			<-hold
		})
	}
	for range threads {
		if id := <-ids; id == unix.Getpid() {
			t.Error("it is")
		}
	}
	close(hold)
	apart(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(w.Fd()))); err != nil {
		t.Error(err)
	}
}
