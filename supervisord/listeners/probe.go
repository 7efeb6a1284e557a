package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	timeout  time.Duration
	statuses []string
	text     string // empty: any
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
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	res, err := p.get(ctx)
	if err != nil {
		return "bad status returned", fmt.Sprintf("error contacting %s:\n\n %v", p.url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
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

// get makes the request, and repeats it until the timeout while the connection is refused: a server may just be starting.
func (p *probe) get(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "httpok")
	req.Close = true
	var refused error
	for {
		res, err := http.DefaultTransport.RoundTrip(req) // a redirect is an answer
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			refused = err
		case err != nil && refused != nil && ctx.Err() != nil: // the timeout came during an attempt
			return nil, fmt.Errorf("%w, and in the end: %w", refused, err)
		default:
			return res, err
		}
		select {
		case <-time.After(p.timeout / 10):
		case <-ctx.Done():
			return nil, err
		}
	}
}
