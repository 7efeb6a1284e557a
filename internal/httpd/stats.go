package httpd

import (
	"crypto/x509"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/metrics"
)

// counts is what is counted of a server.
type counts struct {
	answers  [5]atomic.Uint64 // by the first digit of the status, from 1
	failures atomic.Uint64    // failed logins
}

// answered counts a response.
func (c *counts) answered(status int) {
	if class := status / 100; class >= 1 && class <= len(c.answers) {
		c.answers[class-1].Add(1)
	}
}

// countedWriter counts a response when its header is sent: a client that has got it finds it counted.
type countedWriter struct {
	http.ResponseWriter
	counts *counts
	begun  bool
}

// Unwrap is for http.ResponseController.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *countedWriter) WriteHeader(status int) {
	w.begin(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *countedWriter) Write(b []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.ResponseWriter.Write(b)
}

func (w *countedWriter) begin(status int) {
	if !w.begun {
		w.begun = true
		w.counts.answered(status)
	}
}

func (c *counts) export(s *SocketState) {
	if c == nil { // it has not answered yet
		return
	}
	s.Failures = c.failures.Load()
	for i := range c.answers {
		s.Answers = append(s.Answers, c.answers[i].Load())
	}
}

func importCounts(s *SocketState) *counts {
	c := &counts{}
	c.failures.Store(s.Failures)
	for i := range min(len(s.Answers), len(c.answers)) {
		c.answers[i].Store(s.Answers[i])
	}
	return c
}

// Stats returns what is measured of the servers, in their order.
func (s *Servers) Stats() []metrics.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]metrics.Server, len(s.listeners))
	for i, l := range s.listeners {
		list[i].Name = l.config.Section
		list[i].Expiry = l.secure.expiry()
		if l.counts == nil {
			continue
		}
		list[i].Failures = l.counts.failures.Load()
		for class := range l.counts.answers {
			list[i].Requests[class] = l.counts.answers[class].Load()
		}
	}
	return list
}

// expiry is when the first certificate of the chain in use expires, zero without TLS.
func (t *certificates) expiry() (first time.Time) {
	if t == nil {
		return first
	}
	for _, der := range t.files.Load().inUse.Load().Certificates[0].Certificate {
		if c, err := x509.ParseCertificate(der); err == nil && (first.IsZero() || c.NotAfter.Before(first)) {
			first = c.NotAfter
		}
	}
	return first
}
