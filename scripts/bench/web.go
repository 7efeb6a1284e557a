package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// page measures the status page of a daemon with a thousand programs: the latency on a persistent connection, and its size.
func (t *turn) page(ctx context.Context, d *daemon) error {
	if !t.wants("page/1000/p50", "page/1000/bytes") {
		return nil
	}
	c, err := d.dial(ctx, "", "")
	if err != nil {
		return err
	}
	defer c.conn.Close()
	c.request = []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	var took []time.Duration
	size := 0
	window := or(t.settings.quick, 300*time.Millisecond, 4*time.Second)
	for from := time.Now(); len(took) < 3 || time.Since(from) < window; {
		began := time.Now()
		if _, err := c.conn.Write(c.request); err != nil {
			return d.explain(err)
		}
		if size, err = c.header(); err != nil {
			return d.explain(fmt.Errorf("the status page: %w", err))
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(c.in, body); err != nil {
			return d.explain(err)
		}
		took = append(took, time.Since(began))
		if n := bytes.Count(body, []byte(`<span class="statusrunning">`)); n != d.load.programs {
			return fmt.Errorf("%d running programs on the status page, not %d", n, d.load.programs)
		}
	}
	t.add("page/1000/p50", milliseconds(percentile(took, 50)))
	t.add("page/1000/bytes", float64(size))
	return nil
}
