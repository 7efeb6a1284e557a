package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// CallError is a call without a valid answer.
type CallError struct{ text string }

func (e *CallError) Error() string { return e.text }

// errorf makes a CallError. It may contain text of the plug-in, of which the beginning is enough.
func (p *Plugin) errorf(format string, args ...any) error {
	text := "plug-in " + p.Name + " " + fmt.Sprintf(format, args...)
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "") + "..."
	}
	return &CallError{text}
}

// ErrUnknown says that the plug-in does not list the method.
var ErrUnknown = errors.New("the plug-in does not list this method")

const (
	waitingPerSlot = 16       // calls that may wait for each call in progress
	maxHeader      = 64 << 10 // bytes of an answer's HTTP header
	maxError       = 500      // bytes of the text of an error
)

// setAddress sets where the plug-in is called. Each call has a connection of its own, so that calls are spread over the
// processes of the plug-in and no connection outlives its process.
func (p *Plugin) setAddress(address string) {
	var dialer net.Dialer
	dial := dialer.DialContext
	p.address = address
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		p.address = "http://localhost/RPC2"
		dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) }
	} else if u, err := url.Parse(address); err == nil && strings.Trim(u.Path, "/") == "" {
		u.Path = "/RPC2"
		p.address = u.String()
	}
	p.client = &http.Client{
		Transport: &http.Transport{DialContext: dial, DisableCompression: true, DisableKeepAlives: true,
			MaxResponseHeaderBytes: maxHeader},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Call calls a method that the plug-in lists. The error is an *api.Fault of the plug-in, ErrUnknown, ErrClosed, a *DownError,
// a *CallError, or context.Canceled.
func (p *Plugin) Call(ctx context.Context, method string, params []xmlrpc.Value) (xmlrpc.Value, error) {
	r, err := p.current()
	if err != nil {
		return xmlrpc.Value{}, err
	}
	ctx, cancel := callContext(ctx, r, p.timeout)
	defer cancel()
	if err := p.checkListed(ctx, r, method); err != nil {
		return xmlrpc.Value{}, err
	}
	return p.call(ctx, method, params)
}

// call waits for a slot and calls any method.
func (p *Plugin) call(ctx context.Context, method string, params []xmlrpc.Value) (xmlrpc.Value, error) {
	select {
	case p.slots <- struct{}{}:
	default:
		if p.waiting.Add(1) > int32(waitingPerSlot*cap(p.slots)) {
			p.waiting.Add(-1)
			return xmlrpc.Value{}, p.errorf("has too many calls waiting")
		}
		select {
		case p.slots <- struct{}{}:
			p.waiting.Add(-1)
		case <-ctx.Done():
			p.waiting.Add(-1)
			return xmlrpc.Value{}, p.contextError(ctx)
		}
	}
	defer func() { <-p.slots }()
	return p.post(ctx, method, params)
}

// callContext returns a context that ends with the client's, with the run of the plug-in, and after timeout.
func callContext(ctx context.Context, r *run, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r, func() { end(context.Cause(r)) })
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, func() { stop(); cancel(); end(nil) }
}

// contextError returns why a context of callContext ended.
func (p *Plugin) contextError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return p.errorf("did not answer within %d seconds", p.Config.CallWait)
	}
	return cause
}

// post makes one request and parses the answer.
func (p *Plugin) post(ctx context.Context, method string, params []xmlrpc.Value) (xmlrpc.Value, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address,
		bytes.NewReader(xmlrpc.AppendCall(nil, method, params)))
	if err != nil {
		return xmlrpc.Value{}, p.errorf("cannot be called: %v", err)
	}
	req.Header.Set("User-Agent", "supervisord")
	req.Header.Set("Content-Type", "text/xml")
	resp, err := p.client.Do(req)
	if err != nil {
		return xmlrpc.Value{}, p.exchangeError(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return xmlrpc.Value{}, p.errorf("answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	limit := int64(p.Config.ResultMax)
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return xmlrpc.Value{}, p.exchangeError(ctx, err)
	case int64(len(body)) > limit:
		return xmlrpc.Value{}, p.errorf("answered with more than %d bytes", limit)
	}
	return p.parseAnswer(body)
}

// exchangeError returns the error for a request or an answer that was not completed.
func (p *Plugin) exchangeError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return p.contextError(ctx)
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return p.errorf("closed the connection without an answer")
	}
	return p.errorf("did not answer: %v", err)
}

// maxValues is how many values and members an answer may have: as many as a call, and more if result_maxbytes allows longer
// answers. A value takes a hundred bytes in memory, however short it is.
func (p *Plugin) maxValues() int { return max(1<<16, int(p.Config.ResultMax)/64) }

// parseAnswer returns the result in the body of an answer. A fault is an error.
func (p *Plugin) parseAnswer(body []byte) (xmlrpc.Value, error) {
	v, fault, err := xmlrpc.ParseBounded(body, p.maxValues())
	switch {
	case err != nil:
		return xmlrpc.Value{}, p.errorf("did not answer with XML-RPC: %v", err)
	case fault != nil:
		return xmlrpc.Value{}, fault
	case v.HasNil():
		return xmlrpc.Value{}, p.errorf("answered nil, which XML-RPC does not support")
	}
	return v, nil
}
