package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

const (
	maxBody      = 64 << 10 // what is read of an answer, in bytes
	maxFile      = 1 << 20  // size of a file with a body, a certificate or a key
	maxHeader    = 64 << 10
	maxRedirects = 10
)

// probe does what script says, within a time, on behalf of the user with the ID owner. It returns why that failed, empty for a
// success.
func probe(ctx context.Context, script *config.CheckScript, limit time.Duration, owner int) string {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	switch script.Kind {
	case config.TCPCheck:
		err = connect(ctx, "tcp", script.Address)
	case config.UnixCheck:
		err = withSocket(script.Address, owner, func(path string) error { return connect(ctx, "unix", path) })
	default:
		err = request(ctx, script.HTTP, owner)
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		return "timed out after " + helper.Seconds(limit)
	}
	return reason(err)
}

// reason returns an error in few words.
func reason(err error) string {
	var number syscall.Errno
	var name *net.DNSError
	switch {
	case errors.As(err, &number):
		return number.Error()
	case errors.As(err, &name):
		return name.Err
	}
	text := err.Error()
	for u := errors.Unwrap(err); u != nil; u = errors.Unwrap(u) {
		text = u.Error()
	}
	return text
}

// dialer connects for a moment only, for which the kernel needs no keep-alive probes.
var dialer = &net.Dialer{KeepAlive: -1}

func connect(ctx context.Context, network, address string) error {
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return c.Close()
}

var errLink = errors.New("a symbolic link of another user leads to the socket")

// withSocket calls f with a path of a Unix socket. As root it does not follow what another user made to what is not that user's.
func withSocket(path string, owner int, f func(path string) error) error {
	if os.Geteuid() != 0 {
		return f(path)
	}
	dir, base, err := safefile.OpenDir(path, owner)
	if err != nil {
		return err
	}
	defer dir.Close()
	info, err := dir.Lstat(base)
	switch {
	case err != nil:
		return err
	case info.IsSocket():
		return f(dir.Path(base))
	case info.UID != 0:
		return errLink
	}
	return f(path)
}

// request makes a request by HTTP on a connection of its own, and judges the answer.
func request(ctx context.Context, h *config.HTTPProbe, owner int) error {
	client, err := newClient(h, owner)
	if err != nil {
		return err
	}
	body := h.Data
	if h.DataFile != "" {
		data, err := readFile(h.DataFile, owner)
		if err != nil {
			return err
		}
		body = string(data)
	}
	req, err := http.NewRequestWithContext(ctx, h.Method, h.URL, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "supervisord")
	if h.Method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range h.Headers {
		name, value, _ := strings.Cut(header, ":")
		if value = strings.TrimSpace(value); strings.EqualFold(name, "Host") {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody)); err != nil {
		return err
	}
	if !h.Succeeds(answer.StatusCode) {
		return fmt.Errorf("HTTP %d", answer.StatusCode)
	}
	return nil
}

// newClient returns a client for one request. It uses no proxy, and follows redirects to the same host and port only.
func newClient(h *config.HTTPProbe, owner int) (*http.Client, error) {
	security, err := tlsConfig(h, owner)
	if err != nil {
		return nil, err
	}
	transport := shared
	if security != nil || h.Socket != "" {
		transport = newTransport()
		transport.TLSClientConfig = security
	}
	dial := dialer.DialContext
	if h.Socket != "" {
		dial = func(ctx context.Context, _, _ string) (c net.Conn, err error) {
			failure := withSocket(h.Socket, owner, func(path string) error {
				c, err = dialer.DialContext(ctx, "unix", path)
				return err
			})
			return c, failure
		}
		transport.DialContext = dial
	}
	return &http.Client{Transport: exchange{dial, transport}, CheckRedirect: sameHost}, nil
}

// shared is for all requests that need no other: one for each request would prepare itself for HTTP/2 each time. It keeps no connection.
var shared = newTransport()

func newTransport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader}
}

func sameHost(next *http.Request, earlier []*http.Request) error {
	if next.URL.Host != earlier[0].URL.Host {
		return http.ErrUseLastResponse
	}
	if len(earlier) >= maxRedirects {
		return errors.New("too many redirects")
	}
	return nil
}

func tlsConfig(h *config.HTTPProbe, owner int) (*tls.Config, error) {
	if h.CAFile == "" && h.CertFile == "" {
		return nil, nil
	}
	c := &tls.Config{}
	if h.CAFile != "" {
		data, err := readFile(h.CAFile, owner)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(data) {
			return nil, errors.New("no certificate in " + h.CAFile)
		}
	}
	if h.CertFile != "" {
		certificate, err := readFile(h.CertFile, owner)
		if err != nil {
			return nil, err
		}
		key, err := readFile(h.KeyFile, owner)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// readFile reads a plain file that a check names. As root it does not follow what the owner made to what is not the owner's.
func readFile(path string, owner int) ([]byte, error) {
	fd, info, err := safefile.OpenRead(path, owner)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %v", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	switch {
	case !info.IsRegular():
		return nil, errors.New(path + " is not a plain file")
	case info.Size > maxFile:
		return nil, errors.New(path + " is larger than 1 MiB")
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}
