package faults

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// clients are connections that are in use during upgrades.
type clients struct {
	*upgraded
	ctx       context.Context
	cancel    context.CancelFunc
	loops     sync.WaitGroup
	ended     atomic.Bool
	calls     atomic.Int64
	waiting   sync.WaitGroup
	answers   [2]string // of the stop that waits, and of the multicall
	tail      *follower // of a log
	page      *follower
	half      net.Conn
	rest      string
	following sync.WaitGroup
}

const stateCall = "<?xml version='1.0'?><methodCall><methodName>supervisor.getState</methodName><params></params></methodCall>"

// stopInMulticall stops a program between two other calls.
const stopInMulticall = `<?xml version='1.0'?><methodCall><methodName>system.multicall</methodName><params><param><value><array><data>
<value><struct><member><name>methodName</name><value><string>supervisor.getState</string></value></member>
<member><name>params</name><value><array><data></data></array></value></member></struct></value>
<value><struct><member><name>methodName</name><value><string>supervisor.stopProcess</string></value></member>
<member><name>params</name><value><array><data><value><string>stubborn:stubborn1</string></value></data></array></value></member></struct></value>
<value><struct><member><name>methodName</name><value><string>supervisor.getPID</string></value></member>
<member><name>params</name><value><array><data></data></array></value></member></struct></value>
</data></array></value></param></params></methodCall>`

// callers is how many clients call all the time.
const callers = 20

// connect opens connections of all kinds.
func (u *upgraded) connect() *clients {
	u.Helper()
	c := &clients{upgraded: u}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	u.Cleanup(c.cancel)
	for range callers {
		conn := c.keep()
		c.loops.Go(func() { c.loop(conn) })
	}
	c.wait(0, "<?xml version='1.0'?><methodCall><methodName>supervisor.stopProcess</methodName><params><param><value><string>"+
		"stubborn:stubborn0</string></value></param></params></methodCall>")
	c.wait(1, stopInMulticall)
	u.awaitStates(map[string]string{"stubborn0": "STOPPING", "stubborn1": "STOPPING"})
	c.tail = c.follow("/logtail/plain")
	page, err := c.get("/")
	if err != nil {
		u.stop("%v", err)
	}
	c.page = c.follow(pageStream(page))
	c.half = u.keep()
	request := fmt.Sprintf("POST /RPC2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(stateCall), stateCall)
	if _, err := io.WriteString(c.half, request[:100]); err != nil {
		u.stop("%v", err)
	}
	c.rest = request[100:]
	return c
}

// kept is a connection that is kept. An http.Client closes its connections also for reasons of its own, such as a busy machine.
type kept struct {
	net.Conn
	in *bufio.Reader
}

func (u *upgraded) keep() *kept {
	u.Helper()
	conn, err := net.Dial("unix", u.path("s.sock"))
	if err != nil {
		u.stop("%v", err)
	}
	u.Cleanup(func() { conn.Close() })
	return &kept{conn, bufio.NewReader(conn)}
}

// ask sends a call, with more fields in its header, and returns the answer, of which the body has not been read.
func (k *kept) ask(fields, body string) (*http.Response, error) {
	if _, err := fmt.Fprintf(k, "POST /RPC2 HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", fields, len(body), body); err != nil {
		return nil, err
	}
	return http.ReadResponse(k.in, nil)
}

func (k *kept) post(body string) (string, error) {
	answer, err := k.ask("", body)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

func (c *clients) get(path string) (string, error) {
	resp, err := c.http.Get("http://x" + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// loop calls getState again and again.
func (c *clients) loop(conn *kept) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if c.ended.Load() {
			return
		}
		text, err := conn.post(stateCall)
		if err != nil || !strings.Contains(text, "RUNNING") {
			c.wrong("getState: %v, %s", err, text)
			return
		}
		c.calls.Add(1)
	}
}

// wait makes a call that is answered later.
func (c *clients) wait(i int, body string) {
	conn := c.keep()
	c.waiting.Go(func() {
		text, err := conn.post(body)
		if err != nil {
			c.wrong("a call that waits: %v", err)
		}
		c.answers[i] = text
	})
}

// follower collects an answer that does not end.
type follower struct {
	mu   sync.Mutex
	text []byte
	err  error
}

// Write implements io.Writer.
func (f *follower) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, b...)
	return len(b), nil
}

func (f *follower) read() (text []byte, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.text), f.err
}

func (c *clients) follow(path string) *follower {
	c.Helper()
	f := new(follower)
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, "http://x"+path, nil)
	if err != nil {
		c.stop("%v", err)
	}
	resp, err := c.http.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		c.stop("%s: %v %+v", path, err, resp)
	}
	c.following.Go(func() {
		defer resp.Body.Close()
		_, err := io.Copy(f, resp.Body)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.err = err; err == nil {
			f.err = io.ErrUnexpectedEOF
		}
	})
	return f
}

var pageValue = regexp.MustCompile(`data-(since|instance|layout)="([^"]*)"`)

// pageStream is the path of the stream that updates a page.
func pageStream(page string) string {
	path := "/events?x=1"
	for _, m := range pageValue.FindAllStringSubmatch(page, -1) {
		path += "&" + m[1] + "=" + m[2]
	}
	return path
}

// complete sends the rest of the request of which there is a part. Supervisord waits for it for a minute.
func (c *clients) complete() {
	c.Helper()
	if _, err := io.WriteString(c.half, c.rest); err != nil {
		c.wrong("half a request: %v", err)
	}
	if text, err := io.ReadAll(c.half); err != nil || !bytes.Contains(text, []byte("RUNNING")) {
		c.wrong("half a request: %v, %s", err, text)
	}
}

// check ends the connections and checks what they got. The writers have stopped, and the program named stopped has started.
func (c *clients) check() {
	c.Helper()
	c.ended.Store(true)
	c.loops.Wait()
	c.figure("%d calls on %d kept connections, all answered", c.calls.Load(), callers)
	c.checkTail()
	for _, want := range []string{`"stopped"`} {
		if !poll(func() bool { text, err := c.page.read(); return err != nil || bytes.Contains(text, []byte(want)) }) {
			c.wrong("the page does not show %s", want)
		}
		if text, err := c.page.read(); err != nil {
			c.wrong("the stream of a page has ended: %v, %s", err, text)
		}
	}
	c.release(c.path("go"))
	c.waiting.Wait()
	if !strings.Contains(c.answers[0], "<boolean>1</boolean>") {
		c.wrong("the stop that waited: %s", c.answers[0])
	}
	if a := c.answers[1]; strings.Contains(a, "fault") || !strings.Contains(a, "RUNNING") || !strings.Contains(a, "<boolean>1</boolean>") ||
		!strings.Contains(a, fmt.Sprintf("<int>%d</int>", c.pid)) {
		c.wrong("the multicall: %s", a)
	}
	c.cancel()
	c.following.Wait()
}

// checkTail checks what the follower of a log got: all from its first whole line on.
func (c *clients) checkTail() {
	c.Helper()
	data := c.read("plain.log")
	var text []byte
	var err error
	if !poll(func() bool {
		text, err = c.tail.read()
		return err != nil || bytes.HasSuffix(data, text) && len(text) > 2000
	}) || err != nil {
		c.wrong("tail -f: %v, %d bytes, which end with %q", err, len(text), lastBytes(text, 60))
	}
}
