package child

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

func init() {
	remote := func(t *testing.T, spec Spec) (int, error) { return isolatedForTest(t).remoteStart(spec) }
	starters["thread"] = starter{remote, step.ByThread, true}
	starters["IsolatedStarter"] = starter{
		func(t *testing.T, spec Spec) (int, error) { return isolatedForTest(t).start(spec) }, step.ByThread, true}
}

// isolatedForTest is an isolated thread, or skips the test on a machine that does not allow one.
func isolatedForTest(t *testing.T) *isolatedThread {
	t.Helper()
	th, err := newIsolatedThread()
	if err != nil {
		t.Skip("no thread with a descriptor table of its own here: ", err)
	}
	t.Cleanup(func() { close(th.requests) })
	return th
}

// A child of the thread is in the directory that we are in, and our umask does not change.
func TestIsolatedThread(t *testing.T) {
	dir := t.TempDir()
	th := isolatedForTest(t)
	t.Chdir(dir)
	start := func(_ *testing.T, spec Spec) (int, error) { return th.remoteStart(spec) }
	own := syscall.Umask(0)
	syscall.Umask(own)
	for _, steps := range [][]step.Step{{step.Umask(0o27)}, nil, {step.Umask(0o77)}} {
		want := own
		if steps != nil {
			want = int(steps[0].(step.Umask))
		}
		pid, out, stderr := startWith(t, start, Spec{Path: "/bin/sh", Args: []string{"sh", "-c", "umask; pwd"}, Steps: steps})
		if end(t, pid); out != fmt.Sprintf("%04o\n%s\n", want, dir) {
			t.Errorf("%v: %q %q", steps, out, stderr)
		}
		if now := syscall.Umask(own); now != own {
			t.Errorf("our umask is %o, was %o", now, own)
		}
	}
}

// The thread's table stays small: it has no descriptor of ours, and no start leaves one there.
func TestIsolatedTable(t *testing.T) {
	th := isolatedForTest(t)
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
	start := func(_ *testing.T, spec Spec) (int, error) { return th.remoteStart(spec) }
	for i := range 20 {
		pid, out, _ := startWith(t, start, Spec{Path: "/bin/echo", Args: []string{"echo", strconv.Itoa(i)}})
		if end(t, pid); out != strconv.Itoa(i)+"\n" {
			t.Errorf("%d: %q", i, out)
		}
	}
	expect("after 20 starts")
}

// Descriptors that we have inherited, which are older than all others, are not in the thread's table either.
func TestIsolatedInherited(t *testing.T) {
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	cmd := exec.Command(executable(t), "-test.run=^TestIsolatedTable$")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	cmd.ExtraFiles = []*os.File{dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The main thread, whose descriptors /proc shows as ours, is never used.
func TestDedicatedThreadIsNotMain(t *testing.T) {
	const threads = 100
	ids := make(chan int, threads)
	hold := make(chan struct{})
	for range threads {
		go onDedicatedThread(func() {
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
	isolatedForTest(t)
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

// Of thousands of descriptors, those of a list stay open.
func TestCloseBut(t *testing.T) {
	got := make(chan []int)
	go onDedicatedThread(func() {
		defer close(got)
		if err := unix.Unshare(unix.CLONE_FILES); err != nil {
			return
		}
		for range 2000 {
			if fd, err := unix.Dup(0); err != nil || fd < 0 {
				return
			}
		}
		if closeBut([]int{1500, 3, 700}) {
			fds, _ := openDescriptors()
			got <- fds
		}
	})
	fds, ok := <-got
	if !ok {
		t.Skip("this machine allows no descriptor table for a thread, or its kernel has no close_range")
	}
	if want := []int{3, 700, 1500}; !slices.Equal(fds, want) {
		t.Errorf("open are %v, want %v", fds, want)
	}
}
