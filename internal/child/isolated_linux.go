package child

import (
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

// IsolatedStarter returns a function that starts children as Start does, but if that is cheaper from a thread that shares
// neither the descriptor table nor the umask with the rest of the process. A fork copies the descriptor table, which grows
// with the number of programs, and the child closes the copies again; this thread has a handful of descriptors, so that a
// start costs the same with ten programs and with ten thousand. And it can set a child's umask without changing ours.
// Where the system does not allow such a thread (containers without the right to unshare, no /proc), Start is returned.
//
// Call it once, before the process opens descriptors that it must be able to close: the thread keeps its copies of those
// open. The working directory must not change after the first start.
func IsolatedStarter() func(Spec) (pid int, err error) {
	t, err := newIsolatedThread()
	if err != nil {
		return Start
	}
	return t.start
}

// isolatedThread is the handle by which the loop sends requests to the thread, one at a time.
type isolatedThread struct {
	requests chan request
	results  chan result
	socket   int // the descriptors of a request go in here
}

// request is a start. By the shim, the descriptor for its report goes with the others.
type request struct {
	Spec
	shim bool
}

type result struct {
	pid    int
	err    error
	refuse bool // the start must be repeated by the shim
}

func newIsolatedThread() (*isolatedThread, error) {
	if err := OpenPoller(); err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	t := &isolatedThread{requests: make(chan request), results: make(chan result), socket: pair[0]}
	ready := make(chan error)
	go onDedicatedThread(func() {
		err := isolate(pair[1])
		ready <- err
		if err == nil {
			t.serve(pair[1])
		}
	})
	err = <-ready
	unix.Close(pair[1]) // our copy of the thread's end
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	return t, nil
}

// onDedicatedThread runs f on a thread that no other goroutine gets afterwards, and that is not the main thread: /proc/self/fd
// shows the descriptors of the main thread as those of the process, to us as well.
func onDedicatedThread(f func()) {
	runtime.LockOSThread() // never unlocked: the thread ends with f
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	running := make(chan struct{})
	go func() {
		runtime.LockOSThread() // cannot be the main thread, which is locked until this one runs
		close(running)
		f()
	}()
	<-running
	runtime.UnlockOSThread()
}

// poller are the descriptors of the runtime's poller, none if they are not known.
var poller []int

// OpenPoller makes the runtime open the descriptors of its poller now: each thread may have to write to them, so they must exist
// before a thread gets a table of its own. If they are open already, for a timer or a file, they are not known afterwards, and the
// thread has to look at all descriptors.
func OpenPoller() error {
	if poller != nil {
		return nil
	}
	var pipe, probe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return err
	}
	defer unix.Close(pipe[1])
	if err := unix.Pipe2(probe[:], unix.O_CLOEXEC); err != nil {
		unix.Close(pipe[0])
		return err
	}
	unix.Close(probe[0])
	unix.Close(probe[1])
	if err := os.NewFile(uintptr(pipe[0]), "").Close(); err != nil { // NewFile uses the poller
		return err
	}
	if ofPoller(probe[0]) && ofPoller(probe[1]) { // they got the lowest free numbers
		poller = probe[:]
	}
	return nil
}

// isolate gives the calling thread a descriptor table of its own, in which only socket, what the runtime's poller needs and
// three times /dev/null are open.
func isolate(socket int) error {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return err
	}
	if poller == nil || !closeBut([]int{poller[0], poller[1], socket}) {
		if err := closeEach(socket); err != nil {
			return err
		}
	}
	return nullBelow(3)
}

// closeBut closes the descriptors from 3 up but those of a list, thousands after an upgrade, in a few system calls. It reports whether
// it could: that needs Linux 5.9.
func closeBut(keep []int) bool {
	slices.Sort(keep)
	first := 3
	for _, fd := range append(keep, math.MaxInt32) {
		if first < fd && unix.CloseRange(uint(first), uint(fd-1), 0) != nil {
			return false
		}
		first = fd + 1
	}
	return true
}

// nullBelow opens /dev/null in place of the descriptors below n.
func nullBelow(n int) error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	for fd := range n {
		if fd != null {
			if err := unix.Dup3(null, fd, unix.O_CLOEXEC); err != nil {
				return err
			}
		}
	}
	if null < n {
		return nil
	}
	return unix.Close(null)
}

// closeEach closes the calling thread's descriptors from 3 up one by one, but the socket and those of the poller.
func closeEach(socket int) error {
	fds, err := openDescriptors()
	for _, fd := range fds {
		if fd != socket && !ofPoller(fd) {
			unix.Close(fd)
		}
	}
	return err
}

// openDescriptors lists the calling thread's descriptors from 3 up.
func openDescriptors() (fds []int, err error) {
	dir, err := unix.Open("/proc/thread-self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	buf := make([]byte, 8192)
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil || n == 0 {
			return fds, err
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil && fd > 2 && fd != dir {
				fds = append(fds, fd)
			}
		}
	}
}

// ofPoller reports whether the runtime's poller may need fd. It opens its descriptors close-on-exec; those that another supervisord has
// handed over are not, and are thousands.
func ofPoller(fd int) bool {
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		return false
	}
	buf := make([]byte, 64)
	n, err := unix.Readlink("/proc/thread-self/fd/"+strconv.Itoa(fd), buf)
	return err == nil && strings.HasPrefix(string(buf[:n]), "anon_inode:[event")
}

// smallTable is the descriptor number up to which a fork from any thread costs less than a request to the isolated one.
const smallTable = 256

// largest returns the largest of fds, -1 if there is none.
func largest(fds []int) int {
	most := -1
	for _, fd := range fds {
		most = max(most, fd)
	}
	return most
}

// start starts a child as Start does.
func (t *isolatedThread) start(spec Spec) (pid int, err error) {
	if step.HasDeathSignal(spec.Steps) || step.WayOf(spec.Steps) != step.ByThread && max(largest(spec.Files[:]), largest(spec.More)) < smallTable {
		return Start(spec)
	}
	return t.remoteStart(spec)
}

// remoteStart has the thread start a child.
func (t *isolatedThread) remoteStart(spec Spec) (pid int, err error) {
	if step.WayOf(spec.Steps) != step.ByShim {
		if r := t.request(request{Spec: spec}, spec.descriptors()); !r.refuse {
			return r.pid, r.err
		}
	}
	fds := spec.descriptors()
	if failure := failures.writeEnd(); failure >= 0 {
		fds = append(fds[:len(fds):len(fds)], failure)
	}
	r := t.request(request{spec, true}, fds)
	return r.pid, r.err
}

// descriptors are all that the child gets, without gaps.
func (s *Spec) descriptors() []int {
	if len(s.More) == 0 && s.Cgroup == nil {
		return s.Files[:]
	}
	fds := slices.DeleteFunc(slices.Concat(s.Files[:], s.More), func(fd int) bool { return fd < 0 })
	if s.Cgroup != nil {
		fds = append(fds, s.Cgroup.FD)
	}
	return fds
}

// receive puts the descriptors that the thread has received in the place of those of descriptors, and returns those that follow.
func (s *Spec) receive(fds []int) (rest []int) {
	fds = fds[copy(s.Files[:], fds):]
	if len(s.More) > 0 {
		s.More = slices.Clone(s.More) // that of the caller stays as it is
	}
	for i, fd := range s.More {
		if fd >= 0 && len(fds) > 0 {
			s.More[i], fds = fds[0], fds[1:]
		}
	}
	if s.Cgroup != nil && len(fds) > 0 {
		s.Cgroup, fds = &Cgroup{fds[0], s.Cgroup.Path}, fds[1:]
	}
	return fds
}

// request sends a request and its descriptors, and returns the result.
func (t *isolatedThread) request(q request, fds []int) (r result) {
	rights := unix.UnixRights(fds...)
	for {
		err := unix.Sendmsg(t.socket, []byte{0}, rights, nil, unix.MSG_NOSIGNAL)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			r.pid, r.err = Start(q.Spec)
			return r
		}
		t.requests <- q
		return <-t.results
	}
}

// serve starts the requested children until there are no more requests.
func (t *isolatedThread) serve(socket int) {
	ownUmask := false
	for q := range t.requests {
		// The working directory is separated with the umask, so not before the first start.
		ownUmask = ownUmask || unix.Unshare(unix.CLONE_FS) == nil
		fds, err := receive(socket, len(q.descriptors()))
		r := result{err: err}
		if err == nil {
			r = q.start(fds, ownUmask)
		}
		for _, fd := range fds {
			unix.Close(fd)
		}
		t.results <- r
	}
}

// start starts a child in the isolated thread, with the descriptors that the thread has received.
func (q *request) start(fds []int, ownUmask bool) (r result) {
	rest := q.receive(fds)
	switch {
	case q.shim:
		failure := -1
		if len(rest) > 0 {
			failure = rest[0]
		}
		r.pid, r.err = startShim(q.Spec, failure)
	case step.WayOf(q.Steps) == step.ByThread && !ownUmask:
		r.refuse = true
	default:
		r.pid, r.err = forkInherited(q.Spec)
		r.refuse = r.err != nil && !isShortage(r.err)
	}
	return r
}

// forkInherited starts a child that inherits from the isolated thread, which calls it, what fork cannot do.
func forkInherited(spec Spec) (pid int, err error) {
	rest, undo := step.OnThread(spec.Steps)
	defer undo()
	return forkExec(spec.Path, spec.Args, &spec, rest)
}

// receive returns the descriptors that request sent, n and perhaps one for the shim. The system delivers fewer than n only if
// the table is full: EMFILE.
func receive(socket, n int) (fds []int, err error) {
	control := make([]byte, unix.CmsgSpace((n+1)*4))
	for {
		_, _, _, _, err = unix.Recvmsg(socket, make([]byte, 1), control, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		some, err := unix.ParseUnixRights(&m)
		if err != nil {
			return fds, err
		}
		fds = append(fds, some...)
	}
	if len(fds) < n {
		return fds, unix.EMFILE
	}
	return fds, nil
}
