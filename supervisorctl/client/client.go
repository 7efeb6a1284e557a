// Package client calls a running supervisord over XML-RPC: one Go method for each method of the interface, over a Unix
// socket or TCP. It prints nothing and never retries. A Client may be used by several goroutines at once.
//
//	c, err := client.New("unix:///run/supervisor.sock", "", "")
//	info, err := c.ProcessInfo(ctx, "web")
//
// A call waits as long as its context lets it; StartProcess and StopProcess with wait take as long as the program does.
package client

import (
	"context"
	"encoding/base64"
	"io"
	"net/url"
	"reflect"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Client talks to one supervisord. Make one with New. It speaks HTTP itself: net/http would be half of the time that
// supervisorctl takes from its start to its end.
type Client struct {
	serverURL        string
	network, address string
	host, hostname   string // with and without the port, as the server is told and as errors tell it
	authorization    string // empty: none
	mu               sync.Mutex
	idle             []*link // open connections that nobody uses
}

// New makes a client for serverURL, unix:///path/of/socket or http://host:port; nothing is connected yet. Path and
// credentials in an http URL are ignored. username and password may be empty. Any other scheme is a *SchemeError.
func New(serverURL, username, password string) (*Client, error) {
	c := &Client{serverURL: serverURL, network: "unix", host: "localhost", hostname: "localhost"}
	var found bool
	if c.address, found = strings.CutPrefix(serverURL, "unix://"); !found {
		u, err := url.Parse(serverURL)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return nil, &SchemeError{URL: serverURL}
		}
		c.network, c.host, c.hostname, c.address = "tcp", u.Host, u.Hostname(), u.Host
		if u.Port() == "" {
			c.address = strings.TrimSuffix(u.Host, ":") + ":80"
		}
	}
	if username != "" || password != "" {
		c.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
	}
	return c, nil
}

// URL is the address given to New.
func (c *Client) URL() string { return c.serverURL }

// Close closes the connections that are kept open between calls. The client stays usable.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.idle {
		l.Close()
	}
	c.idle = nil
}

// post makes a call and returns the answer's text.
func (c *Client) post(ctx context.Context, method string, args []any) (string, error) {
	call, err := encodeCall(method, args)
	if err != nil {
		return "", err
	}
	resp, err := c.do(ctx, "POST", "/RPC2", call)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var body strings.Builder
	piece := 4 << 10
	if resp.size > 0 && resp.size < 1<<24 {
		body.Grow(int(resp.size))
		piece = int(min(resp.size, 64<<10))
	}
	if _, err := io.CopyBuffer(&body, resp.Body, make([]byte, piece)); err != nil {
		return "", callError(err)
	}
	return body.String(), nil
}

// Call calls any method, such as one of an extension, and stores its result in what result points to: a number, a
// string, a bool, a slice, a map, a struct with `xmlrpc` tags, or an any. A fault is a *Fault.
func (c *Client) Call(ctx context.Context, result any, method string, args ...any) error {
	body, err := c.post(ctx, method, args)
	if err != nil {
		return err
	}
	v, fault, err := xmlrpc.ParseResponse([]byte(body))
	switch {
	case err != nil:
		return &ParseError{err}
	case fault != nil:
		return &Fault{Code: fault.Code, Text: fault.Text}
	}
	if err := decode(v, reflect.ValueOf(result).Elem()); err != nil {
		return &ParseError{err}
	}
	return nil
}

// list calls a method that answers with an array that can be long, and gives its items to each.
func (c *Client) list(ctx context.Context, method string, each func(xmlrpc.Value)) error {
	body, err := c.post(ctx, method, nil)
	if err != nil {
		return err
	}
	fault, err := xmlrpc.ParseList(body, each)
	switch {
	case err != nil:
		return &ParseError{err}
	case fault != nil:
		return &Fault{Code: fault.Code, Text: fault.Text}
	}
	return nil
}

// FollowLog opens the endless stream of a process' log: its last 1024 bytes, then what is appended. channel is stdout
// or stderr. The stream ends with the context, with Close, or with the daemon. A process or log that is not there is an
// *HTTPError with code 404.
func (c *Client) FollowLog(ctx context.Context, name, channel string) (io.ReadCloser, error) {
	return c.follow(ctx, "/logtail/"+name+"/"+channel)
}

// FollowMainLog opens the same stream of supervisord's own log.
func (c *Client) FollowMainLog(ctx context.Context) (io.ReadCloser, error) {
	return c.follow(ctx, "/mainlogtail")
}

func (c *Client) follow(ctx context.Context, path string) (io.ReadCloser, error) {
	resp, err := c.do(ctx, "GET", path, nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
