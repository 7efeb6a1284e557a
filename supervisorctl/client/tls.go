package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// TLS names the files for https:// addresses. All are in the format PEM; an empty path is none.
type TLS struct {
	CA   string // certificates of authorities, one of which has signed that of the server; empty: those that the system trusts
	Cert string // the certificate of the client, with its chain
	Key  string // its private key
}

// config reads the files. The certificate of the server is always verified: one that signs itself is its own CA.
func (t TLS) config(host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &FileError{"tls_ca", t.CA, err}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, &FileError{"tls_ca", t.CA, errNoCertificate}
		}
	}
	switch {
	case t.Cert == "" && t.Key == "":
		return c, nil
	case t.Key == "":
		return nil, &FileError{"tls_cert", t.Cert, errors.New("there is no tls_key")}
	case t.Cert == "":
		return nil, &FileError{"tls_key", t.Key, errors.New("there is no tls_cert")}
	}
	cert, err := os.ReadFile(t.Cert)
	if err != nil {
		return nil, &FileError{"tls_cert", t.Cert, err}
	}
	key, err := os.ReadFile(t.Key)
	if err != nil {
		return nil, &FileError{"tls_key", t.Key, err}
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, &FileError{"tls_cert", t.Cert, err}
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

var errNoCertificate = errors.New("there is no certificate in the format PEM")

// FileError is an error of a file for TLS.
type FileError struct {
	Key, Path string
	Err       error
}

func (e *FileError) Error() string {
	var path *os.PathError
	if errors.As(e.Err, &path) {
		return fmt.Sprintf("cannot read %s %s: %v", e.Key, e.Path, path.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Key, e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// TLSError means that there is no connection by TLS. Unverified means that the certificate of the server is not what it should be.
type TLSError struct {
	Address    string
	Unverified bool
	Text       string
}

func (e *TLSError) Error() string { return e.Text }

// dialTLS connects by TLS.
func dialTLS(ctx context.Context, network, address string, config *tls.Config) (net.Conn, error) {
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, handshakeError(address, err, len(config.Certificates) > 0)
	}
	return &httpConn{Conn: conn, address: address, shows: len(config.Certificates) > 0}, nil
}

// handshakeError says what is wrong with a server that was reached. Shows is true if there is a certificate for it.
func handshakeError(address string, err error, shows bool) error {
	var (
		unknown x509.UnknownAuthorityError
		other   x509.HostnameError
		invalid x509.CertificateInvalidError
		failed  *tls.CertificateVerificationError
		plain   tls.RecordHeaderError
	)
	unverified := func(format string, args ...any) error {
		return &TLSError{address, true, "the certificate of " + address + " " + fmt.Sprintf(format, args...)}
	}
	const date = "2006-01-02 15:04:05 UTC"
	switch {
	case errors.As(err, &plain):
		return &TLSError{address, false, address + " does not speak TLS; its address may begin with http://"}
	case errors.As(err, &other):
		if len(other.Certificate.DNSNames)+len(other.Certificate.IPAddresses) == 0 {
			return unverified("has no subjectAltName, which is needed besides a common name")
		}
		return unverified("is for %s, not for %s", strings.Join(hostsIn(other.Certificate), ", "), other.Host)
	case errors.As(err, &unknown):
		return unverified("is not signed by an authority that is known; tls_ca= in [supervisorctl] makes one known")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().After(invalid.Cert.NotAfter):
		return unverified("has expired at %s", invalid.Cert.NotAfter.UTC().Format(date))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return unverified("is not valid before %s", invalid.Cert.NotBefore.UTC().Format(date))
	case errors.As(err, &failed):
		return unverified("cannot be verified: %v", failed.Err)
	}
	return refusal(address, err, shows)
}

// refusal says why the server ends a connection, if err is that it does so by an alert of TLS.
func refusal(address string, err error, shows bool) error {
	var failed *net.OpError
	switch {
	case !errors.As(err, &failed) || failed.Op != "remote error":
	case shows:
		return &TLSError{address, false, fmt.Sprintf("%s refuses the connection (%v); it does not accept the certificate that tls_cert= in "+
			"[supervisorctl] names", address, failed.Err)}
	default:
		return &TLSError{address, false, fmt.Sprintf("%s refuses the connection (%v); tls_cert= and tls_key= in [supervisorctl] name a "+
			"certificate for it", address, failed.Err)}
	}
	return err
}

func hostsIn(c *x509.Certificate) (list []string) {
	list = append(list, c.DNSNames...)
	for _, a := range c.IPAddresses {
		list = append(list, a.String())
	}
	return list
}
