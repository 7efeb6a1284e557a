package sdnotify

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary a program that sends its second argument to the socket, as a helper that then ends.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "send" {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		if err == nil {
			err = unix.Sendto(fd, []byte(os.Args[3]), 0, &unix.SockaddrUnix{Name: os.Args[2]})
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// opened is a socket with its queue, without a pump.
type opened struct {
	*Socket
	t    *testing.T
	fd   int
	woke int
}

func open(t *testing.T, uid int) *opened {
	t.Helper()
	o := &opened{t: t}
	q := NewQueue(func() { o.woke++ })
	s, fd, err := Listen(Options{UID: uid, Dir: t.TempDir()}, q)
	if err != nil {
		t.Fatal(err)
	}
	o.Socket, o.fd = s, fd
	t.Cleanup(func() { unix.Close(fd); s.Remove(); q.Close() })
	return o
}

// taken reads once and takes what came.
func (o *opened) taken() (messages []Message) {
	o.Receive(o.fd)
	o.Take(func(m Message) { messages = append(messages, m) })
	return messages
}

// sender is another socket, which sends without waiting.
func (o *opened) sender() func(text string, fds ...int) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { unix.Close(fd) })
	return func(text string, fds ...int) error {
		var rights []byte
		if len(fds) > 0 {
			rights = unix.UnixRights(fds...)
		}
		return unix.Sendmsg(fd, []byte(text), rights, &unix.SockaddrUnix{Name: o.Address}, unix.MSG_DONTWAIT)
	}
}

// A message counts though its sender has ended before it is read; that of another user does not.
//
// covers: L2-k L2-j
func TestSenders(t *testing.T) {
	const user, other = 65534, 65533
	o := open(t, user)
	send := func(uid int, text string) {
		t.Helper()
		cmd := exec.Command("/proc/self/exe", "send", o.Address, text)
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		if uid != 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	send(0, "STATUS=of a helper")
	if m := o.taken(); len(m) != 1 || m[0].Status == nil || *m[0].Status != "of a helper" {
		t.Errorf("of a helper that has ended: %+v", m)
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: senders of other users")
	}
	send(user, "READY=1")
	if m := o.taken(); len(m) != 1 || m[0].State != Ready {
		t.Errorf("of the program's user: %+v", m)
	}
	for range 3 {
		send(other, "READY=1")
	}
	if m := o.taken(); len(m) != 1 || m[0] != (Message{Refused: other}) {
		t.Errorf("of another user: %+v", m)
	}
	send(other, "READY=1")
	send(other, "WATCHDOG=1")
	if m := o.taken(); len(m) != 0 || !o.Alive().IsZero() {
		t.Errorf("of another user, again: %+v", m)
	}
}

// A flood is read as far as there is room, and the rest stays in the socket.
func TestFlood(t *testing.T) {
	o := open(t, -1)
	send := o.sender()
	sent, taken := 0, 0
	for taken < 500 {
		for send(fmt.Sprintf("STATUS=%d", sent)) == nil {
			sent++
		}
		for range 20 {
			o.Receive(o.fd)
		}
		if full := o.Backpressure() != nil; full != (len(o.pending) == 64) {
			t.Fatalf("%d messages, full: %v", len(o.pending), full)
		}
		accepting := o.Backpressure()
		o.Take(func(m Message) {
			if want := fmt.Sprint(taken); *m.Status != want {
				t.Fatalf("%s instead of %s", *m.Status, want)
			}
			taken++
		})
		if accepting != nil {
			<-accepting
		}
	}
}

// WATCHDOG=1 alone makes no work for the loop, but for the first one.
func TestAlive(t *testing.T) {
	o := open(t, -1)
	send := o.sender()
	if err := send("WATCHDOG=1"); err != nil {
		t.Fatal(err)
	}
	if m := o.taken(); len(m) != 1 || m[0].Watchdog != Alive || o.woke != 1 {
		t.Errorf("the first one: %+v, woke %d times", m, o.woke)
	}
	before := time.Now()
	if err := send("WATCHDOG=1"); err != nil {
		t.Fatal(err)
	}
	if m := o.taken(); len(m) != 0 || o.woke != 1 {
		t.Errorf("%+v, woke %d times", m, o.woke)
	}
	if at := o.Alive(); at.Before(before.Add(-time.Millisecond)) || at.After(time.Now().Add(time.Millisecond)) {
		t.Errorf("alive at %v, not %v", at, before)
	}
	if err := send("WATCHDOG=1\nSTATUS=x"); err != nil {
		t.Fatal(err)
	}
	if m := o.taken(); len(m) != 1 || m[0].Watchdog != Silent || o.woke != 2 {
		t.Errorf("with a status: %+v, woke %d times", m, o.woke)
	}
}

// isOpen reports whether the other end of the pipe of which w is an end is open elsewhere: whether a write succeeds.
func isOpen(t *testing.T, w int) bool {
	t.Helper()
	_, err := unix.Write(w, []byte("x"))
	return err == nil
}

// All descriptors that come with messages are closed at once, but for that of a barrier, which is closed when it has been handled;
// what comes behind it waits.
func TestDescriptors(t *testing.T) {
	o := open(t, -1)
	send := o.sender()
	for message, held := range map[string]bool{"FDSTORE=1": false, "READY=1": false, "BARRIER=1": true, "BARRIER=1\nREADY=1": true} {
		for n, fds := range map[int]bool{1: held, 2: false, 100: false} {
			var p [2]int
			if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
				t.Fatal(err)
			}
			list := make([]int, n)
			for i := range list {
				list[i] = p[0]
			}
			if err := send(message, list...); err != nil {
				t.Fatal(err)
			}
			unix.Close(p[0])
			if err := send("STATUS=behind"); err != nil {
				t.Fatal(err)
			}
			o.Receive(o.fd)
			if got := isOpen(t, p[1]); got != fds {
				t.Errorf("%q with %d: open %v", message, n, got)
			}
			if got := o.Backpressure() != nil; got != fds {
				t.Errorf("%q with %d: what comes behind waits: %v", message, n, got)
			}
			o.Take(func(Message) {
				if fds && !isOpen(t, p[1]) {
					t.Errorf("%q is closed before it has been handled", message)
				}
			})
			if isOpen(t, p[1]) {
				t.Errorf("%q with %d: open in the end", message, n)
			}
			o.taken()
			unix.Close(p[1])
		}
	}
}

// What is longer than 4 KiB is no message, and what remains at the end of a child is discarded with its barrier.
func TestLongAndLate(t *testing.T) {
	o := open(t, -1)
	send := o.sender()
	if err := send("READY=1\n" + strings.Repeat("x", maxMessage)); err != nil {
		t.Fatal(err)
	}
	if m := o.taken(); len(m) != 1 || m[0].State != None || m[0].Unknown == "" {
		t.Errorf("%+v", m)
	}
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	if err := send("BARRIER=1", p[0]); err != nil {
		t.Fatal(err)
	}
	unix.Close(p[0])
	o.Receive(o.fd)
	o.Close()
	if isOpen(t, p[1]) {
		t.Error("the barrier is open after the end")
	}
	unix.Close(p[1])
	if err := send("READY=1"); err != nil {
		t.Fatal(err)
	}
	if m := o.taken(); len(m) != 0 {
		t.Errorf("after the end: %+v", m)
	}
}

// A readiness pipe is read until a line feed; its end without one is a message.
func TestPipe(t *testing.T) {
	for writes, want := range map[string]Message{
		"\n": {Source: FromPipe, State: Ready}, "ready\nand more\n": {Source: FromPipe, State: Ready}, "": {Source: FromPipe, Ended: true},
		strings.Repeat("x", 1000): {Source: FromPipe, Ended: true}, strings.Repeat("x", 600) + "\n": {Source: FromPipe, State: Ready},
	} {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
			t.Fatal(err)
		}
		q := NewQueue(func() {})
		if !(Pipe{q}).Receive(p[0]) {
			t.Error("an empty pipe is at its end")
		}
		if _, err := unix.Write(p[1], []byte(writes)); err != nil {
			t.Fatal(err)
		}
		unix.Close(p[1])
		for (Pipe{q}).Receive(p[0]) {
		}
		var got []Message
		q.Take(func(m Message) { got = append(got, m) })
		if len(got) != 1 || got[0] != want {
			t.Errorf("%q: %+v", writes, got)
		}
		unix.Close(p[0])
	}
}
