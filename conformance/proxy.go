package conformance

import (
	"io"
	"net"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// proxy is a TCP proxy that stands for a network: it passes bytes, holds them, or drops connections.
type proxy struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	mode  string // pass, hold or drop
	next  chan struct{}
	conns map[net.Conn]bool
}

// cmdProxy starts the proxy of a script, or changes what it does.
func cmdProxy(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	switch {
	case !neg && len(args) == 2 && s.proxy == nil:
		l, err := net.Listen("tcp", args[0])
		ts.Check(err)
		s.proxy = &proxy{listener: l, to: args[1], mode: "pass", next: make(chan struct{}), conns: map[net.Conn]bool{}}
		s.closers = append(s.closers, s.proxy)
		go s.proxy.accept()
	case !neg && len(args) == 1 && s.proxy != nil && (args[0] == "pass" || args[0] == "hold" || args[0] == "drop"):
		s.proxy.set(args[0])
	default:
		ts.Fatalf("usage: proxy FROM TO, then proxy pass|hold|drop")
	}
}

// Close ends all connections.
func (p *proxy) Close() error {
	err := p.listener.Close()
	p.set("drop")
	return err
}

func (p *proxy) set(mode string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
	close(p.next)
	p.next = make(chan struct{})
	if mode == "drop" {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

// add adds a connection, or closes it.
func (p *proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == "drop" {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *proxy) remove(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

// passes waits while the proxy holds, and reports whether it passes then.
func (p *proxy) passes() bool {
	for {
		p.mu.Lock()
		mode, next := p.mode, p.next
		p.mu.Unlock()
		if mode != "hold" {
			return mode == "pass"
		}
		<-next
	}
}

func (p *proxy) accept() {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.add(from) {
			go p.serve(from)
		}
	}
}

func (p *proxy) serve(from net.Conn) {
	defer p.remove(from)
	if !p.passes() {
		return
	}
	to, err := net.Dial("tcp", p.to)
	if err != nil || !p.add(to) {
		return
	}
	defer p.remove(to)
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(held{pair[1], p}, pair[0])
			done <- struct{}{}
		}()
	}
	<-done // then both are closed
}

// held is a connection to which nothing is written while the proxy holds.
type held struct {
	io.Writer
	proxy *proxy
}

func (h held) Write(b []byte) (int, error) {
	if !h.proxy.passes() {
		return 0, net.ErrClosed
	}
	return h.Writer.Write(b)
}
