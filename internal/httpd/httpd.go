// Package httpd is the HTTP side of supervisord: listening sockets on TCP and Unix, authentication, routes, and the
// streams that follow a log. It knows nothing of processes; what it serves comes in as functions. Open and Close are
// called by main, the handlers run in the goroutines of their requests.
package httpd

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
)

// Limits of what a client may send and how long it may keep us waiting. Nothing runs while nobody is connected.
const (
	maxHeader   = 64 << 10 // bytes
	maxBody     = 32 << 20 // bytes
	headerWait  = time.Minute
	bodyWait    = 5 * time.Minute
	takingWait  = time.Minute // for a piece of an answer; streams may stand still for ever
	idleWait    = 30 * time.Minute
	closingWait = 2 * time.Second // for answers on their way when the servers are closed
)

// Services is what the servers give access to. All functions may be called from any goroutine; those that are nil make
// the path unknown.
type Services struct {
	// Call answers an XML-RPC request: dst with the answer behind it, or, if done is not nil, an answer that others get as
	// well, and done is called when it has been sent. Another status than 200 makes an error page, 0 closes the connection
	// instead. The body is the caller's again when Call returns.
	Call func(ctx context.Context, body, dst []byte) (response []byte, done func(), status int)
	// ProcessLog is the path of the log of a channel of the process that namespec names.
	ProcessLog func(namespec string, channel api.Channel) (path string, ok bool)
	// MainLog is the path of the main log.
	MainLog func() (path string, ok bool)
	// Pages answers all that nothing else is in charge of.
	Pages Pages
	// Access, if not nil, gets a line for each answer. Source: loglevel, "trace".
	Access func(line string)
}

// Servers is a set of open listening sockets and what runs on them.
type Servers struct {
	listeners []*listener
	servers   []*http.Server // those of what is not a plain call
	crowds    []*crowd
	services  Services
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	mu        sync.Mutex // guards closed against answers that begin
	closed    bool
	answers   sync.WaitGroup
}

// Open opens the sockets of all servers in their order. Clients can connect from then on and wait until Serve. If one
// cannot be opened, the others are closed again; the error is a usage error with the original's text. Notes on sockets
// that were left behind go to stderr. Source: inet_http_server, unix_http_server.
func Open(servers []config.Server, stderr io.Writer) (*Servers, error) {
	s := &Servers{}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, c := range servers {
		l, err := listen(c, stderr)
		if err != nil {
			s.Close()
			return nil, openError(c, err)
		}
		s.listeners = append(s.listeners, l)
	}
	return s, nil
}

// Serve begins to answer requests and returns at once. To be called once.
func (s *Servers) Serve(services Services) {
	s.services = services
	for _, l := range s.listeners {
		h := &handler{Servers: s, config: l.config, crowd: new(crowd)}
		server := &http.Server{
			Handler:                      h,
			ReadHeaderTimeout:            headerWait,
			IdleTimeout:                  idleWait,
			MaxHeaderBytes:               maxHeader,
			ConnState:                    h.turn,
			ConnContext:                  withConn,
			DisableGeneralOptionsHandler: true,
			ErrorLog:                     log.New(io.Discard, "", 0),
		}
		s.servers = append(s.servers, server)
		s.crowds = append(s.crowds, h.crowd)
		d := &door{handler: h, listener: l, odd: make(chan net.Conn)}
		go d.open()
		go func() { _ = server.Serve(d) }()
	}
}

// Close closes the sockets, removes the socket files that are still ours, ends streams and idle connections, and gives
// answers on their way a moment. A second Close does nothing.
func (s *Servers) Close() {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if was {
		return
	}
	for _, l := range s.listeners {
		l.close()
	}
	s.cancel()
	done := make(chan struct{})
	go func() {
		s.answers.Wait()
		close(done)
	}()
	patience := time.NewTimer(closingWait)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
	}
	for _, server := range s.servers {
		_ = server.Close()
	}
	for _, k := range s.crowds {
		k.close()
	}
}

// begin counts an answer that Close has to wait for; false when it is too late for one.
func (s *Servers) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.answers.Add(1)
	return true
}
