package client

import (
	"context"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// LogRecords are records of a log that were found, and where the search goes on. Source: searchProcessStdoutLog.
type LogRecords = api.LogRecords

// LogRecord is a record of a log.
type LogRecord = api.LogRecord

// LogSearch says which records a search finds. The zero value finds all.
type LogSearch struct {
	Since, Until time.Time // from Since on and before Until; the zero value of each is no limit
	Grep         string    // a regular expression (RE2) that records match; empty: none
	After        string    // Next of the search before, to go on there
	Bytes        int       // how much text is enough; 0: as much as the server returns at most
}

func (s LogSearch) members() map[string]any {
	m := map[string]any{}
	for name, t := range map[string]time.Time{"since": s.Since, "until": s.Until} {
		if !t.IsZero() {
			m[name] = t.Format(time.RFC3339Nano)
		}
	}
	for name, text := range map[string]string{"grep": s.Grep, "after": s.After} {
		if text != "" {
			m[name] = text
		}
	}
	if s.Bytes > 0 {
		m["bytes"] = s.Bytes
	}
	return m
}

// SearchProcessLog finds records of a log of a process, in the order of their times, as many as the server finds in a short time. channel is
// stdout or stderr. The original has no such method.
func (c *Client) SearchProcessLog(ctx context.Context, name, channel string, s LogSearch) (found LogRecords, err error) {
	method := "supervisor.searchProcessStdoutLog"
	if channel == api.Stderr.String() {
		method = "supervisor.searchProcessStderrLog"
	}
	v, err := c.value(ctx, method, name, s.members())
	if err != nil {
		return found, err
	}
	if v.Kind != xmlrpc.Struct {
		return found, &ParseError{errShape}
	}
	records, _ := v.Get("records")
	for _, r := range records.Items {
		text, exact := r.Get("bytes")
		if !exact {
			text, _ = r.Get("text")
		}
		found.Records = append(found.Records, LogRecord{Time: memberText(r, "time"), Text: text.Text})
	}
	more, _ := v.Get("more")
	read, _ := v.Get("read")
	problems, _ := v.Get("problems")
	found.Next, found.More, found.Read = memberText(v, "next"), more.Truth(), int(read.Number)
	for _, p := range problems.Items {
		found.Problems = append(found.Problems, p.Text)
	}
	return found, nil
}
