package sdnotify

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Socket is the datagram socket to which a child sends notifications. It implements pump.Receiver.
type Socket struct {
	*Queue
	Address string // the value of NOTIFY_SOCKET

	user    int  // whose messages count, besides those of root and of our user
	refused bool // another user has sent something
	remove  func()
}

// Options are those of a socket.
type Options struct {
	UID int    // the user of the child, -1 for ours
	Dir string // for the file of the socket, on systems that need one
}

// Listen makes a socket whose messages go to the queue. The caller closes fd, or has the pump do so. The error holds a
// syscall.Errno.
func Listen(o Options, q *Queue) (s *Socket, fd int, err error) {
	s = &Socket{Queue: q, user: o.UID}
	fd, err = s.bind(o)
	return s, fd, err
}

// Remove removes the file of the socket, if it has one.
func (s *Socket) Remove() {
	if s.remove != nil {
		s.remove()
	}
}

var buffers = sync.Pool{New: func() any { return new([maxMessage]byte) }}

// Receive implements pump.Receiver. It reads as many datagrams as there is room for. Those of other users are skipped.
func (s *Socket) Receive(fd int) (more bool) {
	buf := buffers.Get().(*[maxMessage]byte)
	defer buffers.Put(buf)
	for range s.space() {
		d, err := receive(fd, buf[:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil { // EAGAIN: there is none
			break
		}
		if d.known && d.uid != 0 && d.uid != s.user && d.uid != os.Geteuid() {
			closeAll(d.fds)
			s.refuse(d.uid)
			continue
		}
		m := Message{Unknown: "(more than 4096 bytes)"}
		if !d.cut {
			m = parse(buf[:d.n])
		}
		m.Barrier = m.Barrier && len(d.fds) == 1
		if m.Barrier {
			m.FD = d.fds[0]
		} else {
			closeAll(d.fds)
		}
		s.put(m)
		if m.Barrier { // what is behind it comes after it has been handled
			break
		}
	}
	return true
}

// refuse reports the first message of another user. To report each would make work for the loop.
func (s *Socket) refuse(uid int) {
	if !s.refused {
		s.refused = true
		s.put(Message{Refused: uid})
	}
}

// datagram is one that has been read into a buffer.
type datagram struct {
	n     int
	cut   bool  // it did not fit into the buffer
	known bool  // uid is that of its sender
	uid   int   // as the kernel says
	fds   []int // that came with it
}

// maxRights is how many descriptors of a datagram are received, and closed: one of more than one, which is too many. The kernel
// closes the others.
const maxRights = 2

// receive reads a datagram, and does not block.
func receive(fd int, buf []byte) (d datagram, err error) {
	var control [256]byte
	var n, flags int
	d.n, n, flags, _, err = unix.Recvmsg(fd, buf, control[:controlSize], unix.MSG_DONTWAIT|cloexec)
	if err != nil {
		return d, err
	}
	d.cut = flags&unix.MSG_TRUNC != 0
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return d, nil
	}
	for _, m := range messages {
		if fds, err := unix.ParseUnixRights(&m); err == nil {
			d.fds = append(d.fds, fds...)
		} else {
			d.uid, d.known = sender(&m)
		}
	}
	for _, fd := range d.fds {
		unix.CloseOnExec(fd)
	}
	return d, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
