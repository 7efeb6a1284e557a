package child

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Apart returns what starts children: Start, but in a thread that shares neither descriptors nor umask with us. A fork
// copies the descriptor table, which grows with the number of programs, and the child closes the copies again; this thread
// has a handful of descriptors, so that a start costs the same with ten programs and with ten thousand. And it can set a
// child's umask without touching ours. Where the system does not allow such a thread (containers without the right to
// unshare, no /proc), Start itself is returned.
//
// It is to be called once, before the process holds descriptors that must not stay open behind its back, and the working
// directory must not change after the first start.
func Apart() func(Spec) (pid int, err error) {
	t, err := newThread()
	if err != nil {
		return Start
	}
	return t.start
}

// thread is the thread's letter box. Only the loop writes to it, one spec at a time.
type thread struct {
	specs   chan Spec
	answers chan answer
	socket  int // descriptors of specs go in here
}

type answer struct {
	pid int
	err error
}

func newThread() (*thread, error) {
	if err := wakePoller(); err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	t := &thread{specs: make(chan Spec), answers: make(chan answer), socket: pair[0]}
	ready := make(chan error)
	go awayFromMain(func() {
		err := leave(pair[1])
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

// awayFromMain runs f in a thread that nobody else is given any more, and that is not the main thread: what the system shows
// as the descriptors of the process, to us as well (/proc/self/fd), are those of that one.
func awayFromMain(f func()) {
	runtime.LockOSThread() // not undone: the thread is of no use to others
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	away := make(chan struct{})
	go func() {
		runtime.LockOSThread() // cannot be the main thread, which we hold until we have this one
		close(away)
		f()
	}()
	<-away
	runtime.UnlockOSThread()
}

// wakePoller makes the runtime open the descriptors of its poller now: each thread may have to write to them, so they
// must exist before a thread gets a table of its own.
func wakePoller() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	return w.Close()
}

// leave gives the calling thread a descriptor table of its own, which holds no more than /dev/null three times, socket
// and what the runtime's poller needs.
func leave(socket int) error {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return err
	}
	fds, err := openDescriptors()
	if err != nil {
		return err
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	for _, fd := range fds {
		if fd <= 2 {
			if err := unix.Dup3(null, fd, unix.O_CLOEXEC); err != nil {
				return err
			}
		} else if fd != socket && fd != null && !ofPoller(fd) {
			unix.Close(fd)
		}
	}
	return unix.Close(null)
}

// openDescriptors lists the calling thread's descriptors, those of standard input, output and error always among them.
func openDescriptors() ([]int, error) {
	dir, err := unix.Open("/proc/thread-self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	fds := []int{0, 1, 2}
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

// ofPoller is true if the runtime's poller may need fd.
func ofPoller(fd int) bool {
	buf := make([]byte, 64)
	n, err := unix.Readlink("/proc/thread-self/fd/"+strconv.Itoa(fd), buf)
	return err == nil && strings.HasPrefix(string(buf[:n]), "anon_inode:[event")
}

// smallTable is up to which descriptor number a copy of our table costs less than a visit to the thread.
const smallTable = 256

// start starts a child as Start does.
func (t *thread) start(spec Spec) (pid int, err error) {
	if spec.Umask < 0 && slices.Max(spec.Files[:]) < smallTable {
		return Start(spec)
	}
	return t.visit(spec)
}

// visit has the thread start a child.
func (t *thread) visit(spec Spec) (pid int, err error) {
	rights := unix.UnixRights(spec.Files[0], spec.Files[1], spec.Files[2])
	for {
		err = unix.Sendmsg(t.socket, []byte{0}, rights, nil, unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return Start(spec)
	}
	t.specs <- spec
	a := <-t.answers
	return a.pid, a.err
}

// serve starts the children that start asks for, and never returns.
func (t *thread) serve(socket int) {
	umask := -1 // ours; negative: the file-system context is still shared
	for spec := range t.specs {
		if umask < 0 && unix.Unshare(unix.CLONE_FS) == nil {
			umask = syscall.Umask(0)
			syscall.Umask(umask)
		}
		var a answer
		if spec.Files, a.err = receive(socket); a.err == nil {
			a.pid, a.err = startHere(spec, umask)
			for _, fd := range spec.Files {
				unix.Close(fd)
			}
		}
		t.answers <- a
	}
}

// startHere starts a child in the thread, whose own umask is given; negative: it is everybody's.
func startHere(spec Spec, umask int) (pid int, err error) {
	if spec.Umask < 0 || umask < 0 {
		return Start(spec)
	}
	syscall.Umask(spec.Umask)
	defer syscall.Umask(umask)
	return launch(spec)
}

// receive takes the three descriptors that start sent. Without an error of the system they are all there, or the table
// is full.
func receive(socket int) (fds [3]int, err error) {
	control := make([]byte, unix.CmsgSpace(len(fds)*4))
	for {
		_, _, _, _, err = unix.Recvmsg(socket, make([]byte, 1), control, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return fds, err
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return fds, err
	}
	var got []int
	for _, m := range messages {
		some, err := unix.ParseUnixRights(&m)
		if err != nil {
			return fds, err
		}
		got = append(got, some...)
	}
	if copy(fds[:], got) < len(fds) {
		for _, fd := range got {
			unix.Close(fd)
		}
		return fds, unix.EMFILE
	}
	return fds, nil
}
