package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// probe is a request and the expected answer.
type probe struct {
	url      string
	timeout  time.Duration // for the connection, and for each read and write
	verify   bool          // the certificate of an https server
	statuses []string
	text     string // empty: any

	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// maxBody is how much of an answer is read, in bytes.
const maxBody = 16 << 20

func (p *probe) check() error {
	u, err := url.Parse(p.url)
	if err == nil && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		err = fmt.Errorf("%s is no http or https URL", p.url)
	}
	return err
}

// ask makes the request. problem is empty if the answer is the expected one, else the subject of the mail; detail explains it.
func (p *probe) ask() (problem, detail string) {
	res, body, err := p.get()
	switch {
	case err != nil:
		return "bad status returned", fmt.Sprintf("error contacting %s:\n\n %v", p.url, err)
	case !slices.Contains(p.statuses, strconv.Itoa(res.StatusCode)):
		return "bad status returned", fmt.Sprintf("status contacting %s: %s", p.url, res.Status)
	case !strings.Contains(string(body), p.text):
		return "bad body returned", fmt.Sprintf("status contacting %s: %s", p.url, res.Status)
	}
	return "", ""
}

// get makes the request and reads the answer. A redirect is an answer. The request goes to the server itself, not to a proxy that the
// environment names: the question is whether the server works.
func (p *probe) get() (res *http.Response, body []byte, err error) {
	req, err := http.NewRequest(http.MethodGet, p.url, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("User-Agent", "httpok")
	req.Close = true
	transport := &http.Transport{DialContext: p.connect, TLSClientConfig: tlsConfig(p.verify)}
	if res, err = transport.RoundTrip(req); err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, maxBody))
	return res, body, err
}

// connect opens a connection within the timeout. Until then it repeats what was refused: a server may just be starting.
func (p *probe) connect(_ context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	var refused error
	for {
		conn, err := p.dial(ctx, network, address)
		switch {
		case err == nil:
			return limited{conn, p.timeout}, nil
		case errors.Is(err, syscall.ECONNREFUSED):
			refused = err
		case refused != nil && isTimeout(err): // it came during an attempt, maybe a moment before ctx ends
			return nil, fmt.Errorf("%w, and in the end: %w", refused, err)
		default:
			return nil, err
		}
		select {
		case <-time.After(p.timeout / 10):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// limited is a connection with a time limit for each read and write.
type limited struct {
	net.Conn
	timeout time.Duration
}

func (c limited) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c limited) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// tlsConfig returns how to talk to a server that encrypts. superlance checks no certificates, so neither does this without
// --verify: a self-signed or expired one is no reason to restart a program or to send no mail. Then old protocols do as well.
func tlsConfig(verify bool) *tls.Config {
	if verify {
		return &tls.Config{}
	}
	c := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		c.CipherSuites = append(c.CipherSuites, suite.ID)
	}
	return c
}
