package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fastCGIProgram answers with its process id, on the socket that supervisord gave it as standard input. At SIGTERM it
// takes no more requests, answers those that it has, and ends.
func fastCGIProgram([]string) error {
	l, err := net.FileListener(os.Stdin)
	if err != nil {
		return err
	}
	if unix, ok := l.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false) // the file is supervisord's
	}
	open := &connections{Listener: l}
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	go func() { <-terminate; l.Close() }()
	err = fcgi.Serve(open, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%d %s", os.Getpid(), r.URL.Path)
	}))
	if !errors.Is(err, net.ErrClosed) {
		return err
	}
	open.Wait()
	return nil
}

// connections waits for those that were accepted.
type connections struct {
	net.Listener
	sync.WaitGroup
}

type connection struct {
	net.Conn
	closed func()
}

func (c *connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.Add(1)
	return &connection{conn, sync.OnceFunc(c.Done)}, nil
}

func (c *connection) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// ask makes one FastCGI request and returns the body of the answer.
func ask(network, address, path string) (string, error) {
	conn, err := net.DialTimeout(network, address, maxWait)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(maxWait)); err != nil {
		return "", err
	}
	var params []byte
	for _, p := range [][2]string{{"REQUEST_METHOD", "GET"}, {"SERVER_PROTOCOL", "HTTP/1.1"}, {"HTTP_HOST", "h"},
		{"SCRIPT_NAME", path}, {"REQUEST_URI", path}} {
		params = append(params, byte(len(p[0])), byte(len(p[1])))
		params = append(append(params, p[0]...), p[1]...)
	}
	request := record(1, []byte{0, 1, 0, 0, 0, 0, 0, 0}) // begin: responder
	request = append(request, record(4, params)...)
	request = append(append(request, record(4, nil)...), record(5, nil)...)
	if _, err := conn.Write(request); err != nil {
		return "", err
	}
	var answer strings.Builder
	for in := bufio.NewReader(conn); ; {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return "", err
		}
		content := make([]byte, int(binary.BigEndian.Uint16(head[4:]))+int(head[6]))
		if _, err := io.ReadFull(in, content); err != nil {
			return "", err
		}
		switch head[1] {
		case 6: // standard output
			answer.Write(content[:len(content)-int(head[6])])
		case 3: // end
			_, body, _ := strings.Cut(answer.String(), "\r\n\r\n")
			return body, nil
		}
	}
}

// record is a record of the protocol.
func record(kind byte, content []byte) []byte {
	b := []byte{1, kind, 0, 1, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[4:], uint16(len(content)))
	return append(b, content...)
}

// TestFastCGI asks one and four processes that share a socket, and restarts each: as long as another one runs no
// connection is refused and no request is lost.
func TestFastCGI(t *testing.T) {
	address := freeAddress(t)
	d := startDaemon(t, fmt.Sprintf(`
[fcgi-program:one]
command=SELF fastcgi
socket=tcp://%s
startsecs=0
[fcgi-program:four]
command=SELF fastcgi
socket=unix://DIR/f
numprocs=4
process_name=%%(program_name)s_%%(process_num)d
startsecs=0
`, address))
	pid := d.running("one")
	if got, err := ask("tcp", address, "/x"); err != nil || got != fmt.Sprintf("%d /x", pid) {
		t.Errorf("got %q, %v, want process %d", got, err, pid)
	}
	d.restart("one")
	if again := d.running("one"); again == pid {
		t.Error("it was not restarted")
	} else if got, err := ask("tcp", address, "/"); err != nil || got != fmt.Sprintf("%d /", again) {
		t.Errorf("after a restart got %q, %v, want process %d", got, err, again)
	}

	pids := map[int]bool{}
	for i := range 4 {
		pids[d.running(fmt.Sprintf("four:four_%d", i))] = true
	}
	socket := filepath.Join(d.dir, "f")
	before, err := os.Lstat(socket)
	if err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan int)
	for range 4 {
		go func() {
			asked := 0
			for ; ; asked++ {
				select {
				case <-stop:
					done <- asked
					return
				default:
				}
				if got, err := ask("unix", socket, "/y"); err != nil || !strings.HasSuffix(got, " /y") {
					t.Errorf("request %d: %q, %v", asked, got, err)
				}
			}
		}()
	}
	for range 3 {
		for i := range 4 {
			d.restart(fmt.Sprintf("four:four_%d", i))
		}
	}
	close(stop)
	asked := 0
	for range 4 {
		asked += <-done
	}
	if asked < 12 {
		t.Errorf("only %d requests were made meanwhile", asked)
	}
	t.Logf("%d requests during twelve restarts", asked)
	for i := range 4 {
		if pid := d.running(fmt.Sprintf("four:four_%d", i)); pids[pid] {
			t.Errorf("process %d was not restarted", pid)
		}
	}
	if after, err := os.Lstat(socket); err != nil || !os.SameFile(before, after) {
		t.Errorf("the socket is another one, %v", err)
	}
	if got, err := ask("unix", socket, "/z"); err != nil || !strings.HasSuffix(got, " /z") {
		t.Errorf("at last: %q, %v", got, err)
	}
	if _, err := d.StopProcessGroup(t.Context(), "four", true); err != nil {
		t.Fatal(err)
	}
	if _, err := ask("unix", socket, "/"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("with no process left, a connection gives %v", err)
	}
}

// restart restarts a process.
func (d *instance) restart(name string) {
	d.t.Helper()
	if _, err := d.StopProcess(d.t.Context(), name, true); err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.StartProcess(d.t.Context(), name, true); err != nil {
		d.t.Fatal(err)
	}
}
