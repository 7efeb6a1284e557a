package httpd

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
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

// certificates are what a server with TLS has of its files. They outlive a run, with the keys of the tickets by which clients resume
// sessions, and a change of the files or of their names.
type certificates struct {
	tickets *tls.Config // that of all connections, which leads to the one in use
	files   atomic.Pointer[tlsSet]
	warn    atomic.Pointer[func(warning string)]
}

// tlsSet is what is used of the files that the keys of a server name, which are looked at in handshakes, and used when they have changed and
// fit together.
type tlsSet struct {
	server config.Server
	inUse  atomic.Pointer[tls.Config]

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

// newCertificates makes the certificates of a server that uses a set.
func newCertificates(set *tlsSet) *certificates {
	t := &certificates{}
	t.files.Store(set)
	t.tickets = &tls.Config{
		NextProtos:         set.inUse.Load().NextProtos,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.look(time.Now()), nil },
	}
	return t
}

// readSet reads the files of a server.
func readSet(c config.Server) (*tlsSet, error) {
	set := &tlsSet{server: c}
	set.stamps = stampsOf(c) // before they are read: what changes meanwhile is read again
	texts, err := readPEM(c)
	if err != nil {
		return nil, err
	}
	set.looked = time.Now()
	return set, set.use(texts)
}

// use makes the contents of files count for all handshakes that begin.
func (f *tlsSet) use(texts [tlsFiles][]byte) error {
	made, err := tlsConfig(f.server, texts)
	if err != nil {
		return err
	}
	if before := f.inUse.Load(); before != nil && bytes.Equal(texts[clientCAFile], f.texts[clientCAFile]) {
		made.ClientCAs = before.ClientCAs // certificates of clients stay verified
	}
	f.texts = texts
	f.inUse.Store(made)
	return nil
}

// config is that of all connections; nil: there is no TLS.
func (t *certificates) config() *tls.Config {
	if t == nil {
		return nil
	}
	return t.tickets
}

// authorities are those that certificates of clients are verified with, nil: there are none.
func (t *certificates) authorities() *x509.CertPool { return t.files.Load().inUse.Load().ClientCAs }

// look returns what a handshake uses. If another one looks at the files, which may take long, it does not wait.
func (t *certificates) look(now time.Time) *tls.Config {
	f := t.files.Load()
	if f.mu.TryLock() {
		if now.Sub(f.looked) >= lookInterval {
			f.looked = now
			f.refresh(t, now)
		}
		f.mu.Unlock()
	}
	return f.inUse.Load()
}

// refresh reads the files if they have changed. What cannot be used is reported at the next look: the files are replaced one after the
// other.
func (f *tlsSet) refresh(t *certificates, now time.Time) {
	stamps := stampsOf(f.server)
	if stamps == f.stamps {
		if f.failed != nil && !f.reported {
			f.reported = true
			t.reportUnusable(f.server, f.failed)
		}
		return
	}
	f.stamps, f.reported = stamps, false
	texts, err := readPEM(f.server)
	if err == nil {
		err = f.use(texts)
	}
	if f.failed = err; err == nil {
		f.reportExpired(t, now)
	}
}

// reportUnusable warns about files that cannot be used.
func (t *certificates) reportUnusable(c config.Server, err error) {
	t.report("tls_cert of [" + c.Section + "] cannot be used, going on with the old one: " + err.Error())
}

// reportExpired warns about a certificate that is not valid.
func (f *tlsSet) reportExpired(t *certificates, now time.Time) {
	if warning := expired(f.server, f.inUse.Load().Certificates[0].Leaf, now); warning != "" {
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
	return t.files.Load().serves(c)
}

func (f *tlsSet) serves(c config.Server) bool {
	return f.server.Section == c.Section && tlsKeysOf(f.server) == tlsKeysOf(c)
}

// certificatesFor returns the certificates of a server among those that are known, or reads them; nil: the server has no TLS.
func certificatesFor(c config.Server, known []*certificates) (*certificates, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	if i := slices.IndexFunc(known, func(t *certificates) bool { return t.serves(c) }); i >= 0 {
		return known[i], nil
	}
	set, err := readSet(c)
	if err != nil {
		return nil, err
	}
	return newCertificates(set), nil
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
	Server   int      `json:"server"`
	Cert     []byte   `json:"cert"`
	Key      []byte   `json:"key"`
	ClientCA []byte   `json:"client_ca,omitempty"`
	Keys     *TLSKeys `json:"keys,omitempty"` // absent: those of the active configuration
}

// TLSKeys are the values of the keys of a server about TLS.
type TLSKeys struct {
	Cert     string `json:"cert"`
	Key      string `json:"key"`
	ClientCA string `json:"client_ca,omitempty"`
	Request  bool   `json:"request,omitempty"`
	TLS13    bool   `json:"tls_13,omitempty"`
}

func tlsKeysOf(c config.Server) TLSKeys {
	return TLSKeys{c.TLSCert, c.TLSKey, c.TLSClientCA, c.TLSRequest, c.TLS13}
}

// in gives a server these values.
func (k TLSKeys) in(c config.Server) config.Server {
	c.TLSCert, c.TLSKey, c.TLSClientCA, c.TLSRequest, c.TLS13 = k.Cert, k.Key, k.ClientCA, k.Request, k.TLS13
	return c
}

// export returns the state.
func (t *certificates) export(server int) CertificatesState {
	f := t.files.Load()
	f.mu.Lock()
	defer f.mu.Unlock()
	return CertificatesState{server, f.texts[certFile], f.texts[keyFile], f.texts[clientCAFile], new(tlsKeysOf(f.server))}
}

// importCertificates makes certificates of a state. The files are looked at in the next handshake.
func importCertificates(c config.Server, s CertificatesState) (*certificates, error) {
	if s.Keys != nil {
		c = s.Keys.in(c)
	}
	set := &tlsSet{server: c}
	if err := set.use([tlsFiles][]byte{s.Cert, s.Key, s.ClientCA}); err != nil {
		return nil, err
	}
	return newCertificates(set), nil
}
