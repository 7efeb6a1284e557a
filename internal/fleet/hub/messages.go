package hub

import (
	"errors"
	"fmt"
	"log"
	"sync"
)

// messages takes what the server logs: warnings and errors go on, the rest is dropped. It keeps the last error, which is the only place
// where some failures are said.
type messages struct {
	to *log.Logger

	mu   sync.Mutex
	last string
}

// Noticef drops a message.
func (m *messages) Noticef(string, ...any) {}

// Warnf logs a message.
func (m *messages) Warnf(format string, v ...any) { m.to.Printf("WARN nats: "+format, v...) }

// Errorf logs and keeps a message.
func (m *messages) Errorf(format string, v ...any) {
	m.to.Printf("ERROR nats: "+format, v...)
	m.keep(fmt.Sprintf(format, v...))
}

// Fatalf keeps a message; the caller ends.
func (m *messages) Fatalf(format string, v ...any) { m.keep(fmt.Sprintf(format, v...)) }

// Debugf drops a message.
func (m *messages) Debugf(string, ...any) {}

// Tracef drops a message.
func (m *messages) Tracef(string, ...any) {}

func (m *messages) keep(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = text
}

// why returns the last error.
func (m *messages) why() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == "" {
		return errors.New("the NATS server gives no reason")
	}
	return errors.New(m.last)
}
