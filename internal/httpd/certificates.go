package httpd

import (
	"crypto/tls"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// lookInterval is the least time between two looks at the files of a server.
const lookInterval = time.Second

// certificates are what a server with TLS has of its files, which are looked at in handshakes, and used when they have changed and fit
// together. They outlive a run, with the keys of the tickets by which clients resume sessions.
type certificates struct {
	server  config.Server
	tickets *tls.Config // that of all connections, which leads to the one in use
	inUse   atomic.Pointer[tls.Config]
	warn    atomic.Pointer[func(warning string)]

	mu       sync.Mutex // guards what follows; its holder looks at the files
	looked   time.Time
	stamps   [tlsFiles]stamp  // of the files when they were read
	texts    [tlsFiles][]byte // of the files in use
	failed   error            // of the last reading
	reported bool             // failed is
}

// stamp says whether a file is the one that was read.
type stamp struct {
	device, inode uint64
	size          int64
	modified      time.Time
}

func stampsOf(c config.Server) (stamps [tlsFiles]stamp) {
	for file, path := range tlsPaths(c) {
		if info, err := os.Stat(path); path != "" && err == nil {
			stamps[file] = stamp{size: info.Size(), modified: info.ModTime()}
			if s, ok := info.Sys().(*syscall.Stat_t); ok {
				stamps[file].device, stamps[file].inode = uint64(s.Dev), s.Ino
			}
		}
	}
	return stamps
}

// newCertificates reads the files of a server.
func newCertificates(c config.Server) (*certificates, error) {
	t := &certificates{server: c}
	t.stamps = stampsOf(c) // before they are read: what changes meanwhile is read again
	texts, err := readPEM(c)
	if err != nil {
		return nil, err
	}
	t.looked = time.Now()
	return t, t.use(texts)
}

// use makes the contents of files count for all handshakes that begin.
func (t *certificates) use(texts [tlsFiles][]byte) error {
	made, err := tlsConfig(t.server, texts)
	if err != nil {
		return err
	}
	t.texts = texts
	t.inUse.Store(made)
	if t.tickets == nil {
		t.tickets = &tls.Config{
			NextProtos:         made.NextProtos,
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.look(time.Now()), nil },
		}
	}
	return nil
}

// config is that of all connections; nil: there is no TLS.
func (t *certificates) config() *tls.Config {
	if t == nil {
		return nil
	}
	return t.tickets
}

// look returns what a handshake uses. If another one looks at the files, which may take long, it does not wait.
func (t *certificates) look(now time.Time) *tls.Config {
	if t.mu.TryLock() {
		if now.Sub(t.looked) >= lookInterval {
			t.looked = now
			t.refresh(now)
		}
		t.mu.Unlock()
	}
	return t.inUse.Load()
}

// refresh reads the files if they have changed. What cannot be used is reported at the next look: the files are replaced one after the
// other.
func (t *certificates) refresh(now time.Time) {
	stamps := stampsOf(t.server)
	if stamps == t.stamps {
		if t.failed != nil && !t.reported {
			t.reported = true
			t.report("tls_cert of [" + t.server.Section + "] cannot be used, going on with the old one: " + t.failed.Error())
		}
		return
	}
	t.stamps, t.reported = stamps, false
	texts, err := readPEM(t.server)
	if err == nil {
		err = t.use(texts)
	}
	if t.failed = err; err == nil {
		t.reportExpired(now)
	}
}

// reportExpired warns about a certificate that is not valid.
func (t *certificates) reportExpired(now time.Time) {
	if warning := expired(t.server, t.inUse.Load().Certificates[0].Leaf, now); warning != "" {
		t.report(warning)
	}
}

func (t *certificates) report(warning string) {
	if warn := t.warn.Load(); warn != nil {
		(*warn)(warning)
	}
}

// serves reports whether the certificates are those that a server needs.
func (t *certificates) serves(c config.Server) bool {
	return tlsPaths(t.server) == tlsPaths(c) && t.server.Section == c.Section && t.server.TLSRequest == c.TLSRequest && t.server.TLS13 == c.TLS13
}

// certificatesFor returns the certificates of a server among those that are known, or reads them; nil: the server has no TLS.
func certificatesFor(c config.Server, known []*certificates) (*certificates, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	if i := slices.IndexFunc(known, func(t *certificates) bool { return t.serves(c) }); i >= 0 {
		return known[i], nil
	}
	return newCertificates(c)
}

// NameServers adds to each server with TLS the name in its certificate, as far as that can be read.
func NameServers(servers []config.Server) {
	for i := range servers {
		c := &servers[i]
		if c.TLSCert == "" {
			continue
		}
		if text, err := readFile(*c, certFile, c.TLSCert); err == nil {
			if chain, err := certificatesIn(*c, certFile, [tlsFiles][]byte{text}); err == nil {
				c.TLSName = nameIn(*c, chain[0])
			}
		}
	}
}

// CertificatesState is what a server with TLS uses, so that an upgrade does not depend on its files.
type CertificatesState struct {
	Server   int    `json:"server"`
	Cert     []byte `json:"cert"`
	Key      []byte `json:"key"`
	ClientCA []byte `json:"client_ca,omitempty"`
}

// export returns the state.
func (t *certificates) export(server int) CertificatesState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return CertificatesState{server, t.texts[certFile], t.texts[keyFile], t.texts[clientCAFile]}
}

// importCertificates makes certificates of a state. The files are looked at in the next handshake.
func importCertificates(c config.Server, s CertificatesState) (*certificates, error) {
	t := &certificates{server: c}
	return t, t.use([tlsFiles][]byte{s.Cert, s.Key, s.ClientCA})
}
