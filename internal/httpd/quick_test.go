package httpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// A plain call and one that net/http reads get the same answer, with the same fields.
func TestQuickAnswersAlike(t *testing.T) {
	_, socket := start(t, func(c *config.Server) { c.Username, c.Password = "u", "p" }, Services{Call: echo})
	for _, body := range []string{"hi", "status 400", "status 500", strings.Repeat("x", 10_000)} {
		for _, authorization := range []string{"", "Basic dTpw", "Basic dTpx"} {
			var answers []string
			for _, odd := range []string{"", "X-Odd: x\r\n"} {
				resp, text := ask(t, socket, post("/RPC2", odd+"Authorization: "+authorization+"\r\nContent-Length: "+
					strconv.Itoa(len(body))+"\r\n", body))
				resp.Header.Del("Date")
				answers = append(answers, fmt.Sprint(resp.Status, resp.Close, resp.Header, text))
			}
			if answers[0] != answers[1] {
				t.Errorf("%.20q %s:\n%.500s\nbut from net/http:\n%.500s", body, authorization, answers[0], answers[1])
			}
		}
	}
}

// One connection may change between what is quick and what is not; what comes in pieces is one call.
func TestQuickInAnyOrder(t *testing.T) {
	_, socket := start(t, nil, Services{Call: echo})
	conn := dial(t, socket)
	in := bufio.NewReader(conn)
	call := post("/RPC2", "Content-Length: 5\r\n", "plain")
	large := strings.Repeat("l", 3*longestPlain)
	for _, c := range []struct {
		sent []string
		want []string
	}{
		{[]string{call}, []string{"[plain]"}},
		{strings.SplitAfter(call, ""), []string{"[plain]"}},
		{[]string{call + call + call}, []string{"[plain]", "[plain]", "[plain]"}},
		{[]string{call + call[:30], call[30:]}, []string{"[plain]", "[plain]"}},
		{[]string{call + "GET /ok.html HTTP/1.1\r\nHost: x\r\n\r\n" + call}, []string{"[plain]", "OK", "[plain]"}},
		{[]string{post("/RPC2", "Content-Length: "+strconv.Itoa(len(large))+"\r\n", large)}, []string{"[" + large + "]"}},
		{[]string{call}, []string{"[plain]"}},
	} {
		for _, piece := range c.sent {
			if _, err := io.WriteString(conn, piece); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range c.want {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("%.60q: %v", c.sent, err)
			}
			if b, err := io.ReadAll(resp.Body); string(b) != want {
				t.Errorf("%.60q: %.60q, want %.60q, %v", c.sent, b, want, err)
			}
		}
	}
}

// A call that waits ends when its client goes.
func TestVisitEndsWithItsClient(t *testing.T) {
	ended := make(chan error, 1)
	waiting := make(chan struct{})
	_, socket := start(t, nil, Services{Call: func(ctx context.Context, _, dst []byte) ([]byte, func(), int) {
		close(waiting)
		select {
		case <-ctx.Done():
		case <-time.After(patience):
		}
		ended <- ctx.Err()
		return dst, nil, 0
	}})
	conn := dial(t, socket)
	io.WriteString(conn, post("/RPC2", "Content-Length: 2\r\n", "hi"))
	<-waiting
	conn.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// What a client sends while its call waits is its next request; and the connection is still good after the waiting.
func TestVisitKeepsWhatComesEarly(t *testing.T) {
	release := make(chan struct{})
	_, socket := start(t, nil, Services{Call: func(ctx context.Context, body, dst []byte) ([]byte, func(), int) {
		if string(body) == "wait" {
			select {
			case <-ctx.Done():
			case <-release:
			}
		}
		return echo(ctx, body, dst)
	}})
	conn := dial(t, socket)
	in := bufio.NewReader(conn)
	next := post("/RPC2", "Content-Length: 5\r\n", "early")
	for _, cut := range []int{0, 1, len(next)} {
		io.WriteString(conn, post("/RPC2", "Content-Length: 4\r\n", "wait")+next[:cut])
		release <- struct{}{}
		io.WriteString(conn, next[cut:])
		for _, want := range []string{"[wait]", "[early]"} {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("%d: %v", cut, err)
			}
			if b, _ := io.ReadAll(resp.Body); string(b) != want {
				t.Errorf("%d: %q, want %q", cut, b, want)
			}
		}
	}
}

// An answer that is shared is given back when it has been sent.
func TestSharedAnswer(t *testing.T) {
	shared := []byte("for all")
	done := make(chan struct{}, 2)
	_, socket := start(t, nil, Services{Call: func(context.Context, []byte, []byte) ([]byte, func(), int) {
		return shared, func() { done <- struct{}{} }, 200
	}})
	for _, odd := range []string{"", "X-Odd: x\r\n"} {
		if _, text := ask(t, socket, post("/RPC2", odd+"Content-Length: 2\r\n", "hi")); text != "for all" {
			t.Errorf("%q", text)
		}
		<-done
	}
	if string(shared) != "for all" {
		t.Errorf("%q", shared)
	}
}

// A client that takes nothing of its answer is let go after a minute, one that takes a little at a time is not.
// differs: DIFF-129 limits
func TestAnswerThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := (&crowd{}).enter(ours)
		from := time.Now()
		go func() {
			for range 3 {
				<-time.After(takingWait * 3 / 4)
				io.ReadFull(theirs, make([]byte, piece))
			}
		}()
		err := c.send(make([]byte, 4*piece))
		if took := time.Since(from); !errors.Is(err, os.ErrDeadlineExceeded) || took < 2*takingWait || took > 4*takingWait {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// Requests that do not come whole use up no more than silent connections.
// differs: DIFF-129 limits
func TestHalfRequests(t *testing.T) {
	_, socket := start(t, nil, Services{Call: echo})
	halves := []string{"P", plainHead, plainHead + "\r\nh", "GET / HT", "POST /RPC2 HTTP/1.1\r\nHost: x\r\nX: ",
		post("/RPC2", "Transfer-Encoding: chunked\r\n", "5\r\nhe")}
	conns := make([]net.Conn, maxWaiting+len(halves))
	for i := range conns {
		conns[i] = dial(t, socket)
		if _, err := io.WriteString(conns[i], halves[i%len(halves)]); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range conns[:len(halves)] {
		if n, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q is still open: %d bytes, %v", halves[i], n, err)
		}
	}
	askOK(t, dial(t, socket))
}
