package faults

import (
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

// connect opens connections of all kinds.
func (u *upgraded) connect() *clients {
	u.Helper()
	c := &clients{upgraded: u}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	u.Cleanup(c.cancel)
	for range 4 {
		c.loops.Go(c.loop)
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
	if c.half, err = net.Dial("unix", u.path("s.sock")); err != nil {
		u.stop("%v", err)
	}
	u.Cleanup(func() { c.half.Close() })
	request := fmt.Sprintf("POST /RPC2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(stateCall), stateCall)
	if _, err := io.WriteString(c.half, request[:100]); err != nil {
		u.stop("%v", err)
	}
	c.rest = request[100:]
	return c
}

// client is one with a single connection, which it keeps.
func (c *clients) client() *http.Client {
	var dials atomic.Int64
	return &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if dials.Add(1) > 1 {
			c.wrong("a connection was closed: the client connects again")
		}
		return (&net.Dialer{}).DialContext(ctx, "unix", c.path("s.sock"))
	}}}
}

func (c *clients) post(client *http.Client, body string) (string, error) {
	resp, err := client.Post("http://x/RPC2", "text/xml", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
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

// loop calls getState all the time.
func (c *clients) loop() {
	client := c.client()
	defer client.CloseIdleConnections()
	for !c.ended.Load() {
		text, err := c.post(client, stateCall)
		if err != nil || !strings.Contains(text, "RUNNING") {
			c.wrong("getState: %v, %s", err, text)
			return
		}
		c.calls.Add(1)
	}
}

// wait makes a call that is answered later.
func (c *clients) wait(i int, body string) {
	client := c.client()
	c.waiting.Go(func() {
		text, err := c.post(client, body)
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
	resp, err := c.client().Do(req)
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

// check ends the connections and checks what they got. The writers have stopped, and the program named stopped has started.
func (c *clients) check() {
	c.Helper()
	c.ended.Store(true)
	c.loops.Wait()
	c.figure("%d calls on 4 kept connections, all answered", c.calls.Load())
	if _, err := io.WriteString(c.half, c.rest); err != nil {
		c.wrong("half a request: %v", err)
	}
	if text, err := io.ReadAll(c.half); err != nil || !bytes.Contains(text, []byte("RUNNING")) {
		c.wrong("half a request: %v, %s", err, text)
	}
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
