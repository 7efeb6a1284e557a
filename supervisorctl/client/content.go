package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// content is the body of an answer. At its end the connection is kept; closed before, it is closed.
type content struct {
	client  *Client
	link    *link
	ctx     context.Context
	stop    func() bool // ends the watch on ctx
	from    io.Reader
	lasting bool
	over    bool
}

func (b *content) Read(p []byte) (int, error) {
	if b.over {
		return 0, io.EOF
	}
	n, err := b.from.Read(p)
	switch {
	case err == io.EOF:
		b.end(b.lasting)
	case err != nil && b.ctx.Err() != nil:
		err = b.ctx.Err()
	}
	return n, err
}

// Close ends a body, wherever it is.
func (b *content) Close() error {
	if !b.over {
		b.end(false)
	}
	return nil
}

func (b *content) end(keep bool) {
	b.over = true
	if b.stop() && keep {
		_ = b.link.SetDeadline(time.Time{})
		b.client.keep(b.link)
		return
	}
	_ = b.link.Close()
}

// exactly reads that many bytes; fewer are an error.
type exactly struct {
	in   io.Reader
	left int64
}

func (r *exactly) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunks reads a body that comes in pieces, each with its length.
type chunks struct {
	in   *bufio.Reader
	left int64 // of the piece that is being read
	some bool  // a piece was read, and the end of its line is still to come
	err  error // after the last piece
}

var errChunk = errors.New("malformed piece of an answer")

func (r *chunks) Read(p []byte) (int, error) {
	if r.left == 0 && r.err == nil {
		r.err = r.next()
	}
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next reads the length of the next piece: io.EOF after the last one.
func (r *chunks) next() error {
	if r.some {
		if end, err := r.line(); err != nil || end != "" {
			return errors.Join(err, errChunk)
		}
	}
	text, err := r.line()
	if err != nil {
		return err
	}
	digits, _, _ := strings.Cut(text, ";")
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 63)
	if err != nil || n < 0 {
		return errChunk
	}
	r.left, r.some = n, true
	if n > 0 {
		return nil
	}
	for { // trailing fields
		if text, err = r.line(); err != nil {
			return err
		}
		if text == "" {
			return io.EOF
		}
	}
}

func (r *chunks) line() (string, error) {
	line, err := r.in.ReadSlice('\n')
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return strings.TrimRight(string(line), "\r\n"), err
}
