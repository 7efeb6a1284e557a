package httpd

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// door is where the clients of a server come in. Calls are nearly all that clients send, and nearly all of them look
// alike: those are answered here, by one goroutine for each connection, which costs less than half of what net/http takes.
// A connection on which anything else is asked goes to net/http, with the bytes read so far, and stays there. The door
// is the net.Listener of that server.
type door struct {
	*handler
	listener net.Listener
	odd      chan net.Conn
}

// Accept is the next connection for net/http.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.odd:
		return c, nil
	case <-d.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (d *door) Addr() net.Addr { return d.listener.Addr() }
func (d *door) Close() error   { return nil } // Servers closes what is behind it

// open lets clients in until the listener is closed.
func (d *door) open() {
	const shortest, longest = 5 * time.Millisecond, time.Second
	pause := shortest
	for {
		raw, err := d.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptor is left, or the client has gone already
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				d.crowd.closeOldest()
			}
			select {
			case <-time.After(pause):
			case <-d.ctx.Done():
			}
			pause = min(2*pause, longest)
		default:
			pause = shortest
			go d.quick(d.crowd.enter(raw))
		}
	}
}

// quick answers plain calls until the client goes or asks something else.
func (d *door) quick(c *conn) {
	if !d.calls(c) {
		_ = c.Close()
		d.crowd.leave(c)
		return
	}
	_ = c.SetDeadline(time.Time{})
	select {
	case d.odd <- c:
	case <-d.ctx.Done():
		_ = c.Close()
	}
}

// calls reads and answers; true when the connection is one for net/http.
func (d *door) calls(c *conn) (odd bool) {
	buffer := make([]byte, 2<<10)
	have := 0
	hurry := false      // a request has begun, and the rest must come soon
	var until time.Time // the deadline for reading that the connection has
	for {
		r, used, v := parse(buffer[:have])
		switch {
		case v == other || v == unfinished && have >= longestPlain || d.services.Call == nil,
			v == plain && !authorized(d.config, r.authorization):
			c.taken = buffer[:have]
			return true
		case v == plain:
			c.busy()
			early, ok := d.quickCall(c, r)
			if !ok {
				return false
			}
			c.waits()
			have = copy(buffer, buffer[used:have])
			if early.watched {
				until = time.Time{}
				buffer = append(buffer[:have], early.bytes...)
				have = len(buffer)
				buffer = buffer[:cap(buffer)]
			}
			hurry = false
			continue
		case have == len(buffer):
			buffer = append(buffer, make([]byte, len(buffer))...)
		}
		switch now := time.Now(); {
		case have > 0 && !hurry:
			hurry, until = true, now.Add(headerWait)
			_ = c.SetReadDeadline(until)
		case have == 0 && until.Sub(now) < idleWait-headerWait: // about once a minute
			until = now.Add(idleWait)
			_ = c.SetReadDeadline(until)
		}
		n, err := c.Conn.Read(buffer[have:])
		if err != nil {
			return false
		}
		have += n
	}
}

// headRoom is what the head of an answer needs at the most, in bytes.
const headRoom = 192

// quickCall answers one call. It is false when the connection has come to its end; else early is what the client sent
// meanwhile.
func (d *door) quickCall(c *conn, r request) (early early, ok bool) {
	if !d.begin() {
		return early, false
	}
	defer d.answers.Done()
	v := &visit{conn: c}
	room := responses.Get().(*[]byte)
	response, done, status := d.services.Call(v, r.body, append((*room)[:0], headSpace[:]...))
	early = v.end()
	contentType := "text/xml"
	switch {
	case status == 0:
		responses.Put(room)
		return early, false
	case status != http.StatusOK:
		contentType = "text/html"
		response = append(append((*room)[:0], headSpace[:]...), errorPage(status, http.StatusText(status))...)
	}
	var size int
	var err error
	if done != nil { // shared with others
		size = len(response)
		err = c.send(appendHead((*room)[:0], status, contentType, size), response)
		done()
		responses.Put(room)
	} else {
		size = len(response) - headRoom
		var fixed [headRoom]byte
		head := appendHead(fixed[:0], status, contentType, size)
		begin := headRoom - len(head)
		copy(response[begin:], head)
		err = c.send(response[begin:])
		keep(room, response)
	}
	if d.services.Access != nil {
		d.access(c.RemoteAddr().String(), string(r.line), status, int64(size))
	}
	return early, err == nil
}

// headSpace is where the head of an answer goes when its length is known.
var headSpace [headRoom]byte

// appendHead appends the head of an answer.
func appendHead(dst []byte, status int, contentType string, size int) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(status)...)
	dst = append(dst, "\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(size), 10)
	dst = append(dst, "\r\nContent-Type: "...)
	dst = append(dst, contentType...)
	dst = append(dst, "\r\nDate: "...)
	dst = append(dst, date(time.Now())...)
	return append(dst, "\r\nServer: supervisord\r\n\r\n"...)
}

// dated is a second and how a Date field writes it.
type dated struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[dated]

// date is now as a Date field has it. It is made once a second.
func date(now time.Time) string {
	second := now.Unix()
	if d := lastDate.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &dated{second, now.UTC().Format(http.TimeFormat)}
	lastDate.Store(d)
	return d.text
}
