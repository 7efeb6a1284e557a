package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// apiPrefix begins the paths of the JSON API.
const apiPrefix = "/api/v1"

// ErrNoAPI means that a server has no JSON API: it is the original, an older one, or the API is switched off.
var ErrNoAPI = errors.New("the server has no JSON API")

// Problem is why a request of the JSON API failed (RFC 9457).
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Fault  string `json:"fault"` // the name of the fault; empty: none
	Code   int    `json:"code"`  // its number
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// maxAPIAnswer is the longest answer of the JSON API that is read, in bytes.
const maxAPIAnswer = 256 << 20

// get makes a GET request of the JSON API and stores the answer in the variable that into points to. The statuses are those of answers, besides
// 200. The error is ErrNoAPI, a *Problem, an *HTTPError, or one of the connection.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any, statuses ...int) error {
	u := c.origin
	u.Path, u.RawQuery = apiPrefix+path, query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", "supervisorctl")
	r.Header.Set("Accept", "application/json")
	if c.authorization != "" {
		r.Header.Set("Authorization", c.authorization)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return callError(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAPIAnswer))
	if err != nil {
		return callError(err)
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	good := answer.StatusCode == http.StatusOK
	for _, status := range statuses {
		good = good || answer.StatusCode == status
	}
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return &HTTPError{Host: c.origin.Hostname(), Path: u.Path, Code: answer.StatusCode, Reason: http.StatusText(answer.StatusCode)}
	case kind == "application/problem+json":
		p := &Problem{}
		if err := json.Unmarshal(body, p); err != nil {
			return fmt.Errorf("the server has sent a malformed problem: %w", err)
		}
		if p.Status == http.StatusNotFound && p.Detail == "" { // the server as such has no API
			return ErrNoAPI
		}
		return p
	case answer.StatusCode == http.StatusNotFound:
		return ErrNoAPI
	case !good || kind != "application/json":
		return &HTTPError{Host: c.origin.Hostname(), Path: u.Path, Code: answer.StatusCode, Reason: http.StatusText(answer.StatusCode)}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the server has sent a malformed answer: %w", err)
	}
	return nil
}

// About is a supervisord as it shows itself to the caller.
type About struct {
	Host string `json:"host"` // its name
	Role string `json:"role"` // of the caller: metrics, read, control or full
}

// About returns what a supervisord is, and what the caller may do.
func (c *Client) About(ctx context.Context) (about About, err error) {
	err = c.get(ctx, "/supervisor", nil, &about)
	return about, err
}

// Event is something that has happened.
type Event struct {
	ID       string    `json:"id"`
	Type     string    `json:"event"` // state, group, supervisor, health, member or held
	Time     time.Time `json:"time"`
	Group    string    `json:"group"` // empty: it is about supervisord
	Name     string    `json:"name"`  // empty: it is about a group, or supervisord
	From     string    `json:"from"`
	To       string    `json:"to"`
	PID      int       `json:"pid"`
	Expected *bool     `json:"expected"` // of the end of a child
	Status   *int      `json:"status"`
	Signal   string    `json:"signal"`
	Text     string    `json:"text"`
}

// History returns the last n events that the server keeps, the oldest first; n below 0: all. The error for a server that keeps none is a *Problem.
func (c *Client) History(ctx context.Context, n int) ([]Event, error) {
	var answer struct{ Events []Event }
	query := url.Values{"since": {"all"}, "n": {strconv.Itoa(n)}}
	if n < 0 {
		query.Set("n", "65536")
	}
	err := c.get(ctx, "/events", query, &answer)
	return answer.Events, err
}

// silence is how long a stream of events may send nothing; supervisord sends a comment every 15 seconds.
const silence = 45 * time.Second

// Watch follows the events of the server from now on, and calls each for every event, also for a gap in them; the first call is made, without an
// event, when the stream has begun. It returns when the context or the stream ends; the error is ErrNoAPI for a server that has no streams.
func (c *Client) Watch(ctx context.Context, each func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	header := http.Header{"Accept": {"text/event-stream"}}
	stream, err := c.send(ctx, http.MethodGet, apiPrefix+"/events", nil, http.StatusOK, header)
	var status *HTTPError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return ErrNoAPI
	}
	if err != nil {
		return err
	}
	defer stream.Body.Close()
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	each()
	lines := bufio.NewReader(stream.Body)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) { // the rest of a long line counts as a line
			return callError(err)
		}
		quiet.Reset(silence)
		if bytes.HasPrefix(line, []byte("event:")) {
			each()
		}
	}
}

// Health is whether all is well.
type Health struct {
	OK        bool            `json:"ok"`
	Processes int             `json:"processes"`
	Problems  []HealthProblem `json:"problems"`
}

// HealthProblem is a process that is not well.
type HealthProblem struct {
	Group  string `json:"group"`
	Name   string `json:"name"`
	State  string `json:"state"`
	Detail string `json:"detail"`
}

// Health returns whether all processes that should run do, and are healthy; with live, whether none has failed.
func (c *Client) Health(ctx context.Context, live bool) (health Health, err error) {
	query := url.Values{}
	if live {
		query.Set("mode", "live")
	}
	err = c.get(ctx, "/health", query, &health, http.StatusServiceUnavailable)
	return health, err
}
