package httpd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// frozenServers are servers that are frozen, thawed and handed over.
type frozenServers struct {
	t        *testing.T
	servers  []config.Server
	services Services
	now      *Servers
	log      string        // is sent by logtail
	release  chan struct{} // ends what waits
	rests    int           // answers of which a rest was handed over
	waits    chan struct{} // has a value for each request that begins to wait, or to send a large answer
	between  func()        // is called when the servers are frozen; nil: nothing is
}

const (
	bigSize = 1 << 20
	last    = "LAST"
)

func newFrozenServers(t *testing.T) *frozenServers {
	t.Helper()
	dir := shortDir(t)
	f := &frozenServers{t: t, log: filepath.Join(dir, "log"), release: make(chan struct{}), waits: make(chan struct{}, 1000)}
	f.servers = []config.Server{{Section: "inet_http_server", Host: "127.0.0.1"}, unixServer(filepath.Join(dir, "s"))}
	f.servers[1].Username = ""
	if err := os.WriteFile(f.log, []byte("first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.services = Services{
		Call: func(ctx context.Context, body, dst []byte) ([]byte, func(), int) {
			if bytes.HasPrefix(body, []byte("wait")) && !f.wait(ctx) {
				return dst, nil, 0
			}
			if bytes.HasPrefix(body, []byte("big")) {
				f.waits <- struct{}{}
				return append(append(dst, bytes.Repeat(body, bigSize/len(body))...), last...), nil, http.StatusOK
			}
			return append(append(dst, "answer to "...), body...), nil, http.StatusOK
		},
		Pages: func(w http.ResponseWriter, r *http.Request) int {
			body, _ := io.ReadAll(r.Body)
			if strings.HasPrefix(r.URL.Path, "/wait") && !f.wait(r.Context()) {
				panic(http.ErrAbortHandler)
			}
			if strings.HasPrefix(r.URL.Path, "/big") {
				f.waits <- struct{}{}
				body = append(bytes.Repeat([]byte("0123456789abcde\n"), bigSize/16), last...)
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(body)+len(r.URL.Path)))
			_, _ = w.Write(append([]byte(r.URL.Path), body...))
			return 0
		},
		ProcessLog: func(context.Context, string, api.Channel) (logs.Source, bool) { return logs.Source{Path: f.log}, true },
		Panicked:   func(failure any) { t.Errorf("panic: %v", failure) },
	}
	var err error
	if f.now, err = Open(f.servers, io.Discard); err != nil {
		t.Fatal(err)
	}
	f.now.Serve(f.services)
	t.Cleanup(func() { f.now.Close() })
	return f
}

// wait waits for release, in two steps of which the first is over at once. It returns false if the client has disconnected.
func (f *frozenServers) wait(ctx context.Context) bool {
	call := waiting.Of(ctx)
	call.Enter(new(int))
	begun := 1
	entry := call.Enter(&begun)
	if entry == waiting.Begin {
		f.waits <- struct{}{}
		begun = 42
	} else if begun != 42 {
		f.t.Errorf("the state is %d", begun)
	}
	for {
		select {
		case <-f.release:
			return true
		case <-ctx.Done():
			return false
		case <-call.Frozen():
			call.Park(func() any { return begun })
		}
	}
}

func (f *frozenServers) freeze() {
	f.t.Helper()
	if err := f.now.Freeze(time.Now().Add(20 * time.Second)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *frozenServers) thaw() {
	f.t.Helper()
	f.freeze()
	f.now.Thaw()
}

// replace has a descriptor be one of the null device, so that what still reads from it finds the end.
func (f *frozenServers) replace(fd int) {
	f.t.Helper()
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	defer unix.Close(null)
	if err := unix.Dup3(null, fd, unix.O_CLOEXEC); err != nil {
		f.t.Fatal(err)
	}
}

// handOver has other servers go on, in this process.
func (f *frozenServers) handOver() {
	f.t.Helper()
	f.freeze()
	if f.between != nil {
		f.between()
	}
	old := f.now
	state := old.Export(handover.NewWriter("1"))
	w := handover.NewWriter("1")
	duplicate := func(fd int, purpose string) int {
		fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			f.t.Fatal(err)
		}
		return w.Descriptor(fd, purpose)
	}
	for i := range state.Sockets {
		state.Sockets[i].FD = duplicate(state.Sockets[i].FD, "socket of "+f.servers[i].Section)
	}
	if fd := state.Watcher; fd != 0 {
		state.Watcher = duplicate(fd, watcherPurpose)
		f.replace(fd) // the old program is gone in an upgrade, and reads no event
	}
	for i := range state.Conns {
		c := &state.Conns[i]
		if len(c.Rest) > 0 {
			f.rests++
		}
		c.FD = duplicate(c.FD, "connection of a client")
		if c.File != nil {
			*c.File = duplicate(*c.File, "log that is sent to a client")
		}
	}
	w.Put("httpd", state)
	text, err := w.Text()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, l := range old.listeners {
		_ = l.Listener.Close()
	}
	old.conns.Close()
	f.t.Cleanup(func() { old.cancel(); old.conns.Thaw() })
	for _, trial := range []bool{true, false} {
		r, err := handover.Read(text, "1", trial)
		if err != nil {
			f.t.Fatal(err)
		}
		var next ServersState
		r.Get("httpd", &next)
		f.now = Import(r, next, f.servers, f.services)
		if err := r.Complete(); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := f.now.Open(); err != nil {
		f.t.Fatal(err)
	}
	f.now.Begin()
}

// call is a request that is simple, page one that is not.
func call(body string) string {
	return fmt.Sprintf("POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func complexCall(body string) string {
	return fmt.Sprintf("POST /RPC2 HTTP/1.1\r\nHost: x\r\nX-A: b\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func page(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\r\n" }

// handedClients are clients at awkward moments: what they have sent before the servers are frozen, and send afterwards. Waits is how many of their requests wait before, or have
// a large answer that is being sent.
var handedClients = []struct {
	name, before, after string
	waits               int
}{
	{name: "idle", before: call("a"), after: call(last)},
	{name: "nothing yet", after: call(last)},
	{name: "half a line", before: call(last)[:7], after: call(last)[7:]},
	{name: "half a header", before: call(last)[:30], after: call(last)[30:]},
	{name: "half a body", before: call("begin" + last)[:len(call("begin"+last))-6], after: call("begin" + last)[len(call("begin"+last))-6:]},
	{name: "pipelined", before: call("a") + call("wait b") + call("c") + call(last)[:20], after: call(last)[20:], waits: 1},
	{name: "waits", before: call("wait"), after: call(last), waits: 1},
	{name: "large answer", before: call("big one "), waits: 1},
	{name: "large answers", before: call("big one ") + call("b") + call("wait c"), after: call(last), waits: 1},
	{name: "net/http, idle", before: page("/a"), after: page("/" + last)},
	{name: "net/http, half a line", before: page("/a") + "GE", after: "T" + page("/" + last)[3:]},
	{name: "net/http, half a header", before: page("/a") + page("/" + last)[:30], after: page("/" + last)[30:]},
	{name: "net/http, half the first header", before: page("/" + last)[:30], after: page("/" + last)[30:]},
	{name: "net/http, waits", before: complexCall("wait a"), after: page("/" + last), waits: 1},
	{name: "net/http, page waits", before: page("/wait"), after: page("/" + last), waits: 1},
	{name: "net/http, pipelined", before: page("/wait") + complexCall("b") + page("/" + last)[:20], after: page("/" + last)[20:], waits: 1},
	{name: "net/http, half a body", before: page("/a") + complexCall("begin" + last)[:len(complexCall("begin"+last))-6],
		after: complexCall("begin" + last)[len(complexCall("begin"+last))-6:]},
	{name: "net/http, large answer", before: page("/big"), after: page("/"), waits: 1},
	{name: "net/http, closes", before: strings.Replace(page("/big"), "X-A: b", "Connection: close", 1), waits: 1},
	{name: "net/http, HTTP/1.0", before: strings.Replace(page("/big"), "HTTP/1.1", "HTTP/1.0", 1), waits: 1},
	{name: "download", before: page("/logfile/p"), after: page("/" + last)},
	{name: "refused", before: "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nxxx", after: last},
}

// chunkedClients are clients that are in the middle of a chunked body.
func chunkedClients() (cuts [][2]string) {
	const head = "POST /RPC2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	const body = "5\r\nbegin\r\n3;x=y\r\nabc\r\n04\r\n" + last + "\r\n0\r\nA: b\r\n\r\n"
	for i := 0; i <= len(body); i++ {
		cuts = append(cuts, [2]string{head + body[:i], body[i:]})
	}
	return cuts
}

// exchange sends what the clients send, with act in between, and returns what each gets.
func (f *frozenServers) exchange(requests [][2]string, waits int, act func()) []string {
	f.t.Helper()
	conns := make([]net.Conn, len(requests))
	got := make([]string, len(requests))
	for i, r := range requests {
		network, address := "unix", f.servers[1].File
		if i%2 == 0 {
			network, address = "tcp", f.now.listeners[0].Addr().String()
		}
		c, err := net.Dial(network, address)
		if err != nil {
			f.t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(60 * time.Second))
		_ = c.(interface{ SetReadBuffer(int) error }).SetReadBuffer(16 << 10)
		conns[i] = c
		if _, err := io.WriteString(c, r[0]); err != nil {
			f.t.Fatal(err)
		}
	}
	for range waits {
		select {
		case <-f.waits:
		case <-time.After(20 * time.Second):
			f.t.Fatal("not all requests wait")
		}
	}
	act()
	close(f.release)
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() {
			go func() { _, _ = io.WriteString(c, requests[i][1]) }()
			var b bytes.Buffer
			in := bufio.NewReader(c)
			for range strings.Count(requests[i][0]+requests[i][1], " HTTP/1.") {
				r, err := http.ReadResponse(in, nil)
				if err != nil {
					fmt.Fprintf(&b, "error: %v", err)
					break
				}
				r.Header.Del("Date")
				r.Header.Del("Last-Modified")
				fmt.Fprintf(&b, "%s %s\n%v\n", r.Proto, r.Status, r.Header)
				_, err = io.Copy(&b, r.Body)
				fmt.Fprintf(&b, "\n%v\n", err)
			}
			got[i] = b.String()
		})
	}
	all.Wait()
	return got
}

// covers: L12-c
// Clients at awkward moments get the same responses, whether the servers are frozen or not, thawed, or handed over, once or several times.
func TestHandOver(t *testing.T) {
	var requests [][2]string
	var names []string
	waits := 0
	for _, c := range handedClients {
		for range 2 { // by TCP and by Unix
			requests = append(requests, [2]string{c.before, c.after})
			names = append(names, c.name)
			waits += c.waits
		}
	}
	for _, c := range chunkedClients() {
		requests = append(requests, c)
		names = append(names, fmt.Sprintf("chunked, %q", c[0]))
	}
	var want []string
	for _, mode := range []struct {
		name string
		act  func(f *frozenServers)
	}{
		{"never frozen", func(*frozenServers) {}},
		{"thawed", (*frozenServers).thaw},
		{"handed over", (*frozenServers).handOver},
		{"often", func(f *frozenServers) {
			for range 3 {
				f.handOver()
				f.thaw()
			}
		}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			f := newFrozenServers(t)
			if err := os.WriteFile(f.log, bytes.Repeat([]byte("a line of the log\n"), bigSize/18), 0o600); err != nil {
				t.Fatal(err)
			}
			got := f.exchange(requests, waits, func() { mode.act(f) })
			if want == nil {
				want = got
			}
			if mode.name == "handed over" && f.rests < 4 {
				t.Errorf("%d answers were sent in part", f.rests)
			}
			for i := range got {
				if got[i] != want[i] || strings.Contains(got[i], "error: ") {
					t.Errorf("%s: got %d bytes, %.300q\nwant %d bytes, %.300q", names[i], len(got[i]), got[i], len(want[i]), want[i])
				}
			}
		})
	}
}

// covers: L12-c
// Followers of a log get each byte once, while it is rotated, and while the servers are thawed and handed over.
func TestHandOverFollowers(t *testing.T) {
	f := newFrozenServers(t)
	type follower struct {
		lines *bufio.Scanner
		body  io.ReadCloser
	}
	var followers []follower
	for _, request := range []string{page("/logtail/p"), strings.Replace(page("/logtail/p"), "HTTP/1.1", "HTTP/1.0", 1)} {
		c := dial(t, f.servers[1].File)
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		followers = append(followers, follower{bufio.NewScanner(r.Body), r.Body})
	}
	expect := func(want string) {
		t.Helper()
		for i, f := range followers {
			if !f.lines.Scan() || f.lines.Text() != want {
				t.Fatalf("%d: %q, want %q (%v)", i, f.lines.Text(), want, f.lines.Err())
			}
		}
	}
	write := func(text string) {
		t.Helper()
		file, err := os.OpenFile(f.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	expect("first")
	for i := range 6 {
		half, line := fmt.Sprintf("half %d", i), fmt.Sprintf("line %d", i)
		write(half)
		f.freeze()
		write(" and whole\n" + line + "\n")
		if i%3 == 2 {
			if err := os.Rename(f.log, f.log+".1"); err != nil {
				t.Fatal(err)
			}
			write("new\n")
		}
		f.now.Thaw()
		if i%2 == 1 {
			f.handOver()
		}
		expect(half + " and whole")
		expect(line)
		if i%3 == 2 {
			expect("new")
		}
	}
	if state := f.now.Export(handover.NewWriter("1")); len(state.Sockets) != 2 || state.Conns != nil {
		t.Errorf("servers that are not frozen: %+v", state)
	}
	if n := budget.Followers.Held(); n < int64(len(followers)) {
		t.Errorf("%d followers are counted", n)
	}
}

// covers: L12-c
// 20 clients that call all the time on kept connections get the right answers over 20 freezes and handovers.
func TestHandOverLoops(t *testing.T) {
	f := newFrozenServers(t)
	var all sync.WaitGroup
	stop := make(chan struct{})
	answered := make(chan struct{}, 1)
	for client := range 20 {
		request, c := call, dial(t, f.servers[1].File)
		if client%2 == 1 {
			request = complexCall
		}
		all.Go(func() {
			in := bufio.NewReader(c)
			for i := 0; ; i++ {
				body := fmt.Sprintf("%d of %d", i, client)
				if _, err := io.WriteString(c, request(body)); err != nil {
					t.Error(err)
					return
				}
				r, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(r.Body)
				if err != nil || string(got) != "answer to "+body {
					t.Errorf("%s: %q, %v", body, got, err)
					return
				}
				select {
				case answered <- struct{}{}:
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 20 {
		for range 10 {
			<-answered
		}
		if i%2 == 0 {
			f.thaw()
		} else {
			f.handOver()
		}
	}
	close(stop)
	all.Wait()
}

// covers: L12-c
// The watch of socket files goes on, also with what has happened to them while the servers were frozen.
func TestHandOverWatch(t *testing.T) {
	f := newFrozenServers(t)
	rebound := make(chan string, 10)
	f.services.Rebound = func(warning string) { rebound <- warning }
	path := f.servers[1].File
	remove := func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	expect := func() {
		t.Helper()
		if got, want := <-rebound, "socket file "+path+" was removed or replaced, and was made anew"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f.handOver()
	watcher := f.now.watcher
	remove()
	expect()
	f.between = remove
	f.handOver()
	expect()
	if f.now.watcher == 0 || watcher == 0 {
		t.Errorf("descriptors %d and %d watch", watcher, f.now.watcher)
	}
}

// A request that does not wait, and does not end, prevents a freeze. Everything goes on then.
func TestFreezeBusy(t *testing.T) {
	begun, over := make(chan struct{}), make(chan struct{})
	services := say("now")
	services.Call = func(_ context.Context, body, dst []byte) ([]byte, func(), int) {
		if string(body) == "slow" {
			close(begun)
			<-over
		}
		return append(dst, body...), nil, http.StatusOK
	}
	services.Busy = func() string { return "disk.scan" }
	s, socket := start(t, func(c *config.Server) { c.Username = "" }, services)
	slow, idle := dial(t, socket), dial(t, socket)
	if _, err := io.WriteString(slow, call("slow")); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := s.Freeze(time.Now()); err == nil || err.Error() != "busy: disk.scan has not ended" {
		t.Errorf("%v", err)
	}
	for _, c := range []net.Conn{idle, dial(t, socket)} {
		if _, err := io.WriteString(c, call("idle")); err != nil {
			t.Fatal(err)
		}
		if got := answer(t, c); got != "idle" {
			t.Error(got)
		}
	}
	close(over)
	if got := answer(t, slow); got != "slow" {
		t.Error(got)
	}
	if err := s.Freeze(time.Now().Add(20 * time.Second)); err != nil {
		t.Error(err)
	}
	s.Thaw()
}
