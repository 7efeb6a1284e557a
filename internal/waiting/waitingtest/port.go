// Package waitingtest freezes requests in tests.
package waitingtest

import (
	"os"
	"testing"
	"time"
)

// Port is a waiting.Port of one request, which is frozen once.
type Port struct {
	frozen chan struct{}
	parked chan func() []byte
	thawed chan struct{}
}

// New returns a port.
func New() *Port {
	return &Port{make(chan struct{}), make(chan func() []byte, 1), make(chan struct{})}
}

// Frozen implements waiting.Port.
func (p *Port) Frozen() <-chan struct{} {
	select {
	case <-p.thawed:
		return nil
	default:
		return p.frozen
	}
}

// Park implements waiting.Port.
func (p *Port) Park(export func() []byte, _ *os.File) {
	p.parked <- export
	<-p.thawed
}

// Freeze waits until the request is parked, and returns its state.
func (p *Port) Freeze(t *testing.T) []byte {
	t.Helper()
	close(p.frozen)
	select {
	case export := <-p.parked:
		return export()
	case <-time.After(20 * time.Second):
		t.Fatal("the request is not parked")
		return nil
	}
}

// Thaw lets the request go on.
func (p *Port) Thaw() { close(p.thawed) }
