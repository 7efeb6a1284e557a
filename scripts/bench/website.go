package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// website is a server in the bench whose answers are short, or never come.
type website struct {
	url   string
	asked atomic.Int64 // requests so far
	stop  func() error
}

// openWebsite starts one on a port of its own.
func openWebsite(silent bool) (*website, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	site := &website{url: fmt.Sprintf("http://%s/", listener.Addr())}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site.asked.Add(1)
		if silent {
			<-r.Context().Done()
		}
	})}
	site.stop = server.Close
	go server.Serve(listener) // until stop
	return site, nil
}

// await waits until there have been so many requests.
func (w *website) await(ctx context.Context, requests int64, exited <-chan struct{}) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for w.asked.Load() < requests {
		select {
		case <-ticker.C:
		case <-exited:
			return fmt.Errorf("after %d of %d requests: %w", w.asked.Load(), requests, errDaemonExited)
		case <-ctx.Done():
			return fmt.Errorf("after %d of %d requests: %w", w.asked.Load(), requests, context.Cause(ctx))
		}
	}
	return nil
}
