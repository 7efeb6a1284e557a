package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// TestReloadKeepsPort restarts supervisord again and again while a rival tries to bind its port, and while clients connect over
// TCP and the Unix socket. The rival never gets the port, and every call is answered, except one that
// reaches the loop in the moment in which it ends.
// covers: SEC-6
// differs: DIFF-170 sockets stay open
func TestReloadKeepsPort(t *testing.T) {
	address := freeAddress(t)
	d := startDaemon(t, fmt.Sprintf("[inet_http_server]\nport=%s\n[program:p]\ncommand=/bin/sleep 1000\nstartsecs=0\n", address))
	before, err := os.Stat(filepath.Join(d.dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var tries, calls, failed atomic.Int64
	until := func(f func()) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f()
				}
			}
		})
	}
	until(func() {
		tries.Add(1)
		if l, err := net.Listen("tcp4", address); err == nil {
			l.Close()
			t.Error("a rival could bind the port")
		}
	})
	for _, url := range []string{"http://" + address, "unix://" + filepath.Join(d.dir, "s")} {
		until(func() {
			c, err := client.New(url, "", "")
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			calls.Add(1)
			var fault *client.Fault
			if _, err := c.State(t.Context()); err != nil && !errors.As(err, &fault) { // SHUTDOWN_STATE is an answer
				failed.Add(1)
				t.Logf("%s: %v", url, err)
			}
		})
	}
	const restarts = 20
	for range restarts {
		pid := d.running("p")
		if err := d.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.wait("p runs again", func() bool {
			info, err := d.ProcessInfo(t.Context(), "p")
			return err == nil && info.PID != 0 && info.PID != pid
		})
	}
	close(stop)
	wg.Wait()
	if tries.Load() == 0 || calls.Load() == 0 {
		t.Error("nothing was tried")
	}
	if failed.Load() > restarts/4 {
		t.Errorf("%d of %d calls failed", failed.Load(), calls.Load())
	}
	if now, err := os.Stat(filepath.Join(d.dir, "s")); err != nil || !os.SameFile(before, now) {
		t.Errorf("the socket file was made again: %v", err)
	}
}
