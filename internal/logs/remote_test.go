package logs

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ownRemotes gives a test Remotes of its own. Reports returns what they have reported, after at least n reports.
func ownRemotes(t *testing.T) (reports func(n int) []string) {
	t.Helper()
	before := remotes
	remotes = &remoteRegistry{at: map[Server]*Remote{}}
	var mu sync.Mutex
	var list []string
	more := make(chan struct{}, 1000)
	ReportRemotes(func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, fmt.Sprintf(format, args...))
		more <- struct{}{}
	})
	t.Cleanup(func() {
		for _, r := range remotes.all() {
			if stopped := r.stop(); stopped != nil {
				<-stopped
			}
			r.mu.Lock()
			r.disconnect()
			r.mu.Unlock()
		}
		remotes = before
	})
	return func(n int) []string {
		for range n {
			<-more
		}
		mu.Lock()
		defer mu.Unlock()
		got := list
		list = nil
		return got
	}
}

var remoteHeader = &Header{Facility: 1, Severity: 6, Name: "web", Channel: "stdout", PID: func() int { return 42 }, RFC5424: true, Remote: true}

// frame reads a record of a stream.
func frame(in *bufio.Reader) (string, error) {
	length, err := in.ReadString(' ')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
	if err != nil {
		return "", err
	}
	record := make([]byte, n)
	_, err = io.ReadFull(in, record)
	return string(record), err
}

func listenTCP(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func accept(t *testing.T, l net.Listener) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, bufio.NewReader(conn)
}

// expect reads records and compares what follows their headers.
func expect(t *testing.T, in *bufio.Reader, lines ...string) {
	t.Helper()
	for _, want := range lines {
		got, err := frame(in)
		if err != nil || !strings.HasPrefix(got, "<14>1 ") || !strings.HasSuffix(got, " web 42 stdout - "+want) {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
}

// TestRemoteReconnects checks that one connection is made by the first record, that a closed one is made anew by the next, and that what
// had not arrived is sent again.
func TestRemoteReconnects(t *testing.T) {
	ownRemotes(t)
	l := listenTCP(t)
	s := Server{Scheme: "tcp", Address: l.Addr().String()}
	r := RemoteOf(s)
	r.send(remoteHeader, []byte("one\ntwo\n"))
	conn, in := accept(t, l)
	expect(t, in, "one", "two")
	RemoteOf(s).send(remoteHeader, []byte("three"))
	expect(t, in, "three")
	conn.Close()
	for { // until the end of the connection is known
		r.mu.Lock()
		known := r.conn == nil
		r.mu.Unlock()
		if known {
			break
		}
		runtime.Gosched()
	}
	r.send(remoteHeader, []byte("four"))
	_, in = accept(t, l)
	expect(t, in, "four")
}

// TestRemoteSendsAgain checks that records for a server that ends without having read them are sent to the next one, in order.
func TestRemoteSendsAgain(t *testing.T) {
	reports := ownRemotes(t)
	l := listenTCP(t)
	r := RemoteOf(Server{Scheme: "tcp", Address: l.Addr().String()})
	line := strings.Repeat("x", 1000)
	const records = 3000 // more than the kernel holds
	for i := range records {
		r.send(remoteHeader, fmt.Appendf(nil, "%d %s", i, line))
	}
	conn, in := accept(t, l)
	expect(t, in, "0 "+line)
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	conn.Close() // a reset
	_, in = accept(t, l)
	first := -1
	for next := 0; next < records-1; next++ {
		got, err := frame(in)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(got, " - ")
		n, _, _ := strings.Cut(text, " ")
		number, err := strconv.Atoi(n)
		if err != nil {
			t.Fatalf("%.200q: %v", got, err)
		}
		if first < 0 {
			first, next = number, number
		}
		if number != next {
			t.Fatalf("got %d, want %d", number, next)
		}
	}
	if runtime.GOOS == "linux" && first > 2000 { // what the first connection had accepted is at most what its buffers hold
		t.Errorf("the second connection begins with %d", first)
	}
	if got := reports(1); len(got) != 1 || !strings.HasPrefix(got[0], "syslog_server tcp://"+l.Addr().String()+": ") {
		t.Errorf("%q", got)
	}
}

// covers: LOG-83
// A line of 20 KB is three datagrams, and none is cut within a character.
func TestRemoteDatagrams(t *testing.T) {
	ownRemotes(t)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := RemoteOf(Server{Scheme: "udp", Address: conn.LocalAddr().String()})
	line := "x" + strings.Repeat("é", 10<<10-1) + "y" // 20 KB
	r.send(remoteHeader, []byte(line))
	buf := make([]byte, 64<<10)
	got := ""
	for i := range 3 {
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		head, text, _ := strings.Cut(string(buf[:n]), " web 42 stdout - ")
		if !strings.HasPrefix(head, "<14>1 ") || len(text) > 8<<10 || i < 2 && len(text) < 8<<10-3 || strings.ToValidUTF8(text, "") != text {
			t.Errorf("%q and %d bytes", head, len(text))
		}
		got += text
	}
	if got != line {
		t.Error("the text differs")
	}
	r.send(remoteHeader, []byte("next"))
	n, _, err := conn.ReadFrom(buf)
	if err != nil || !bytes.HasSuffix(buf[:n], []byte(" - next")) {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

// covers: LOG-84
// A server that accepts a connection and never reads holds up no caller, and bounds what waits; what is dropped is counted.
func TestRemoteThatDoesNotRead(t *testing.T) {
	reports := ownRemotes(t)
	l := listenTCP(t)
	r := RemoteOf(Server{Scheme: "tcp", Address: l.Addr().String()})
	line := bytes.Repeat([]byte("x"), 99)
	chunk := bytes.Repeat(append(line, '\n'), 1000)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	const total = 1_000_000
	for range total / 1000 {
		r.send(remoteHeader, chunk)
	}
	if grown := heap() - before; grown > 6<<20 {
		t.Errorf("%d bytes more", grown)
	}
	r.mu.Lock()
	size, lost := r.queue.size, r.lost
	r.mu.Unlock()
	if size > limit || lost == 0 {
		t.Errorf("%d bytes wait, %d records are lost", size, lost)
	}
	EndRemotes(0)
	if got := reports(1); len(got) != 1 || !strings.Contains(got[0], fmt.Sprintf(": %d were dropped", lost)) {
		t.Errorf("%q", got)
	}
	_, in := accept(t, l)
	for range total - lost {
		if _, err := frame(in); err != nil {
			t.Fatal(err)
		}
	}
	for { // until nothing is being written
		r.mu.Lock()
		idle := !r.busy
		r.mu.Unlock()
		if idle {
			break
		}
		runtime.Gosched()
	}
	r.send(remoteHeader, []byte("again"))
	got, err := frame(in)
	if err != nil {
		t.Fatal(err)
	}
	dropped := 0
	_, text, _ := strings.Cut(got, " - - ")
	if _, err := fmt.Sscanf(text, "%d records were dropped here, the syslog server did not keep up", &dropped); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if dropped != lost {
		t.Errorf("a record says %d, and %d were dropped", dropped, lost)
	}
	expect(t, in, "again")
}

// authority is a CA in a file, which has signed a certificate for a server on 127.0.0.1 and one for a client.
type authority struct {
	file   string
	pool   *x509.CertPool
	server tls.Certificate
	cert   string // of a client
	key    string
}

func newAuthority(t *testing.T, name string) (a authority) {
	t.Helper()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := func(n int64) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: fmt.Sprint(name, n)}, NotBefore: time.Now().Add(-time.Hour),
			NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	}
	root := template(1)
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	save := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a.file = save("ca.pem", "CERTIFICATE", der)
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.pool = x509.NewCertPool()
	a.pool.AddCert(ca)
	own, err := x509.CreateCertificate(rand.Reader, template(2), ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a.server = tls.Certificate{Certificate: [][]byte{own}, PrivateKey: key}
	a.cert = save("cert.pem", "CERTIFICATE", own)
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.key = save("key.pem", "PRIVATE KEY", text)
	return a
}

// covers: LOG-82
// With TLS, records arrive if the certificate of the server is of the CA in the file; with another one there is one report.
func TestRemoteTLS(t *testing.T) {
	reports := ownRemotes(t)
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	plain := listenTCP(t)
	l := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{ours.server}, ClientCAs: ours.pool,
		ClientAuth: tls.VerifyClientCertIfGiven})
	good := Server{Scheme: "tls", Address: plain.Addr().String(), CA: ours.file, Cert: ours.cert, Key: ours.key}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	RemoteOf(good).send(remoteHeader, []byte("one\ntwo"))
	conn, in := accept(t, l)
	expect(t, in, "one", "two")
	if state := conn.(*tls.Conn).ConnectionState(); len(state.PeerCertificates) != 1 {
		t.Error("the client has no certificate")
	}
	bad := good
	bad.CA = other.file
	wrong := RemoteOf(bad)
	wrong.send(remoteHeader, []byte("lost"))
	for range 2 { // the second attempt is not reported
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if err = conn.(*tls.Conn).Handshake(); err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
		if err == nil {
			t.Fatal("the certificate is accepted")
		}
		conn.Close()
	}
	want := "syslog_server tls://" + plain.Addr().String() + ": x509: certificate signed by unknown authority"
	if got := reports(1); len(got) != 1 || !strings.HasPrefix(got[0], want) {
		t.Errorf("%q, want %q", got, want)
	}
	if (Server{Scheme: "tls", Address: "h:1", CA: "/nonexistent"}).Check() == nil || (Server{Scheme: "tls", Address: "h:1", CA: ours.key}).Check() == nil {
		t.Error("a file without a certificate is accepted")
	}
}

// TestRemoteIsHandedOver checks that records that wait are sent by the next program, also one that was sent in part, and what it knows.
// covers: L12-b
func TestRemoteIsHandedOver(t *testing.T) {
	ownRegistry(t)
	ownRemotes(t)
	l := listenTCP(t)
	s := Server{Scheme: "tcp", Address: l.Addr().String()}
	r := RemoteOf(s)
	line := strings.Repeat("x", 1000)
	const records = 3000 // more than the kernel holds
	for i := range records {
		r.send(remoteHeader, fmt.Appendf(nil, "%d %s", i, line))
	}
	conn, in := accept(t, l)
	next := 0
	receive := func(in *bufio.Reader) {
		t.Helper()
		for next < records {
			got, err := frame(in)
			if err != nil { // the beginning of a record that comes again
				return
			}
			if want := fmt.Sprintf(" - %d %s", next, line); !strings.HasSuffix(got, want) {
				t.Fatalf("got %.80q, want record %d", got, next)
			}
			next++
		}
	}
	got, err := frame(in)
	if err != nil || !strings.HasSuffix(got, " - 0 "+line) {
		t.Fatalf("%.80q, %v", got, err)
	}
	next++
	freezeAll(t)
	Thaw() // the upgrade is refused, and the same program goes on
	freezeAll(t)
	state := remoteStates()
	remotes.mu.Lock()
	remotes.at = map[Server]*Remote{}
	remotes.mu.Unlock()
	r.mu.Lock()
	r.disconnect()
	r.mu.Unlock()
	receive(in)
	conn.Close()
	if len(state) != 1 {
		t.Fatalf("%d states", len(state))
	}
	if next < records {
		remotes.freeze(true)
		importRemote(state[0])
		Begin()
	}
	for next < records { // there is one more connection if a record was cut when the upgrade was refused
		var again net.Conn
		again, in = accept(t, l)
		receive(in)
		again.Close()
	}
	if next != records {
		t.Errorf("%d records", next)
	}
	if d := cmp.Diff(s, state[0].Server); d != "" {
		t.Error(d)
	}
}

func remoteStates() (list []RemoteState) {
	for _, r := range remotes.all() {
		list = append(list, r.export())
	}
	return list
}

func TestBackoff(t *testing.T) {
	var b backoff
	now := time.Unix(1000, 0)
	var got []float64
	for range 9 {
		got = append(got, b.wait(now).Seconds())
		now = now.Add(b.wait(now))
		b.tried = now
		b.failed(now, false)
	}
	if d := cmp.Diff([]float64{0, 1, 2, 4, 8, 16, 32, 60, 60}, got); d != "" {
		t.Error(d)
	}
	b.failed(now.Add(time.Millisecond), true)
	if b.wait(now) != time.Minute {
		t.Errorf("after a connection that ended at once: %s", b.wait(now))
	}
	if b.failed(now.Add(time.Second), true); b.wait(now) != 0 {
		t.Errorf("after a good connection: %s", b.wait(now))
	}
	if b.tried, b.delay = now, time.Minute; b.wait(now.Add(time.Hour)) != 0 {
		t.Error("the delay is over")
	}
}
