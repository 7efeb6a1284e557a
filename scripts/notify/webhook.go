package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/template"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/notify"
)

// webhook sends messages by POST, with a signature by the rules of Standard Webhooks.
type webhook struct {
	url      string
	headers  map[string]string
	format   string
	template *template.Template // nil: none
	key      []byte             // nil: messages are not signed
	client   *http.Client
}

func newWebhook(n *config.Notification, custom *template.Template) (*webhook, error) {
	w := &webhook{url: n.URL, headers: n.Headers, format: n.Format, template: custom}
	if n.Secret != "" {
		var err error
		if w.key, err = config.SigningKey(n.Secret); err != nil {
			return nil, err
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	authorities, err := authorities(n.CAFile)
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	transport.MaxIdleConnsPerHost = 1
	w.client = &http.Client{Transport: transport, Timeout: n.Timeout,
		// What a redirect leads to is not what was configured, and headers may be secrets.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w, nil
}

// authorities reads certificates of authorities; nil: those that the system knows.
func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file %s has no certificate", path)
	}
	return pool, nil
}

func (w *webhook) send(ctx context.Context, m *notify.Message) notify.Result {
	mediaType, body, err := m.Notice.Body(w.format, w.template)
	if err != nil {
		return refused("the template failed: %v", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return refused("the URL is not valid")
	}
	now := time.Now().Unix()
	h := request.Header
	h.Set("Content-Type", mediaType)
	h.Set("User-Agent", "supervisor-notify/"+api.Version)
	h.Set("webhook-id", m.ID)
	h.Set("webhook-timestamp", strconv.FormatInt(now, 10))
	if w.key != nil {
		h.Set("webhook-signature", notify.Sign(w.key, m.ID, now, body))
	}
	for name, value := range w.headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = value
		}
		h.Set(name, value)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return failed("%v", withoutURL(err))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	return judge(response, time.Now())
}

// judge returns what an answer means.
func judge(response *http.Response, now time.Time) notify.Result {
	code := response.StatusCode
	text := fmt.Sprintf("the server answered %d %s", code, http.StatusText(code))
	switch {
	case code/100 == 2:
		return delivered()
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		r := failed("%s", text)
		r.After = waitFor(response.Header.Get("Retry-After"), now)
		return r
	case code/100 == 5:
		return failed("%s", text)
	}
	return refused("%s", text)
}

// waitFor reads a Retry-After header, which is a number of seconds or a time; 0: there is none.
func waitFor(header string, now time.Time) time.Duration {
	const most = 365 * 24 * time.Hour
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, most)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, at.Sub(now)), most)
	}
	return 0
}

// withoutURL returns an error of the client without the URL, which may be a secret.
func withoutURL(err error) error {
	var with *url.Error
	if errors.As(err, &with) {
		if with.Timeout() {
			return errors.New("no answer in time")
		}
		return with.Err
	}
	return err
}
