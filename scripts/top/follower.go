package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/screen"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// Sizes of logs, in bytes.
const (
	streamHead = 1024      // what a stream begins with: the end of the log
	earlierLen = 256 << 10 // what is read at once of the text before
	maxEarlier = 8 << 20   // text further back is not fetched
	maxPending = 1 << 20   // text that the screen has not taken yet; more is left out
	kept       = 256 << 10 // of it, when it is too much
)

// redraw is the shortest time between two texts for the screen.
const redraw = 50 * time.Millisecond

// follower reads a log that is open.
type follower struct {
	source        *source
	number        int
	name, channel string
	send          func(screen.Event)

	mu       sync.Mutex
	head     []byte // the first lines that were read
	received int    // bytes since the begin of head
	begin    bool   // head is the beginning of the log
	pending  []byte
	gap      bool
	ended    string
	over     bool
}

// follow reads the log until the context ends.
func (f *follower) follow(ctx context.Context) {
	var stream io.ReadCloser
	var err error
	if f.name == "" {
		stream, err = f.source.server.FollowMainLog(ctx)
	} else {
		stream, err = f.source.server.FollowLog(ctx, f.name, f.channel)
	}
	if err != nil {
		f.send(screen.LogEnded{Number: f.number, Reason: reason(err)})
		return
	}
	defer stream.Close()
	arrived := make(chan struct{}, 1)
	go f.forward(ctx, arrived)
	buffer := make([]byte, 64<<10)
	for {
		n, err := stream.Read(buffer)
		f.add(buffer[:n], err)
		select {
		case arrived <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// reason is why there is no log.
func reason(err error) string {
	var status *client.HTTPError
	if errors.As(err, &status) && (status.Code == 404 || status.Code == 410) {
		return "there is no such log"
	}
	return err.Error()
}

// add takes text of the stream. It begins in the midst of a line, unless the log is shorter.
func (f *follower) add(text []byte, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.head == nil && len(text) > 0 {
		f.begin = len(text) < streamHead
		if i := bytes.IndexByte(text, '\n'); !f.begin && i >= 0 {
			text = text[i+1:]
		}
		f.head = bytes.Clone(text[:min(len(text), streamHead)])
	}
	f.received += len(text)
	f.pending = append(f.pending, text...)
	if len(f.pending) > maxPending {
		rest := f.pending[len(f.pending)-kept:]
		f.pending, f.gap = bytes.Clone(rest[bytes.IndexByte(rest, '\n')+1:]), true
	}
	if err != nil {
		f.over, f.ended = true, "the log has ended: "+err.Error()
		if errors.Is(err, io.EOF) {
			f.ended = "the log has ended"
		}
	}
}

// forward sends the texts to the screen.
func (f *follower) forward(ctx context.Context, arrived <-chan struct{}) {
	first := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-arrived:
		}
		f.mu.Lock()
		text, gap, over, ended := f.pending, f.gap, f.over, f.ended
		f.pending, f.gap = nil, false
		begin := first && f.begin
		f.mu.Unlock()
		if len(text) > 0 {
			f.send(screen.LogText{Number: f.number, Text: text, Begin: begin, Gap: gap})
			first = false
		}
		if over {
			f.send(screen.LogEnded{Number: f.number, Reason: ended})
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(redraw):
		}
	}
}

// earlier reads the text before what was read. XML-RPC tells no position in a log, so the end of the log is read, and the text that
// was read is found in it.
func (f *follower) earlier(ctx context.Context) screen.Event {
	f.mu.Lock()
	head, received := f.head, f.received
	f.mu.Unlock()
	answer := screen.LogEarlier{Number: f.number}
	before, err := f.end(ctx, received+earlierLen)
	if err != nil {
		answer.Failed = err.Error()
		return answer
	}
	whole := len(before) < received+earlierLen
	last := len(before) - received + len(head) // the text may have become longer since
	i := bytes.LastIndex(before[:max(min(last, len(before)), 0)], head)
	if len(head) == 0 || i < 0 {
		answer.Failed = "the log has been rotated or cleared"
		return answer
	}
	text := before[:i]
	if !whole {
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	answer.Text, answer.Begin = text, whole
	f.mu.Lock()
	f.received += len(text)
	f.head = bytes.Clone(append(text[:len(text):len(text)], head...)[:min(len(text)+len(head), streamHead)])
	f.mu.Unlock()
	return answer
}

// end reads the last n bytes of the log.
func (f *follower) end(ctx context.Context, n int) ([]byte, error) {
	if n > maxEarlier {
		return nil, fmt.Errorf("text more than %d MB before the end is not shown here", maxEarlier>>20)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	server := f.source.server
	var data []byte
	var text string
	var err error
	if f.name == "" {
		data, err = server.MainLogEnd(ctx, n)
	} else {
		data, err = server.LogEnd(ctx, f.name, f.channel, n)
	}
	if !errors.Is(err, client.ErrNoLogEnd) {
		return data, err
	}
	switch {
	case f.name == "":
		text, err = server.ReadLog(ctx, -n, 0)
	case f.channel == "stderr":
		text, err = server.ReadProcessStderrLog(ctx, f.name, -n, 0)
	default:
		text, err = server.ReadProcessStdoutLog(ctx, f.name, -n, 0)
	}
	return []byte(text), err
}
