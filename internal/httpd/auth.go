package httpd

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// defaultLimit is the limit of failed logins where there are roles or users.
var defaultLimit = access.Limit{Failures: 10, Within: time.Minute}

// begins makes the policy with which the servers begin.
func (s *Servers) begins() {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	s.checks = access.NewChecks(key)
	rules := config.Rules(s.configs())
	s.permits = s.services.Users != nil || slices.ContainsFunc(rules, access.Rules.IsSet)
	s.permit(rules, s.services.Users, s.services.LoginLimit)
}

// permit makes a policy the one that counts.
func (s *Servers) permit(rules []access.Rules, users []access.User, limit access.Limit) {
	switch {
	case limit.Failures < 0, limit.Failures == 0 && !s.permits:
		limit = access.Limit{}
	case limit.Failures == 0:
		limit = defaultLimit
	}
	s.limit.Store(&limit)
	policy := access.New(rules, users, s.checks)
	s.policy.Store(policy)
	s.streaming.Lock()
	defer s.streaming.Unlock()
	for a := range s.streams {
		if !policy.Gate(a.server).Keeps(a.caller) {
			a.end()
		}
	}
}

// admitted is an answer that may take long, for a caller.
type admitted struct {
	server int
	caller *access.Caller
	end    context.CancelFunc
}

// whileAdmitted returns a request whose context ends when a change of the policy does not keep its caller, or done is called.
func (h *handler) whileAdmitted(r *http.Request) (bound *http.Request, done func()) {
	ctx, cancel := context.WithCancel(r.Context())
	a := &admitted{h.server, access.Of(ctx), cancel}
	h.streaming.Lock()
	defer h.streaming.Unlock()
	if h.streams == nil {
		h.streams = map[*admitted]struct{}{}
	}
	h.streams[a] = struct{}{}
	if !h.gate().Keeps(a.caller) { // it has changed since the request was judged
		cancel()
	}
	return r.WithContext(ctx), func() {
		h.streaming.Lock()
		defer h.streaming.Unlock()
		delete(h.streams, a)
		cancel()
	}
}

// Permit gives the servers a new reading of the configuration: who may do what changes for requests that begin from now on. Where
// neither it nor the one before has a key about that, names and passwords of servers count from a restart, as in the original. A server
// that the reading does not have keeps its keys.
func (s *Servers) Permit(read *config.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.configs()
	for i := range next {
		next[i], _ = wanted(next[i], read)
	}
	changed := s.secures(read, next)
	rules := config.Rules(next)
	if read.Users == nil && !slices.ContainsFunc(rules, access.Rules.IsSet) && !s.permits {
		rules = config.Rules(s.configs())
	} else {
		s.permits = true
	}
	s.permit(rules, read.Users, read.Supervisord.LoginLimit)
	s.endCertified(changed)
}

// endCertified ends the streams of clients with certificates on servers with other authorities now. They connect again.
func (s *Servers) endCertified(servers []int) {
	s.streaming.Lock()
	defer s.streaming.Unlock()
	for a := range s.streams {
		if a.caller.By == access.ByCertificate && slices.Contains(servers, a.server) {
			a.end()
		}
	}
}

// configs are the sections of the servers. The caller holds the lock, or the servers have not begun.
func (s *Servers) configs() (list []config.Server) {
	for _, l := range s.listeners {
		list = append(list, l.config)
	}
	return list
}

// admitCall judges a request of the other reader, unless the server has no calls.
func (h *handler) admitCall(c net.Conn, header string, given bool) (v access.Verdict, final bool) {
	credentials := access.Credentials{Authorization: header}
	if given {
		credentials.Fields = 1
	}
	if !h.gate().Serves(access.RPC) {
		return v, false
	}
	return h.judge(credentials, func() net.Conn { return c }), true
}

func (h *handler) gate() *access.Gate { return h.policy.Load().Gate(h.server) }

// judgeRequest judges a request, unless the other reader has.
func (h *handler) judgeRequest(r *http.Request) access.Verdict {
	if v, judged := fast.TakeVerdict(r.Context()); judged {
		return v
	}
	fields := r.Header["Authorization"]
	c := access.Credentials{Fields: len(fields)}
	if len(fields) > 0 {
		c.Authorization = fields[0]
	}
	return h.judge(c, func() net.Conn { return fast.Conn(r.Context()) })
}

// judge finds the caller of a request, or refuses it: after too many failed logins, before anything is computed.
func (h *handler) judge(c access.Credentials, conn func() net.Conn) access.Verdict {
	gate, limit := h.gate(), *h.limit.Load()
	c.Peer = fast.PeerOf(conn(), gate.AsksProcess())
	limited := c.Fields > 0 && limit.Failures > 0 && !gate.IgnoresWrong()
	if !limited {
		return h.counted(gate.Judge(c))
	}
	place := h.place(conn())
	if wait := h.throttle.Paused(place, time.Now()); wait > 0 {
		return access.Verdict{Status: http.StatusTooManyRequests, Retry: wait}
	}
	v := h.counted(gate.Judge(c))
	if !v.Failed || v.Caller != nil {
		return v
	}
	wait, failures := h.throttle.Failed(limit, place, v.User, time.Now())
	if wait > 0 {
		v.Status, v.Retry = http.StatusTooManyRequests, wait
	}
	if failures > 0 {
		scheme, _, _ := strings.Cut(strings.TrimSpace(c.Authorization), " ")
		h.logins.limited(failures, v, place, scheme)
	}
	return v
}

// counted counts a verdict about a failed login.
func (h *handler) counted(v access.Verdict) access.Verdict {
	if v.Failed && v.Caller == nil {
		h.counts.failures.Add(1)
	}
	return v
}

// place is what is counted of a client: its address, of IPv6 the network of 64 bits, or the user of one on a Unix socket.
func (h *handler) place(c net.Conn) string {
	if h.config.Unix {
		if uid, known := sock.PeerUID(fast.Raw(c)); known {
			return fmt.Sprintf("uid %d", uid)
		}
		return "the Unix socket"
	}
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// refuse answers a request that the verdict refuses.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, v access.Verdict) {
	h.noteLogin(r, v)
	header := w.Header()
	header.Set("Connection", "close")
	switch v.Status {
	case http.StatusUnauthorized:
		h.refused(r, v)
		header.Set("WWW-Authenticate", `Basic realm="default"`)
		if h.gate().HasTokens() {
			header.Add("WWW-Authenticate", "Bearer")
		}
	case http.StatusTooManyRequests:
		header.Set("Retry-After", strconv.Itoa(int((v.Retry+time.Second-1)/time.Second)))
	}
	h.fail(w, r, v.Status)
}
