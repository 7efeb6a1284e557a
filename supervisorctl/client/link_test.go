package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// talker answers each request on each connection with the next of the texts, and closes the connection where a text ends
// in "CLOSE". It tells how many connections it took.
func talker(t *testing.T, texts ...string) (c *Client, connections func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	taken := make(chan int, 1)
	taken <- 0
	go func() {
		for len(texts) > 0 {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			taken <- <-taken + 1
			in := bufio.NewReader(conn)
			for len(texts) > 0 {
				r, err := http.ReadRequest(in)
				if err != nil {
					break
				}
				io.Copy(io.Discard, r.Body)
				text, last := strings.CutSuffix(texts[0], "CLOSE")
				texts = texts[1:]
				io.WriteString(conn, text)
				if last {
					break
				}
			}
			conn.Close()
		}
	}()
	if c, err = New("http://"+listener.Addr().String(), "", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, func() int { n := <-taken; taken <- n; return n }
}

var five = string(xmlrpc.AppendInt(nil, 5))

// Answers are read in every form that HTTP has for them, on as few connections as they leave open.
func TestAnswers(t *testing.T) {
	length := "Content-Length: " + strconv.Itoa(len(five)) + "\r\n"
	whole := "HTTP/1.1 200 OK\r\n" + length + "\r\n" + five
	pieces := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for i := 0; i < len(five); i += 100 {
		piece := five[i:min(i+100, len(five))]
		pieces += strconv.FormatInt(int64(len(piece)), 16) + ";x=y\r\n" + piece + "\r\n"
	}
	pieces += "0\r\nTrailer: x\r\n\r\n"
	for _, test := range []struct {
		name        string
		texts       []string
		connections int
	}{
		{"with a length", []string{whole, whole, whole}, 1},
		{"in pieces", []string{pieces, pieces, whole}, 1},
		{"to the end", []string{"HTTP/1.1 200 OK\r\n\r\n" + five + "CLOSE", "HTTP/1.0 200 OK\r\n\r\n" + five + "CLOSE"}, 2},
		{"then closed", []string{"HTTP/1.1 200 OK\r\nConnection: close\r\n" + length + "\r\n" + five + "CLOSE", whole}, 2},
		{"by an old server", []string{"HTTP/1.0 200 OK\r\n" + length + "\r\n" + five, whole + "CLOSE"}, 2},
		{"after a 100", []string{"HTTP/1.1 100 Continue\r\n\r\n" + whole, whole}, 1},
		{"with plain line ends", []string{strings.ReplaceAll(whole, "\r\n", "\n"), whole}, 1},
		{"closed while it was kept", []string{whole + "CLOSE", whole + "CLOSE", whole}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, connections := talker(t, test.texts...)
			for i := range test.texts {
				if strings.HasSuffix(test.texts[max(0, i-1)], "CLOSE") && i > 0 {
					waitGone(t, c)
				}
				if pid, err := c.PID(context.Background()); pid != 5 || err != nil {
					t.Errorf("answer %d: %d, %v", i, pid, err)
				}
			}
			if n := connections(); n != test.connections {
				t.Errorf("%d connections, want %d", n, test.connections)
			}
		})
	}
}

// waitGone waits until the server's end of a kept connection is closed.
func waitGone(t *testing.T, c *Client) {
	t.Helper()
	for _, l := range c.idle {
		l.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := l.in.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the server does not close its end")
		}
		l.SetReadDeadline(time.Time{})
	}
}

// What is no answer is an error, and nothing waits for the rest of it.
func TestNoAnswers(t *testing.T) {
	for _, text := range []string{
		"SSH-2.0-x\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 -5 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshortCLOSE",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabCLOSE",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10) + "\r\n", "HTTP/1.1 200CLOSE", "CLOSE",
	} {
		c, _ := talker(t, text)
		if pid, err := c.PID(context.Background()); err == nil {
			t.Errorf("%.60q: %d", text, pid)
		}
	}
}

// A stream that is closed in the middle gives its connection up.
func TestStreamClosed(t *testing.T) {
	c, connections := talker(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(len(five))+"\r\n\r\n"+five)
	stream, err := c.FollowMainLog(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stream, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	stream.Close()
	if n, err := stream.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := c.PID(context.Background()); err != nil || connections() != 2 {
		t.Errorf("%v, %d connections", err, connections())
	}
}

// Parameters and results of all types go there and come back.
func TestTypes(t *testing.T) {
	type inner struct {
		Name  string `xmlrpc:"name"`
		Codes []int  `xmlrpc:"codes"`
		Plain float64
		More  map[string]bool
		Any   any
		Left  *int // not sent by the other side
	}
	want := inner{"a<&>", []int{1, -2}, 2.5, map[string]bool{"x&y": true}, []any{int64(1), "b", false, map[string]any{"k": 1.5}}, nil}
	s := start(t, nil)
	s.answer = func(call xmlrpc.Call) []byte {
		e := xmlrpc.NewEncoder(nil)
		writeBack(e, call.Params[0])
		return e.Finish()
	}
	type sent struct {
		Name  string `xmlrpc:"name"`
		Codes []int  `xmlrpc:"codes"`
		Plain float64
		More  map[string]bool
		Any   any
	}
	var got inner
	err := s.client(t).Call(context.Background(), &got, "m", sent{want.Name, want.Codes, want.Plain, want.More, want.Any})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	c := s.client(t)
	for _, bad := range []any{nil, make(chan int), map[int]string{1: "x"}, struct{ C chan int }{}, []any{nil}} {
		if err := c.Call(context.Background(), &got, "m", bad); err == nil {
			t.Errorf("%v was sent", bad)
		}
	}
	var parse *ParseError
	for _, into := range []any{new(int), new(bool), new([]string), new(float64), new(map[int]string), new(struct{ A int })} {
		if err := c.Call(context.Background(), into, "m", "text"); !errors.As(err, &parse) {
			t.Errorf("%T: %v", into, err)
		}
	}
}

func writeBack(e *xmlrpc.Encoder, v xmlrpc.Value) {
	switch v.Kind {
	case xmlrpc.Int:
		e.Int(v.Number)
	case xmlrpc.Bool:
		e.Bool(v.Number != 0)
	case xmlrpc.Double:
		e.Double(v.Float)
	case xmlrpc.Array:
		e.BeginArray()
		for _, item := range v.Items {
			writeBack(e, item)
		}
		e.EndArray()
	case xmlrpc.Struct:
		e.BeginStruct()
		for _, m := range v.Members {
			e.MemberText(m.Name)
			writeBack(e, m.Value)
		}
		e.EndStruct()
	default:
		e.String(v.Text)
	}
}
