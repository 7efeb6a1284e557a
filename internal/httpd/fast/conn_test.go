package fast

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowConsumer sends a response to a client that reads a part of it now and then and stops before the end. The
// connection is closed a minute after that.
// differs: DIFF-129 limits
func TestSlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c, _ := newSet(0).add(ours, TCP)
		from := time.Now()
		go func() {
			for range 3 {
				<-time.After(WriteTimeout * 3 / 4)
				io.ReadFull(theirs, make([]byte, PartSize))
			}
		}()
		_, err := c.Write(make([]byte, 4*PartSize))
		if took := time.Since(from); !errors.Is(err, os.ErrDeadlineExceeded) || took < 2*WriteTimeout || took > 4*WriteTimeout {
			t.Errorf("%v after %v", err, took)
		}
	})
}
