package fast

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/budget"
)

// Limits of TLS.
const (
	HandshakeTimeout = 10 * time.Second // from the connection to the end of the handshake
	maxHandshake     = budget.HandshakeBytes
	goodbyeTimeout   = time.Second // to send the end of TLS
)

// secure is what a connection with TLS has besides. It is the net.Conn below the tls.Conn, so what it reads and writes is encrypted, and
// what waits to be sent in a frozen set is. Another program cannot go on with TLS: it gets what is to be sent, with the end of TLS, and
// closes the connection. Only a handshake in which nothing was sent begins anew there.
type secure struct {
	conn     *conn // another one in the next run
	tls      *tls.Conn
	config   *tls.Config
	closed   func() bool // the server is
	deadline time.Time   // of the handshake
	over     atomic.Bool // the handshake is
	ahead    []byte      // received by the program before, of the handshake
	hello    []byte      // received in the handshake, as long as nothing was sent
	header   header      // counts what is received in the handshake
	spoken   bool        // something was sent
	captured *[]byte     // in place of the client, if it is not nil

	authorities func() *x509.CertPool
	verified    *x509.CertPool // with which the certificate of the client was
}

// read reads what the client has sent, without TLS.
func (c *conn) read(p []byte) (n int, err error) {
	if c.secure != nil {
		return c.secure.tls.Read(p)
	}
	return c.Conn.Read(p)
}

// setSecure begins or ends TLS.
func (c *conn) setSecure(s *secure) {
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	c.secure = s
}

// handshake begins TLS, if the server has it. It returns false if the connection is to be closed, or was passed on.
func (a *Acceptor) handshake(c *conn) bool {
	if a.options.TLS == nil || c.secure != nil {
		return true
	}
	s := &secure{conn: c, config: a.options.TLS, closed: a.closed, deadline: time.Now().Add(HandshakeTimeout), ahead: c.readAhead}
	c.readAhead = nil
	s.tls = tls.Server(s, s.config)
	if s.authorities = a.options.Authorities; s.authorities != nil {
		s.verified = s.authorities() // before the handshake: what changes meanwhile has it verified again
	}
	c.setSecure(s)
	err := s.tls.Handshake()
	s.header.reset()
	var plain tls.RecordHeaderError
	switch {
	case err == nil:
		s.hello, s.ahead = nil, nil
		if chains := s.tls.ConnectionState().VerifiedChains; len(chains) > 0 {
			c.peer = &access.Peer{Cert: append([]string{chains[0][0].Subject.CommonName}, chains[0][0].DNSNames...)}
		}
		s.over.Store(true)
		_ = c.Conn.SetReadDeadline(time.Time{})
		return true
	case !s.spoken && a.closed():
		c.setSecure(nil)
		a.leave(c, s.hello)
		return false
	case errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader[:]):
		c.setSecure(nil)
		a.refusePlain(c)
	case s.spoken && !isNetwork(err): // an alert says why; what is unread at the end makes the system discard it
		c.setSecure(nil)
		_ = c.CloseWrite()
		a.discard(c, refuseTimeout)
	}
	if a.options.Dropped != nil {
		a.options.Dropped()
	}
	return false
}

// verifyAgain forgets the certificate of the client, if the server has other authorities than when it was verified and none of them has signed
// it.
func (c *conn) verifyAgain() {
	s := c.secure
	if s == nil || s.authorities == nil || c.peer == nil || c.peer.Cert == nil {
		return
	}
	now := s.authorities()
	if now == s.verified {
		return
	}
	s.verified = now
	chain := s.tls.ConnectionState().PeerCertificates
	if now != nil && len(chain) > 0 {
		between := x509.NewCertPool()
		for _, link := range chain[1:] {
			between.AddCert(link)
		}
		usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if _, err := chain[0].Verify(x509.VerifyOptions{Roots: now, Intermediates: between, KeyUsages: usage}); err == nil {
			return
		}
	}
	c.peer = nil
}

// isNetwork reports whether err is one of reading or writing, and not about what was read.
func isNetwork(err error) bool {
	var failed *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &failed)
}

// methods are the beginnings of requests, as far as the header of a TLS record is long.
var methods = [][]byte{[]byte("GET /"), []byte("POST "), []byte("HEAD "), []byte("PUT /"), []byte("OPTIO"), []byte("DELET"), []byte("PATCH")}

func looksLikeHTTP(begin []byte) bool {
	for _, m := range methods {
		if bytes.HasPrefix(begin, m) {
			return true
		}
	}
	return false
}

// wantsTLS is the response to a request without TLS. Most clients show the reason of the status.
var wantsTLS = []byte("HTTP/1.1 400 This server wants HTTPS\r\nContent-Length: 24\r\nContent-Type: text/plain\r\nConnection: close\r\n" +
	"Server: supervisord\r\n\r\nThis server wants HTTPS\n")

// refusePlain answers a request without TLS.
func (a *Acceptor) refusePlain(c *conn) {
	c.used()
	if _, err := c.send(wantsTLS); err == nil {
		_ = c.CloseWrite()
		a.discard(c, refuseTimeout)
	}
}

// Read implements net.Conn. In a handshake it waits while the set is frozen.
func (s *secure) Read(p []byte) (n int, err error) {
	c := s.conn
	if s.over.Load() {
		return c.Conn.Read(p)
	}
	for {
		if len(s.ahead) > 0 {
			n = copy(p, s.ahead)
			s.ahead = s.ahead[n:]
			break
		}
		_ = c.Conn.SetReadDeadline(s.deadline)
		if c.set.isFrozen() { // looked at after the deadline was set: Freeze and Set.Leave set another one later
			c.park(func() ConnState { return ConnState{} })
			continue
		}
		if s.closed() {
			return 0, os.ErrDeadlineExceeded
		}
		if n, err = c.Conn.Read(p); n > 0 {
			break
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || passed(s.deadline) || s.closed() {
			return 0, err
		}
	}
	if !s.header.add(n) || s.header.received > maxHandshake {
		return 0, io.EOF
	}
	if !s.spoken {
		s.hello = append(s.hello, p[:n]...)
	}
	return n, nil
}

// Write implements net.Conn.
func (s *secure) Write(p []byte) (n int, err error) {
	if s.captured != nil {
		*s.captured = append(*s.captured, p...)
		return len(p), nil
	}
	if !s.spoken {
		s.spoken, s.hello = true, nil
	}
	return s.conn.send(p)
}

// Close implements net.Conn, for a connection that waits for the next run. It does not send the end of TLS.
func (s *secure) Close() error { return s.conn.Conn.Close() }

// LocalAddr implements net.Conn.
func (s *secure) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr implements net.Conn.
func (s *secure) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// SetDeadline implements net.Conn. Deadlines are those of the connection.
func (s *secure) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (s *secure) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (s *secure) SetWriteDeadline(time.Time) error { return nil }

// goodbye sends the end of TLS, without which some clients take the end of the connection for an error. After that nothing is sent.
func (s *secure) goodbye() {
	if s == nil || s.conn.ended.Load() {
		return
	}
	s.conn.leaving.Store(true)
	_ = s.tls.CloseWrite()
}

// export returns the state of a handshake that can begin anew, or otherwise of a connection that the next program, or this one if it goes
// on, ends with the rest and the end of TLS. The next program does not close it before its client does: a request that comes by it is
// not answered, and some clients make it again only if they see an end, and no error. The caller holds the lock of the set.
func (s *secure) export() ConnState {
	if !s.over.Load() && !s.spoken {
		return ConnState{Ahead: append(bytes.Clone(s.hello), s.ahead...)}
	}
	c := s.conn
	if c.rest != nil && c.rest.closes {
		return ConnState{Rest: c.rest.bytes, Closes: true}
	}
	var end []byte
	s.captured = &end
	_ = s.tls.CloseWrite()
	s.captured = nil
	r := c.pending()
	r.add(end)
	r.closes = true
	return ConnState{Rest: r.bytes, Discards: true}
}
