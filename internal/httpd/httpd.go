// Package httpd is the HTTP side of supervisord: listening sockets on TCP and Unix, authentication, routes, and the
// streams that follow a log. It knows nothing of processes: what it serves are functions of its caller. Open, Serve and
// Close are called by main; the handlers run in the goroutines of their connections. Package fast, below, accepts the
// connections and answers most calls.
package httpd

import (
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// Limits of a request, beside those of package fast, and of Close.
const (
	maxHeader     = budget.HeaderBytes
	maxBody       = 32 << 20 // bytes
	maxForm       = 1 << 20  // bytes of the body of another request than a call
	bodyTimeout   = 5 * time.Minute
	pieceTimeout  = 30 * time.Second // for the next bytes of a body
	unreadTimeout = 5 * time.Second  // for a body that is not read
	closeTimeout  = 2 * time.Second  // for responses that are being made or sent
)

// Services are the functions that the servers give access to. They may be called from any goroutine. The paths of those
// that are nil are unknown.
type Services struct {
	// Call answers an XML-RPC request. It returns dst with the response appended or, if done is not nil, a response that is
	// shared with other requests; done is called when it has been sent. A status other than 200 is answered with an error
	// page, and 0 closes the connection. Call does not keep body.
	Call func(ctx context.Context, body, dst []byte) (response []byte, done func(), status int)
	// ProcessLog is the log of a channel of the process that namespec names. Ctx, as that of all requests, has the access.Caller.
	ProcessLog func(ctx context.Context, namespec string, channel api.Channel) (log logs.Source, ok bool)
	// MainLog is the main log.
	MainLog func() (log logs.Source, ok bool)
	// API answers the requests below /api; nil: there is none.
	API API
	// Pages answers the requests for all other paths.
	Pages Pages
	// Metrics answers the requests for /metrics, as Pages does.
	Metrics Pages
	// Panicked, if not nil, is called for a panic while a request is answered, in the goroutine of the panic.
	Panicked func(failure any)
	// Down, if not nil, is closed when calls cannot be answered any more; Stop or Close follows soon. New connections then wait
	// for the next run.
	Down <-chan struct{}
	// Answered, if not nil, is called at the end of each response.
	Answered func()
	// Audit records what is refused, and what is read by other ways than calls and pages. Nil: nothing does.
	Audit *audit.Log
	// FailedLogin, if not nil, is called with a line about one or several failed logins.
	FailedLogin func(line string)
	// Rebound, if not nil, is called with a warning when a socket file was not in its place any more.
	Rebound func(warning string)
	// Warned, if not nil, is called with a warning about a certificate, in the goroutine of a connection.
	Warned func(warning string)
	// Busy, if not nil, returns what a request waits for that cannot be handed over, or "".
	Busy func() string
	// Users and LoginLimit are those of the configuration with which the servers begin.
	Users      []access.User
	LoginLimit access.Limit
	// Access, if not nil, is called with a line for each response. Source: logging.html#activity-log-levels.
	Access func(line string)
}

// Servers is a set of open listening sockets and the servers that run on them, until Stop or Close.
type Servers struct {
	accepting    sync.WaitGroup // the acceptors
	servers      []*http.Server // for what the acceptors do not answer
	conns        *fast.Set
	services     Services
	logins       failedLogins
	policy       atomic.Pointer[access.Policy]
	limit        atomic.Pointer[access.Limit] // of failed logins
	throttle     access.Throttle
	streaming    sync.Mutex
	streams      map[*admitted]struct{} // answers that may take long, guarded by streaming
	checks       *access.Checks
	ctx          context.Context // canceled by Close
	cancel       context.CancelFunc
	opening      sync.Mutex // one call of Prepare or Rebind opens at a time
	rebinding    sync.Mutex // the sockets are not taken while Rebind exchanges some: locked after opening, before mu
	mu           sync.Mutex // guards what follows
	listeners    []listener
	permits      bool            // the policy comes from more than names and passwords of servers, or has
	certificates []*certificates // of servers with TLS, of this run and prepared
	prepared     []*socket       // for the next run
	learned      map[*config.Config][]learned
	imported     *ServersState // until Begin
	handed       []*os.File    // the descriptors of its sockets, of which the listeners have copies
	watcher      int           // descriptor that reports what becomes of socket files; 0: none
	ended        bool          // Stop or Close was called
	closed       bool          // no response begins any more
	responses    sync.WaitGroup
}

// Open opens the sockets of all servers in their order. Clients can connect from then on; they are answered after Serve.
// If a socket cannot be opened, the others are closed again; the error is a usage error with the original's text. Stale
// sockets that are removed are reported on stderr. Source: inet_http_server, unix_http_server.
func Open(servers []config.Server, stderr io.Writer) (*Servers, error) {
	return (*Servers)(nil).Next(servers, stderr)
}

// Serve starts answering requests and returns. It is called once.
func (s *Servers) Serve(services Services) {
	s.services = services
	s.start()
	s.watch()
}

// start starts answering requests.
func (s *Servers) start() {
	s.logins.report = s.services.FailedLogin
	if s.policy.Load() == nil { // else it was imported
		s.begins()
	}
	s.conns = fast.NewSet()
	for i := range s.listeners {
		if t := s.listeners[i].secure; t != nil && s.services.Warned != nil {
			t.warn.Store(&s.services.Warned)
			t.files.Load().reportExpired(t, time.Now())
		}
		s.serve(i)
	}
}

// serve starts an acceptor and a server for a socket.
func (s *Servers) serve(i int) {
	l := &s.listeners[i]
	call := s.call
	if s.services.Call == nil {
		call = nil
	}
	l.resume()
	c := l.config
	if l.counts == nil {
		l.counts = new(counts)
	}
	h := &handler{Servers: s, config: c, server: i, counts: l.counts}
	acceptor := fast.New(l.socket, fast.Options{
		TLS:         l.secure.config(),
		Authorities: l.secure.authorities,
		Dropped:     s.services.Answered,
		Admit:       h.admitCall,
		HostAllowed: hostFunc(l.config),
		Server:      i,
		Kind:        kindOf(l.config),
		Set:         s.conns,
		Begin:       s.begin,
		End:         s.finish,
		ErrorPage:   errorPage,
		Access:      h.accessFunc(),
		Answered:    l.counts.answered,
		Panicked:    s.panicked,
		Closed:      s.ctx.Done(),
		Leave:       l.leave,
		Call:        call,
	})
	server := &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            fast.HeaderTimeout,
		IdleTimeout:                  fast.IdleTimeout,
		MaxHeaderBytes:               maxHeader,
		ConnState:                    acceptor.ConnState,
		ConnContext:                  acceptor.ConnContext,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(io.Discard, "", 0),
	}
	l.acceptor = acceptor
	s.servers = append(s.servers, server)
	s.accepting.Go(acceptor.Run)
	go func() { _ = server.Serve(acceptor) }()
	for _, c := range l.takeLeft() {
		acceptor.Take(c.conn, c.ahead)
	}
}

// Close closes the sockets, removes the socket files that are still ours, closes streams and idle connections, and waits
// up to closeTimeout for responses that have begun. After Stop it closes what that left open. A second Close does nothing.
func (s *Servers) Close() {
	if s == nil {
		return
	}
	closeAll(s.takeAll())
	s.end()
}

// end closes streams and connections and waits for responses. The acceptors have been stopped.
func (s *Servers) end() {
	s.cancel()
	s.accepting.Wait()
	s.mu.Lock()
	before := s.closed
	s.closed = true
	s.mu.Unlock()
	if before {
		return
	}
	if s.conns != nil {
		s.conns.Leave()
	}
	done := make(chan struct{})
	go func() {
		s.responses.Wait()
		close(done)
	}()
	timeout := time.NewTimer(closeTimeout)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
	}
	if s.conns != nil {
		s.conns.Close() // first: net/http waits for the rest of an answer
	}
	for _, server := range s.servers {
		_ = server.Close()
	}
	s.logins.close()
}

func kindOf(c config.Server) fast.Kind {
	if c.Unix {
		return fast.Unix
	}
	return fast.TCP
}

// call is services.Call. A panic in it is answered with status 500: a defect met by one request must not end the daemon.
func (s *Servers) call(ctx context.Context, body, dst []byte) (response []byte, done func(), status int) {
	defer func() {
		if failure := recover(); failure != nil {
			s.panicked(failure)
			response, done, status = dst, nil, http.StatusInternalServerError
		}
	}()
	return s.services.Call(ctx, body, dst)
}

// panicked reports a panic.
func (s *Servers) panicked(failure any) {
	if s.services.Panicked != nil && failure != http.ErrAbortHandler {
		s.services.Panicked(failure)
	}
}

func (s *Servers) down() bool {
	select {
	case <-s.services.Down:
		return true
	default:
		return false
	}
}

// begin counts a response that Close waits for. It returns false when the servers are closed.
func (s *Servers) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.down() {
		return false
	}
	s.responses.Add(1)
	return true
}

// finish ends a response that begin counted.
func (s *Servers) finish() {
	if s.services.Answered != nil {
		s.services.Answered()
	}
	s.responses.Done()
}
