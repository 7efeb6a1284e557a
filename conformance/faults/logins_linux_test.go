package faults

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/freeport"
)

// certificate makes a certificate for localhost that signs itself, with its key in the same file.
func (f *fault) certificate() (path string, known *x509.CertPool) {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	made := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	signed, err := x509.CreateCertificate(rand.Reader, made, made, &key.PublicKey, key)
	if err != nil {
		f.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	path = filepath.Join(f.TempDir(), "server.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		f.Fatal(err)
	}
	known = x509.NewCertPool()
	known.AppendCertsFromPEM(text)
	return path, known
}

// covers: SEC-29
func TestSilentHandshakes(t *testing.T) {
	t.Parallel()
	f := begin(t, "1,000 connections that are silent in the handshake of TLS are closed after ten seconds, and others are served meanwhile")
	path, known := f.certificate()
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	d := f.start(setup{own: "minfds=2048", config: fmt.Sprintf("[inet_http_server]\nport=127.0.0.1:%d\ntls_cert=%s\ntls_key=%[2]s\n", port, path)})
	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}, DisableKeepAlives: true}}
	ask := func() {
		answer, err := secure.Get(fmt.Sprintf("https://localhost:%d/ok.html", port))
		if err != nil {
			d.wrong("by TLS: %v", err)
			return
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			d.wrong("by TLS: %s", answer.Status)
		}
	}
	ask()
	d.slowest(50)
	before := d.measure()
	begun := time.Now()
	var ends sync.WaitGroup
	var early, late, wrong atomic.Int64
	for i := range 1000 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			d.stop("connection %d: %v", i, err)
		}
		defer c.Close()
		if i%2 == 0 {
			_, _ = c.Write([]byte("\x16\x03\x01")) // the beginning of a record
		}
		connected := time.Now()
		ends.Go(func() {
			_ = c.SetReadDeadline(connected.Add(timeout()))
			if _, err := io.Copy(io.Discard, c); err != nil && os.IsTimeout(err) {
				wrong.Add(1)
			} else if time.Since(connected) < 9*time.Second {
				early.Add(1) // there are only so many idle connections
			} else {
				late.Add(1)
			}
		})
	}
	during := d.measure()
	slow := d.slowest(100)
	for range 10 {
		ask()
	}
	ends.Wait()
	d.figure("%d were closed early to make room, %d after their time; all within %.0f s; slowest of 100 answers meanwhile %.1f ms; %v meanwhile",
		early.Load(), late.Load(), time.Since(begun).Seconds(), ms(slow), during)
	if wrong.Load() > 0 {
		d.wrong("%d were not closed", wrong.Load())
	}
	if late.Load() == 0 {
		d.wrong("none had ten seconds")
	}
	d.compare("1,000 silent handshakes", before, d.measure(), 4000)
	d.terminate()
}

// covers: SEC-30
func TestWrongLogins(t *testing.T) {
	t.Parallel()
	f := begin(t, "wrong logins from many addresses, as fast as they come, take bounded memory, and known users are served")
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	d := f.start(setup{own: "audit_log={D}/audit.log\naudit_log_maxbytes=100KB", config: fmt.Sprintf(
		"[inet_http_server]\nport=127.0.0.1:%d\n[http_user:alice]\npassword=right\n", port)})
	login := func(from, user, password string) (int, error) {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := dialer.DialContext(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return 0, err
		}
		defer c.Close()
		r, _ := http.NewRequest(http.MethodGet, "http://localhost/ok.html", nil)
		r.SetBasicAuth(user, password)
		if err := r.Write(c); err != nil {
			return 0, err
		}
		text := make([]byte, len("HTTP/1.1 401"))
		_ = c.SetReadDeadline(time.Now().Add(timeout()))
		if _, err := io.ReadFull(c, text); err != nil {
			return 0, err
		}
		var status int
		_, err = fmt.Sscanf(string(text[len("HTTP/1.1 "):]), "%d", &status)
		return status, err
	}
	if status, err := login("127.0.0.1", "alice", "right"); status != http.StatusOK {
		d.stop("%d, %v", status, err)
	}
	d.slowest(50)
	before := d.measure()
	const attackers, each = 8, 2500
	var attack sync.WaitGroup
	var done, failed atomic.Int64
	begun := time.Now()
	for a := range attackers {
		attack.Go(func() {
			for i := range each {
				from := fmt.Sprintf("127.%d.%d.%d", 1+a, i/250, 1+i%250) // 20,000 addresses
				user := "alice"
				if i%3 > 0 {
					user = fmt.Sprintf("user-%d-%d-%s", a, i, strings.Repeat("x", 100))
				}
				switch status, err := login(from, user, "wrong"); {
				case err != nil: // no place; the client may come again
					failed.Add(1)
				case status == http.StatusUnauthorized, status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
					done.Add(1)
				default:
					d.wrong("a wrong login is answered with %d", status)
				}
			}
		})
	}
	over := make(chan struct{})
	go func() { attack.Wait(); close(over) }()
	served := 0
	for running := true; running; {
		select {
		case <-over:
			running = false
		default:
		}
		if status, err := login("127.0.0.1", "alice", "right"); status != http.StatusOK {
			d.wrong("a known user: %d, %v", status, err)
		}
		served++
	}
	took := time.Since(begun)
	d.figure("%d wrong logins in %.1f s (%.0f a second), %d without an answer; %d logins of a known user were right meanwhile; peak %.1f MB",
		done.Load(), took.Seconds(), float64(done.Load())/took.Seconds(), failed.Load(), served, float64(d.peak())/1000)
	if done.Load() < attackers*each/2 {
		d.wrong("only %d were answered", done.Load())
	}
	files, _ := filepath.Glob(d.path("audit.log*"))
	if lines := strings.Count(string(d.read("audit.log")), "\n"); len(files) != 1 || lines > 130+served {
		d.wrong("%d lines in the audit log, files %v", lines, files)
	}
	d.compare("wrong logins", before, d.measure(), 6000)
	d.terminate()
}
