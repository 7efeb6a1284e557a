package httpd

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// The files of a server with TLS, in the order in which they are read.
const (
	certFile = iota
	keyFile
	clientCAFile
	tlsFiles
)

// tlsKeys are the keys that name the files.
var tlsKeys = [tlsFiles]string{"tls_cert", "tls_key", "tls_client_ca"}

// maxPEM is the largest of these files, in bytes.
const maxPEM = 1 << 20

func tlsPaths(c config.Server) [tlsFiles]string {
	return [tlsFiles]string{c.TLSCert, c.TLSKey, c.TLSClientCA}
}

// KeyError is an error about the value of a key of a server.
type KeyError struct {
	Key, Value, Text string
	section          string
}

func (e *KeyError) Error() string { return e.Text }

func keyError(c config.Server, file int, format string, args ...any) error {
	path := tlsPaths(c)[file]
	return &KeyError{Key: tlsKeys[file], Value: path, section: c.Section, Text: tlsKeys[file] + " " + path + " " + fmt.Sprintf(format, args...)}
}

// readPEM reads the files of a server. Those that are not set are empty.
func readPEM(c config.Server) (texts [tlsFiles][]byte, err error) {
	for file, path := range tlsPaths(c) {
		if path == "" {
			continue
		}
		if texts[file], err = readFile(c, file, path); err != nil {
			return texts, err
		}
	}
	return texts, nil
}

// unreadable is the error for a file that cannot be read. Its permissions are looked at with the rights that supervisord has after user=.
func unreadable(c config.Server, file int, path string, err error) error {
	why := reason(err)
	if errors.Is(err, unix.EACCES) {
		why += fmt.Sprintf(" to supervisord, which has uid %d", os.Geteuid())
	}
	return &KeyError{Key: tlsKeys[file], Value: path, section: c.Section, Text: fmt.Sprintf("cannot read %s %s: %s", tlsKeys[file], path, why)}
}

func readFile(c config.Server, file int, path string) ([]byte, error) {
	fd, info, err := safefile.OpenRead(path, safefile.None)
	if err != nil {
		return nil, unreadable(c, file, path, err)
	}
	defer unix.Close(fd)
	switch {
	case !info.IsRegular():
		return nil, keyError(c, file, "is not a plain file")
	case info.Size > maxPEM:
		return nil, keyError(c, file, "is larger than 1 MiB")
	}
	text := make([]byte, 0, info.Size+1)
	for len(text) <= maxPEM {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := unix.Read(fd, text[len(text):cap(text)])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, unreadable(c, file, path, err)
		case n == 0:
			return text, nil
		default:
			text = text[:len(text)+n]
		}
	}
	return nil, keyError(c, file, "is larger than 1 MiB")
}

// tlsConfig makes what the contents of the files mean. No error has a part of a key.
func tlsConfig(c config.Server, texts [tlsFiles][]byte) (*tls.Config, error) {
	pair, err := certificate(c, texts)
	if err != nil {
		return nil, err
	}
	made := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	if c.TLS13 {
		made.MinVersion = tls.VersionTLS13
	}
	if c.TLSClientCA == "" {
		return made, nil
	}
	chain, err := certificatesIn(c, clientCAFile, texts)
	if err != nil {
		return nil, err
	}
	made.ClientCAs, made.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	for _, ca := range chain {
		made.ClientCAs.AddCert(ca)
	}
	if c.TLSRequest {
		made.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return made, nil
}

// certificate returns the certificate of the server, with its chain and key.
func certificate(c config.Server, texts [tlsFiles][]byte) (pair tls.Certificate, err error) {
	chain, err := certificatesIn(c, certFile, texts)
	if err != nil {
		return pair, err
	}
	key, err := privateKey(c, texts)
	if err != nil {
		return pair, err
	}
	public, comparable := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(chain[0].PublicKey) {
		return pair, keyError(c, keyFile, "does not belong to tls_cert %s", c.TLSCert)
	}
	pair.Leaf, pair.PrivateKey = chain[0], key
	for _, link := range chain {
		pair.Certificate = append(pair.Certificate, link.Raw)
	}
	return pair, nil
}

// certificatesIn returns the certificates in a file, at least one.
func certificatesIn(c config.Server, file int, texts [tlsFiles][]byte) (list []*x509.Certificate, err error) {
	for block := range blocks(texts[file]) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		found, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, keyError(c, file, "has a certificate that cannot be read: %v", err)
		}
		list = append(list, found)
	}
	if len(list) == 0 {
		return nil, keyError(c, file, "has no certificate in the format PEM")
	}
	return list, nil
}

func privateKey(c config.Server, texts [tlsFiles][]byte) (crypto.Signer, error) {
	for block := range blocks(texts[keyFile]) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, keyError(c, keyFile, "is encrypted; supervisord can only use a key without a passphrase")
		}
		for _, parse := range []func([]byte) (any, error){x509.ParsePKCS8PrivateKey, parse(x509.ParsePKCS1PrivateKey), parse(x509.ParseECPrivateKey)} {
			if key, err := parse(block.Bytes); err == nil {
				if signer, ok := key.(crypto.Signer); ok {
					return signer, nil
				}
			}
		}
		return nil, keyError(c, keyFile, "has a private key that cannot be read")
	}
	return nil, keyError(c, keyFile, "has no private key in the format PEM")
}

func parse[T any](f func([]byte) (T, error)) func([]byte) (any, error) {
	return func(text []byte) (any, error) { return f(text) }
}

// blocks yields the blocks of a text in the format PEM.
func blocks(text []byte) func(yield func(*pem.Block) bool) {
	return func(yield func(*pem.Block) bool) {
		for {
			var block *pem.Block
			if block, text = pem.Decode(bytes.TrimSpace(text)); block == nil || !yield(block) {
				return
			}
		}
	}
}

// expired returns a warning if the certificate of a server is not valid at a time.
func expired(c config.Server, leaf *x509.Certificate, now time.Time) (warning string) {
	const date = "2006-01-02 15:04:05 UTC"
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Sprintf("the certificate of [%s] has expired at %s", c.Section, leaf.NotAfter.UTC().Format(date))
	case now.Before(leaf.NotBefore):
		return fmt.Sprintf("the certificate of [%s] is not valid before %s", c.Section, leaf.NotBefore.UTC().Format(date))
	}
	return ""
}

// nameIn returns a name under which clients can verify the certificate of a server: where the server listens, if the certificate has it,
// else the first name or address in it.
func nameIn(c config.Server, leaf *x509.Certificate) string {
	for _, own := range []string{strings.Trim(c.Host, "[]"), "localhost"} {
		if own != "" && leaf.VerifyHostname(own) == nil {
			return own
		}
	}
	for _, name := range leaf.DNSNames {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	for _, address := range leaf.IPAddresses {
		return address.String()
	}
	return ""
}
