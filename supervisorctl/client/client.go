// Package client calls a running supervisord over XML-RPC: one Go method for each method of the interface, over a Unix
// socket or TCP. It prints nothing and never retries. A Client may be used by several goroutines at once.
//
//	c, err := client.New("unix:///run/supervisor.sock", "", "")
//	info, err := c.ProcessInfo(ctx, "web")
//
// A call waits as long as its context lets it; StartProcess and StopProcess with wait take as long as the program does.
package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Client talks to one supervisord. Make one with New.
type Client struct {
	serverURL     string
	origin        url.URL // scheme and host of every request
	authorization string  // empty: none
	http          *http.Client
}

// New makes a client for serverURL, unix:///path/of/socket or http://host:port; nothing is connected yet. Path and
// credentials in an http URL are ignored. username and password may be empty. Any other scheme is a *SchemeError.
func New(serverURL, username, password string) (*Client, error) {
	c := &Client{serverURL: serverURL}
	var dialer net.Dialer
	dial := dialer.DialContext
	if path, found := strings.CutPrefix(serverURL, "unix://"); found {
		c.origin = url.URL{Scheme: "http", Host: "localhost"}
		dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) }
	} else {
		u, err := url.Parse(serverURL)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return nil, &SchemeError{URL: serverURL}
		}
		c.origin = url.URL{Scheme: "http", Host: u.Host}
	}
	if username != "" || password != "" {
		c.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
	}
	c.http = &http.Client{
		Transport: &http.Transport{DialContext: dial, DisableCompression: true, MaxIdleConnsPerHost: 4},
		// A redirect is an answer like any other that is not 200: nothing here is served from elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// URL is the address given to New.
func (c *Client) URL() string { return c.serverURL }

// Close closes the connections that are kept open between calls. The client stays usable.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// do sends a request and returns the answer, if its status is 200; anything else is an *HTTPError.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	u := c.origin
	u.Path = path
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
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
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		reason := strings.TrimPrefix(resp.Status, fmt.Sprint(resp.StatusCode, " "))
		return nil, &HTTPError{Host: c.origin.Hostname(), Path: path, Code: resp.StatusCode, Reason: reason}
	}
	return resp, nil
}

// post makes a call and returns the answer's text.
func (c *Client) post(ctx context.Context, method string, args []any) (string, error) {
	call, err := kolo.EncodeMethodCall(method, args...)
	if err != nil {
		return "", err
	}
	resp, err := c.do(ctx, http.MethodPost, "/RPC2", bytes.NewReader(call))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var body strings.Builder
	piece := 4 << 10
	if resp.ContentLength > 0 && resp.ContentLength < 1<<24 {
		body.Grow(int(resp.ContentLength))
		piece = int(min(resp.ContentLength, 64<<10))
	}
	if _, err := io.CopyBuffer(&body, resp.Body, make([]byte, piece)); err != nil {
		return "", callError(err)
	}
	return body.String(), nil
}

// Call calls any method, such as one of an extension, and stores its result in what result points to: a number, a
// string, a bool, a slice, a struct with `xmlrpc` tags, or an any. A fault is a *Fault.
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

// list calls a method that answers with an array that can be long, and gives its items to each. It reads the answer
// with the server's own scanner: a thousand processes take kolo/xmlrpc about 60 ms, and a user waits for them.
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
	resp, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
