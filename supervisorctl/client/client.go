// Package client calls a running supervisord over XML-RPC: one Go method for each method of the interface, over a Unix
// socket, TCP or TLS. It prints nothing and never retries. Any goroutine may use a Client.
//
//	c, err := client.New("unix:///run/supervisor.sock", "", "")
//	info, err := c.ProcessInfo(ctx, "web")
//
// A call lasts until the answer arrives or its context ends. StartProcess and StopProcess with wait are answered when the
// program has started or stopped.
package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Client talks to one supervisord. Make one with New.
type Client struct {
	serverURL     string
	origin        url.URL // scheme and host of every request
	authorization string  // header of every request; empty for none
	http          *http.Client
	trusted       []int // uids, see TrustPeer
}

// New is Open for a user name and a password.
func New(serverURL, username, password string) (*Client, error) {
	return Open(serverURL, Options{Username: username, Password: password})
}

// Options are what a client needs besides an address. All may be empty.
type Options struct {
	Username, Password string
	Token              string // in place of both
	TLS                TLS    // for https
}

// Open makes a client for serverURL, unix:///path/of/socket, http://host:port or https://host:port. It does not connect. Path and
// credentials in a URL are ignored. For any other scheme the error is a *SchemeError. Credentials
// are not sent over a Unix socket that another user may have put in the place of supervisord's: then calls fail with a
// *PeerError, see TrustPeer; nor to a server with TLS whose certificate is not what it should be: then calls fail with a *TLSError.
func Open(serverURL string, o Options) (*Client, error) {
	c := &Client{serverURL: serverURL}
	transport := &http.Transport{DialContext: dialTCP, DisableCompression: true, MaxIdleConnsPerHost: 4}
	if path, found := strings.CutPrefix(serverURL, "unix://"); found {
		c.origin = url.URL{Scheme: "http", Host: "localhost"}
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dialUnix(ctx, path) }
	} else {
		u, err := url.Parse(serverURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, &SchemeError{URL: serverURL}
		}
		c.origin = url.URL{Scheme: u.Scheme, Host: u.Host}
		if u.Scheme == "https" {
			config, err := o.TLS.config(u.Hostname())
			if err != nil {
				return nil, err
			}
			transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialTLS(ctx, network, address, config)
			}
		}
	}
	switch {
	case o.Token != "":
		c.authorization = "Bearer " + o.Token
	case o.Username != "" || o.Password != "":
		c.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(o.Username+":"+o.Password))
	}
	c.http = &http.Client{
		Transport: transport,
		// supervisord never redirects: a redirect is reported like any other status that is not 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// URL returns the address given to New.
func (c *Client) URL() string { return c.serverURL }

// Close closes idle connections. The client stays usable.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// do sends a request and returns the response if its status is 200; for another status the error is an *HTTPError.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	return c.send(ctx, method, path, body, http.StatusOK, nil)
}

// send is do for a request that is answered with that status, and has a further header.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader, status int, header http.Header) (*http.Response, error) {
	u := c.origin
	u.Path = path
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, header)
	req.Header.Set("User-Agent", "supervisorctl")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "text/xml")
	}
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, callError(err)
	}
	if resp.StatusCode != status {
		resp.Body.Close()
		reason := strings.TrimPrefix(resp.Status, fmt.Sprint(resp.StatusCode, " "))
		return nil, &HTTPError{Host: c.origin.Hostname(), Path: path, Code: resp.StatusCode, Reason: reason + afterLogins(resp)}
	}
	return resp, nil
}

// afterLogins says why a server has no answer yet, if failed logins are the reason.
func afterLogins(resp *http.Response) string {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if resp.StatusCode != http.StatusTooManyRequests || err != nil {
		return ""
	}
	return fmt.Sprintf(", after failed logins; try again in %d s", seconds)
}

// post makes a call and returns the body of the response.
func (c *Client) post(ctx context.Context, method string, args []any) (string, error) {
	call, err := kolo.EncodeMethodCall(method, encodable(args)...)
	if err != nil {
		return "", err
	}
	resp, err := c.do(ctx, http.MethodPost, "/RPC2", bytes.NewReader(call))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var body strings.Builder
	size := 4 << 10
	if resp.ContentLength > 0 && resp.ContentLength < 1<<24 {
		body.Grow(int(resp.ContentLength))
		size = int(min(resp.ContentLength, 64<<10))
	}
	if _, err := io.CopyBuffer(&body, resp.Body, make([]byte, size)); err != nil {
		return "", callError(err)
	}
	if !strings.Contains(body.String(), "<methodResponse") {
		return "", &ParseError{errNoXMLRPC}
	}
	return body.String(), nil
}

// encodable returns the arguments with each string that XML cannot hold, because of control characters or bytes that are not
// UTF-8, as base64. Servers take that as a string, but most refuse it if it is not UTF-8.
func encodable(args []any) []any {
	encoded := slices.Clone(args)
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			if !isXML(v) {
				encoded[i] = kolo.Base64(base64.StdEncoding.EncodeToString([]byte(v)))
			}
		case []any:
			encoded[i] = encodable(v)
		case map[string]any:
			members := make(map[string]any, len(v))
			for name, value := range v {
				members[name] = encodable([]any{value})[0]
			}
			encoded[i] = members
		}
	}
	return encoded
}

// isXML reports whether an XML document can hold a text.
func isXML(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}

// Call calls any method, such as one of a plug-in, and stores its result in the variable that result points to: a number, a
// string, a bool, a slice, a struct with `xmlrpc` tags, or an any. For a fault the error is a *Fault.
func (c *Client) Call(ctx context.Context, result any, method string, args ...any) error {
	body, err := c.post(ctx, method, args)
	if err != nil {
		return err
	}
	response := kolo.Response(body)
	if err := response.Err(); err != nil {
		if f, ok := err.(kolo.FaultError); ok {
			return &Fault{Code: f.Code, Text: f.String}
		}
		return &ParseError{err}
	}
	if err := response.Unmarshal(result); err != nil {
		return &ParseError{err}
	}
	return nil
}

// value calls a method and returns its result.
func (c *Client) value(ctx context.Context, method string, args ...any) (xmlrpc.Value, error) {
	body, err := c.post(ctx, method, args)
	if err != nil {
		return xmlrpc.Value{}, err
	}
	v, fault, err := xmlrpc.ParseResponse([]byte(body))
	switch {
	case err != nil:
		return xmlrpc.Value{}, &ParseError{err}
	case fault != nil:
		return xmlrpc.Value{}, fault
	}
	return v, nil
}

// list is value for a result that is an array, which may be long: it calls each with one item at a time. It does not use
// kolo/xmlrpc, which takes about 60 ms for a thousand processes.
func (c *Client) list(ctx context.Context, method string, each func(xmlrpc.Value), args ...any) error {
	body, err := c.post(ctx, method, args)
	if err != nil {
		return err
	}
	fault, err := xmlrpc.ParseList(body, each)
	switch {
	case err != nil:
		return &ParseError{err}
	case fault != nil:
		return fault
	}
	return nil
}
