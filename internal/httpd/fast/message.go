package fast

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// part is a part of a request.
type part int

const (
	inHeader   part = iota
	inBody          // of a known length
	chunkSize       // the line before a chunk
	chunkData       // of a chunk
	chunkEnd        // the line end after it
	inTrailers      // after the last chunk
)

// message is where in a request the bytes are that net/http has got. So it never gets one of the next request with those of a request,
// except the one that it reads while it answers.
type message struct {
	part    part
	filled  bool   // the line that has begun has a character
	whole   bool   // a header was complete
	partial []byte // what net/http has got of a header, of trailers, or of the line of a chunk
	left    int64  // bytes of a body or a chunk
	data    int64  // bytes of the body that net/http has got
}

// take advances by the bytes of p that are of one request, or of one part of it, and returns their number.
func (m *message) take(p []byte) (n int) {
	for n < len(p) {
		if m.part == inBody || m.part == chunkData {
			more := min(int64(len(p)-n), m.left)
			n += int(more)
			m.data += more
			if m.left -= more; m.left == 0 && m.part == chunkData {
				m.part = chunkEnd
			} else if m.left == 0 {
				m.next(inHeader)
				return n
			}
			continue
		}
		line, ends := m.line(p[n:])
		n += len(line)
		if !ends {
			m.partial = append(m.partial, line...)
		} else if m.endLine(line) {
			return n
		}
	}
	return n
}

// line returns p as far as the line goes on, in a header or trailers up to their end.
func (m *message) line(p []byte) (line []byte, ends bool) {
	for i, c := range p {
		switch {
		case c == '\n' && (m.part == chunkSize || m.part == chunkEnd || !m.filled):
			return p[:i+1], true
		case c == '\n':
			m.filled = false
		case c != '\r':
			m.filled = true
		}
	}
	return p, false
}

// endLine is called with the last bytes of a line, a header or trailers. It reports whether that is the end of a header or of a request.
func (m *message) endLine(last []byte) (over bool) {
	switch m.part {
	case chunkSize:
		digits, _, _ := bytes.Cut(append(m.partial, last...), []byte(";"))
		m.left, _ = strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64) // net/http refuses what is none
		if m.next(chunkData); m.left <= 0 {
			m.next(inTrailers)
		}
		return false
	case chunkEnd:
		m.next(chunkSize)
		return false
	case inHeader:
		m.whole = true
	}
	m.next(inHeader)
	return true
}

func (m *message) next(p part) { m.part, m.filled, m.partial = p, false, nil }

// expect is called after the header of r.
func (m *message) expect(r *http.Request) {
	m.data = 0
	switch {
	case r.ContentLength > 0:
		m.part, m.left = inBody, r.ContentLength
	case r.ContentLength < 0:
		m.part = chunkSize
	}
}

// appendRequest appends a request as it was sent, up to what follows what net/http has got of it. Body is the array into which that is
// read: net/http returns from a read when it has a whole chunk.
func (m *message) appendRequest(dst []byte, r *http.Request, body []byte) []byte {
	b := bytes.NewBuffer(dst)
	body = body[:min(m.data, int64(cap(body)))]
	fmt.Fprintf(b, "%s %s %s\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Proto, r.Host)
	if r.ContentLength < 0 {
		b.WriteString("Transfer-Encoding: chunked\r\n")
	}
	_ = r.Header.WriteSubset(b, map[string]bool{"Expect": true, "Host": true}) // the client has been asked to continue
	b.WriteString("\r\n")
	if r.ContentLength >= 0 {
		b.Write(body)
		return b.Bytes()
	}
	if size := int64(len(body)) + m.unread(); size > 0 {
		fmt.Fprintf(b, "%x\r\n", size)
		b.Write(body)
	}
	switch m.part {
	case chunkSize, inTrailers, inHeader:
		if len(body) > 0 {
			b.WriteString("\r\n")
		}
		if m.part != chunkSize {
			b.WriteString("0\r\n")
		}
		if m.part == inHeader {
			b.WriteString("\r\n") // trailers mean nothing
		}
	}
	return b.Bytes()
}

// unread returns how many bytes of a chunk are not received.
func (m *message) unread() int64 {
	if m.part == chunkData {
		return m.left
	}
	return 0
}
