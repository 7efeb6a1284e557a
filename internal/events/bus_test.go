package events

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// stalledLog is a log whose first line is not written before release is closed.
type stalledLog struct {
	once    sync.Once
	stalled chan struct{} // closed when the first line is being written
	release chan struct{}
}

func (l *stalledLog) Write(p []byte) (int, error) {
	l.once.Do(func() { close(l.stalled) })
	<-l.release
	return len(p), nil
}

// within fails the test if f does not return.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal(what)
	}
}

// TestStalledLog shows that the lock of the bus is not held while a line is written: other events do not wait for the log.
func TestStalledLog(t *testing.T) {
	log := &stalledLog{stalled: make(chan struct{}), release: make(chan struct{})}
	pt := newPoolTest(t, 1, 1, func(o *PoolOptions) {
		o.Events, o.Log = []string{"REMOTE_COMMUNICATION"}, logs.NewMain(log, api.Warn)
	})
	pt.emit("a")
	overflowed := make(chan struct{})
	go func() { pt.emit("b"); close(overflowed) }() // and logs it
	<-log.stalled
	other := pt.bus.NewPool(PoolOptions{Name: "other", Events: []string{"TICK"}, BufferSize: 10})
	within(t, "the bus is locked while a line is written", func() {
		pt.bus.Add(other)
		pt.bus.Emit(api.Tick5, Tick(5))
	})
	select {
	case <-overflowed:
		t.Error("Emit returned before its line was written")
	default:
	}
	close(log.release)
	<-overflowed
}

// TestHandlerWithoutLock shows that a result handler may use the bus, and that its listener is not sent anything meanwhile.
func TestHandlerWithoutLock(t *testing.T) {
	var pt *poolTest
	pt = newPoolTest(t, 1, 10, func(o *PoolOptions) {
		o.Handle = func([]byte) error {
			pt.emit("b")
			pt.got(0, "0 0 a")
			return nil
		}
	})
	pt.receive(0, "READY\n")
	pt.emit("a")
	within(t, "the bus is locked while the handler runs", func() { pt.receive(0, "RESULT 2\nOKREADY\n") })
	pt.got(0, "1 1 b")
}

// TestLogOrder logs from several goroutines: lines keep the order of what they are about, and are written when the call
// that caused them returns.
func TestLogOrder(t *testing.T) {
	pt := newPoolTest(t, 0, 1)
	const goroutines, each = 8, 200
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range each {
				pt.emit("x")
			}
		})
	}
	all.Wait()
	var want strings.Builder
	for i := range goroutines*each - 1 {
		fmt.Fprintf(&want, "ERRO pool pool event buffer overflowed, discarding event %d\n", i)
	}
	var got strings.Builder
	for line := range strings.Lines(pt.log.String()) {
		got.WriteString(line[len("2006-01-02 15:04:05,000 "):])
	}
	if got.String() != want.String() {
		t.Errorf("%d events logged out of order or not at all:\n%.2000s", goroutines*each, got.String())
	}
}
