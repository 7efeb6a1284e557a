package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"
)

// busy measures the latency of calls while a hundred children write short lines as fast as they can.
func busy(ctx context.Context, t *turn) (err error) {
	// More than they can write meanwhile; rotation bounds the logs.
	d, err := t.launch(ctx, load{programs: writers, args: []string{strconv.Itoa(1 << 40)}, extra: []string{
		"stdout_logfile_maxbytes=8MB", "stdout_logfile_backups=0"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	for _, child := range d.alive {
		if err := syscall.Kill(child.pid, syscall.SIGUSR1); err != nil {
			return err
		}
	}
	if _, err := d.await(ctx, writers); err != nil { // all have started to write
		return err
	}
	window := or(t.settings.quick, 500*time.Millisecond, 4*time.Second)
	took, _, err := d.callRepeatedly(ctx, window, 1, 1, "supervisor.getState")
	if err != nil {
		return d.explain(err)
	}
	t.add("busy/getState/p50", milliseconds(percentile(took, 50)))
	t.add("busy/getState/p99", milliseconds(percentile(took, 99)))
	return nil
}

// abusive measures the same with abusive clients: a thousand silent connections, a hundred incomplete requests, twenty announced
// bodies of 1 GiB, and twenty slow consumers that follow a growing log.
func abusive(ctx context.Context, t *turn) (err error) {
	const logged = 64 << 20 // bytes, for the followers
	d, err := t.launch(ctx, load{programs: 1, args: []string{strconv.Itoa(logged)}, extra: []string{"stdout_logfile_maxbytes=0"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	const head = "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: "
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	for _, c := range []struct {
		text  string
		times int
	}{
		{"", 1000}, {head + "100\r\n", 50}, {head + "100\r\n\r\n<?xml", 50},
		{head + "1073741824\r\n\r\n<?xml", 20}, {"GET /logtail/p:p-0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 20},
	} {
		for range c.times {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", d.socket)
			if err != nil {
				return fmt.Errorf("after %d connections: %w", len(open), d.explain(err))
			}
			open = append(open, conn)
			if _, err := io.WriteString(conn, c.text); err != nil && !errors.Is(err, syscall.EPIPE) {
				return err
			}
		}
	}
	if err := syscall.Kill(d.alive[0].pid, syscall.SIGUSR1); err != nil {
		return err
	}
	if _, err := d.await(ctx, 2); err != nil { // it has started to write, and written all
		return err
	}
	window := or(t.settings.quick, 500*time.Millisecond, 3*time.Second)
	took, _, err := d.callRepeatedly(ctx, window, 1, 1, "supervisor.getState")
	if err != nil {
		return d.explain(err)
	}
	t.add("abusive/getState/p50", milliseconds(percentile(took, 50)))
	t.add("abusive/getState/max", milliseconds(percentile(took, 100)))
	memory, err := memoryOfProcess(d.pid)
	if err != nil {
		return err
	}
	t.add("abusive/memory", float64(memory)/1e6)
	return nil
}
