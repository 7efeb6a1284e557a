package faults

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const largeLog = 32 << 20

// TestUpgradeSlowClients has clients read a large answer in pieces, with upgrades in between.
// covers: L12-c
func TestUpgradeSlowClients(t *testing.T) {
	f := beginUpgrades(t, "a large answer of which a client has read a part arrives whole after upgrades, and the connection is kept")
	u := f.beginUpgrade(setup{config: fmt.Sprintf(`
[program:large]
command=%s child seq %d
stdout_logfile={D}/large.log
stdout_logfile_maxbytes=0
autorestart=false
startsecs=0
`, self, largeLog)})
	u.awaitStates(map[string]string{"large": "EXITED"})
	// The second request is not a simple one: another part of the server answers it.
	slow := []*slowClient{u.askForLog("", largeLog), u.askForLog("X-Other: 1\r\n", largeLog/8)}
	var longest time.Duration
	for range 2 {
		began := time.Now()
		u.mustUpgrade()
		longest = max(longest, time.Since(began))
		for _, c := range slow {
			c.take(1 << 20)
		}
	}
	for _, c := range slow {
		c.finish()
	}
	u.figure("%d MB sent over 2 upgrades, which took up to %v", (largeLog+largeLog/8)>>20, longest.Round(time.Millisecond))
	u.terminate()
}

// slowClient is a connection on which an answer comes.
type slowClient struct {
	*upgraded
	conn   *kept
	size   int // of the log
	answer *http.Response
	body   bytes.Buffer
}

// askForLog asks for the beginning of the log, and reads the header of the answer.
func (u *upgraded) askForLog(fields string, size int) *slowClient {
	u.Helper()
	c := &slowClient{upgraded: u, conn: u.keep(), size: size}
	c.ask(fields, "<?xml version='1.0'?><methodCall><methodName>supervisor.readProcessStdoutLog</methodName><params><param><value><string>large"+
		"</string></value></param><param><value><int>0</int></value></param><param><value><int>"+strconv.Itoa(size)+"</int></value></param></params></methodCall>")
	return c
}

func (c *slowClient) ask(fields, body string) {
	c.Helper()
	var err error
	if c.answer, err = c.conn.ask(fields, body); err != nil {
		c.stop("%v", err)
	}
}

// take reads so many bytes.
func (c *slowClient) take(n int64) {
	c.Helper()
	if _, err := io.CopyN(&c.body, c.answer.Body, n); err != nil {
		c.stop("after %d bytes: %v", c.body.Len(), err)
	}
}

// finish reads the rest, checks all, and makes another call.
func (c *slowClient) finish() {
	c.Helper()
	if _, err := io.Copy(&c.body, c.answer.Body); err != nil {
		c.stop("after %d bytes: %v", c.body.Len(), err)
	}
	_, text, _ := bytes.Cut(c.body.Bytes(), []byte("<string>"))
	text, end, _ := bytes.Cut(text, []byte("</string>"))
	if size, problem := inSequence(text); size != c.size || problem != "" || !bytes.Contains(end, []byte("</methodResponse>")) {
		c.wrong("%d bytes of the log, then %q: %s", size, end, problem)
	}
	c.ask("", stateCall)
	if text, err := io.ReadAll(c.answer.Body); err != nil || !bytes.Contains(text, []byte("RUNNING")) {
		c.wrong("the next call: %v, %s", err, text)
	}
}

// TestUpgradePlugins upgrades while a plug-in has not answered a call, or an event.
// covers: L12-c L12-d
func TestUpgradePlugins(t *testing.T) {
	f := beginUpgrades(t, "an upgrade waits for the answer of a plug-in, which arrives, and is refused if that takes long; events come once")
	s := setup{config: strings.ReplaceAll(`
[rpcinterface:x]
command=SELF child plugged {D}
events=REMOTE_COMMUNICATION
callwaitsecs=1000
startsecs=0
`, "SELF", self)}
	s.dir = f.prepare(s).dir
	for _, name := range []string{"call", "event"} {
		if err := syscall.Mkfifo(s.dir+"/"+name, 0o666); err != nil {
			f.Fatal(err)
		}
	}
	u := f.beginUpgrade(s)
	u.awaitStates(map[string]string{"x": "RUNNING"})
	calls := func(want string) {
		u.Helper()
		var now []byte
		if !poll(func() bool { now, _ = os.ReadFile(u.path("calls")); return string(now) == want }) {
			u.stop("the plug-in has got %q, not %q: %s", now, want, u.tail())
		}
	}
	// during upgrades while the plug-in works: one that is refused, and one that waits until it has answered.
	during := func(fifo, why string) {
		u.Helper()
		if _, err := u.call("upgrade", false); err == nil || !strings.Contains(err.Error(), "upgrade refused: busy: "+why) {
			u.wrong("%v", err)
		}
		result := make(chan error, 1)
		go func() { result <- u.upgrade() }()
		u.release(u.path(fifo))
		if err := <-result; err != nil {
			u.wrong("%v: %s", err, u.tail())
		}
	}
	c := &clients{upgraded: u}
	c.wait(0, "<?xml version='1.0'?><methodCall><methodName>x.wait</methodName><params></params></methodCall>")
	calls("wait\n")
	during("call", "x.wait has not ended")
	if c.waiting.Wait(); !strings.Contains(c.answers[0], "<boolean>1</boolean>") {
		u.wrong("the call: %s", c.answers[0])
	}
	u.must("sendRemoteCommEvent", "t", "one")
	calls("wait\none\n")
	during("event", "x has not answered an event")
	u.must("sendRemoteCommEvent", "t", "two")
	calls("wait\none\ntwo\n")
	u.release(u.path("event"))
	u.terminate()
}
