package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// FollowLog opens the stream of a process's log: its last 1024 bytes, then everything that is appended to it. channel is
// stdout or stderr. The stream ends with the context, with Close, or with the daemon. For a process or log that does not
// exist the error is an *HTTPError with code 404.
func (c *Client) FollowLog(ctx context.Context, name, channel string) (io.ReadCloser, error) {
	return c.follow(ctx, "/logtail/"+name+"/"+channel)
}

// FollowMainLog is FollowLog for the main log.
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

// ErrNoLogEnd means that a server does not send the end of a log, because there is no such log, or because it is not ours.
var ErrNoLogEnd = errors.New("the server does not send the end of a log")

// LogEnd returns the last n bytes of a process's log, or less if it is shorter, as they are in the file; ReadProcessStdoutLog
// replaces those that XML cannot hold. channel is stdout or stderr. n is positive. For a server that cannot do it, a process or
// a log that does not exist, or an empty log, the error is ErrNoLogEnd: then ReadProcessStdoutLog has the answer.
func (c *Client) LogEnd(ctx context.Context, name, channel string, n int) ([]byte, error) {
	return c.end(ctx, "/logfile/"+name+"/"+channel, n)
}

// MainLogEnd is LogEnd for the main log.
func (c *Client) MainLogEnd(ctx context.Context, n int) ([]byte, error) {
	return c.end(ctx, "/mainlogfile", n)
}

func (c *Client) end(ctx context.Context, path string, n int) ([]byte, error) {
	header := http.Header{"Range": {fmt.Sprintf("bytes=-%d", n)}}
	resp, err := c.send(ctx, http.MethodGet, path, nil, http.StatusPartialContent, header)
	var status *HTTPError
	switch {
	case errors.As(err, &status) && status.Code != http.StatusUnauthorized:
		return nil, ErrNoLogEnd
	case err != nil:
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(n)))
	if err != nil {
		return nil, callError(err)
	}
	return data, nil
}
