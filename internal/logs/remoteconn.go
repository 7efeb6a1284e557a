package logs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// remoteConn is a connection to a syslog server.
type remoteConn struct {
	net.Conn
	below    *countingConn // that of the system
	datagram bool
	buffer   []byte
	written  int64 // bytes of the stream that belong to whole records
}

// countingConn counts what is written to a connection.
type countingConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// dialTimeout is how long a connection may take to be made.
const dialTimeout = 10 * time.Second

// sendBuffer is how much the kernel may hold for a server that does not read.
const sendBuffer = 128 << 10

// dial connects to a server. The name is looked up each time, and files are read each time, so that new certificates count.
func dial(ctx context.Context, s Server) (*remoteConn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	network := s.Scheme
	if network == "tls" {
		network = "tcp"
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, s.Address)
	if err != nil {
		return nil, err
	}
	if stream, ok := conn.(*net.TCPConn); ok {
		_ = stream.SetWriteBuffer(sendBuffer)
	}
	c := &remoteConn{Conn: conn, below: &countingConn{Conn: conn}, datagram: s.Scheme == "udp"}
	if !c.datagram {
		c.Conn = c.below
	}
	if s.Scheme == "tls" {
		config, err := s.tls()
		if err == nil {
			secure := tls.Client(c.below, config)
			c.Conn, err = secure, secure.HandshakeContext(ctx)
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
	}
	return c, nil
}

// tls returns the settings of a connection.
func (s Server) tls() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate", s.CA)
		}
	}
	if s.Cert != "" && s.Key != "" {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Check returns what is wrong with the files of certificates of a server.
func (s Server) Check() error {
	_, err := s.tls()
	return err
}

// networkReason is the part of an error of a connection that says what is wrong.
func networkReason(err error) error {
	var op *net.OpError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &verify):
		return verify.Err
	case errors.As(err, &op) && op.Err != nil:
		var call *os.SyscallError
		if errors.As(op.Err, &call) {
			return call.Err
		}
		return op.Err
	}
	return err
}

// batch is how many bytes are written at once, as long as there are records.
func (c *remoteConn) batch() int {
	if c.datagram {
		return 0
	}
	return 16 << 10
}

// write writes records. It returns the ends in the stream of those that were written.
func (c *remoteConn) write(list []queuedRecord) (ends []int64, err error) {
	if c.datagram {
		_, err = c.Conn.Write(list[0].data)
		if errors.Is(err, syscall.EMSGSIZE) { // it fits into no datagram
			err = nil
		}
		if err == nil {
			ends = []int64{0}
		}
		return ends, err
	}
	c.buffer = c.buffer[:0]
	for _, r := range list {
		c.buffer = append(c.buffer, r.data...)
	}
	_, secure := c.Conn.(*tls.Conn)
	start := c.below.written.Load()
	n, err := c.Conn.Write(c.buffer)
	for _, r := range list {
		if n -= len(r.data); n < 0 {
			break
		}
		start += int64(len(r.data))
		end := start
		if secure { // where a record ends in the stream is not known better
			end = c.below.written.Load()
		}
		ends = append(ends, end)
	}
	if len(ends) > 0 {
		c.written = ends[len(ends)-1]
	}
	if cap(c.buffer) > maxKeptLine {
		c.buffer = nil
	}
	return ends, err
}

// arrived is how many bytes of the stream are known to have arrived.
func (c *remoteConn) arrived() int64 {
	if c.datagram {
		return 0
	}
	return c.below.written.Load() - unacknowledged(c.below.Conn)
}

// watch waits for the end of the connection. What a server says is ignored.
func (c *remoteConn) watch() error {
	_, err := io.Copy(io.Discard, struct{ io.Reader }{c.Conn})
	return err
}

// interrupt has a write end.
func (c *remoteConn) interrupt() { _ = c.Conn.SetWriteDeadline(time.Unix(1, 0)) }

func (c *remoteConn) close() { _ = c.below.Conn.Close() }
