package logs

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// Server is a syslog server.
type Server struct {
	Scheme  string `json:"scheme"`         // udp, tcp or tls
	Address string `json:"address"`        // host:port
	CA      string `json:"ca,omitempty"`   // file of certificates that are trusted; empty: those of the system
	Cert    string `json:"cert,omitempty"` // file of our certificate; empty: none
	Key     string `json:"key,omitempty"`  // of its key
}

func (s Server) String() string { return s.Scheme + "://" + s.Address }

// longestDatagram is the most that the lines of a datagram have, in bytes. Longer ones become several records.
const longestDatagram = 8 << 10

// Remote sends records to a syslog server. Callers never wait: records are queued up to a limit, and a goroutine sends them, which exists
// only while some wait. It connects with the first record. After a failure it does so again after 1, 2, 4 … 60 seconds, while records wait;
// what is not known to have arrived is sent again then. All channels and the main log share the Remote of a server.
type Remote struct {
	server Server

	mu      sync.Mutex
	queue   recordQueue
	record  []byte  // buffer for the next record
	dropped int     // records dropped that no record has counted yet
	lost    int     // all records dropped
	header  *Header // of the last one
	failing bool    // it was reported that nothing can be sent
	busy    bool    // the goroutine exists
	frozen  bool
	conn    *remoteConn // nil: there is no connection
	backoff backoff
	cancel  context.CancelFunc // ends what the goroutine waits for; nil: it does not wait
	empty   chan struct{}      // closed when all has been sent, or cannot be sent now; nil: not waited for
	stopped chan struct{}      // closed when the goroutine has ended; nil: not waited for
}

// send queues each line of text as a record.
func (r *Remote) send(h *Header, text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range linesOf(text) {
		severity, line := h.split(line)
		r.add(entry{header: h, severity: severity, line: line})
	}
	r.start()
}

// sendRecord queues a record, for lines of the main log.
func (r *Remote) sendRecord(e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(e)
	r.start()
}

// add queues a record, or several if the line is too long for a datagram. The lock is held.
func (r *Remote) add(e entry) {
	for r.server.Scheme == "udp" && len(e.line) > longestDatagram {
		part, n := e, longestDatagram
		for n > longestDatagram-utf8.UTFMax && !utf8.RuneStart(e.line[n]) {
			n--
		}
		part.line, e.line = e.line[:n], e.line[n:]
		r.push(part)
	}
	r.push(e)
}

// push queues a record. The lock is held.
func (r *Remote) push(e entry) {
	r.header = e.header
	if r.dropped > 0 {
		if !r.busy && r.conn != nil {
			r.queue.arrived(r.conn.arrived())
		}
		if r.queue.size > highWater {
			r.drop()
			return
		}
		r.queue.push(r.format(r.note()))
		r.dropped = 0
	}
	if record := r.format(e); r.queue.size+len(record)+recordOverhead > limit {
		r.drop()
	} else {
		r.queue.push(record)
	}
}

func (r *Remote) drop() {
	r.dropped++
	r.lost++
}

// note is about the records that were dropped.
func (r *Remote) note() entry {
	h := Header{Facility: r.header.Facility, PID: os.Getpid, RFC5424: r.header.RFC5424, Remote: true}
	return entry{header: &h, severity: warning,
		line: fmt.Appendf(nil, "%d records were dropped here, the syslog server did not keep up", r.dropped)}
}

// format makes a record, which is valid until the next call. In a stream, its length comes first.
func (r *Remote) format(e entry) []byte {
	b := e.header.append(r.record[:0], e.severity, time.Now())
	b = append(append(b, e.prefix...), e.line...)
	if r.server.Scheme != "udp" {
		n := len(b)
		b = append(strconv.AppendInt(b, int64(n), 10), ' ')
		length := len(b) - n
		b = append(b, b[:n]...)
		copy(b, b[n:n+length])
		copy(b[length:], b[n+length:])
		b = b[:length+n]
	}
	if cap(b) <= maxKeptLine {
		r.record = b
	}
	return b
}

// start starts the goroutine if there is something to send. The lock is held.
func (r *Remote) start() {
	if r.busy || r.frozen || r.queue.unsent() == 0 {
		return
	}
	r.busy = true
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go r.run(ctx)
}

// run sends until nothing is left, or frozen.
func (r *Remote) run(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.frozen && r.queue.unsent() > 0 {
		if r.conn == nil {
			r.connect(ctx)
			continue
		}
		conn := r.conn
		list := r.queue.next(conn.batch())
		r.mu.Unlock()
		ends, err := conn.write(list)
		r.mu.Lock()
		r.wrote(conn, len(list), ends, err)
	}
	r.busy = false
	r.cancel()
	closeIfWaited(&r.empty)
	closeIfWaited(&r.stopped)
}

// wrote notes what has come of writing n records: the ends of those that were written, and why the others were not. The lock is held.
func (r *Remote) wrote(conn *remoteConn, n int, ends []int64, err error) {
	if r.conn != conn { // it was closed meanwhile, and everything will be sent again
		return
	}
	for _, end := range ends {
		r.queue.records[r.queue.sent].end = end
		r.queue.sent++
	}
	if err == nil {
		r.queue.arrived(conn.arrived())
		if r.failing && r.backoff.good(time.Now()) {
			r.failing = false
			r.report("syslog_server %s takes records again", r.server)
		}
		return
	}
	if r.frozen { // the rest of a record that was cut is of no use to the next connection, and this one goes on without it
		r.queue.arrived(conn.written)
		r.disconnect()
		return
	}
	r.broken(conn, err)
}

// connect connects, or waits until it is time to. The lock is held, but not while it waits.
func (r *Remote) connect(ctx context.Context) {
	now := time.Now()
	if wait := r.backoff.wait(now); wait > 0 {
		closeIfWaited(&r.empty)
		r.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		r.mu.Lock()
		return
	}
	r.backoff.tried = now
	r.mu.Unlock()
	conn, err := dial(ctx, r.server)
	r.mu.Lock()
	switch {
	case err == nil && r.frozen:
		conn.close()
	case err == nil:
		r.conn, r.backoff.tried = conn, time.Now()
		go r.watch(conn)
	case !r.frozen:
		r.fail(err)
		r.backoff.failed(time.Now(), false)
	}
}

// watch waits until a connection ends.
func (r *Remote) watch(conn *remoteConn) {
	err := conn.watch()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken(conn, err)
	r.start()
}

// broken notes that a connection has ended. The error is nil if the server has closed it. The lock is held.
func (r *Remote) broken(conn *remoteConn, err error) {
	if r.conn != conn {
		return
	}
	if err != nil {
		r.fail(err)
	}
	r.queue.arrived(conn.arrived())
	r.disconnect()
	r.backoff.failed(time.Now(), true)
}

// disconnect closes the connection. The lock is held.
func (r *Remote) disconnect() {
	if r.conn != nil {
		r.conn.close()
		r.conn = nil
		r.queue.again()
	}
}

// fail reports why nothing can be sent, once until that is over. The lock is held.
func (r *Remote) fail(err error) {
	if !r.failing {
		r.failing = true
		r.report("syslog_server %s: %v, records wait until it takes them", r.server, networkReason(err))
	}
}

// report has a line logged. The main log may send it to this server, so it comes from another goroutine.
func (r *Remote) report(format string, args ...any) {
	if f := remotes.reporter(); f != nil {
		go f(format, args...)
	}
}
