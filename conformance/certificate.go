package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func cmdCertificate(ts *testscript.TestScript, neg bool, args []string) {
	ca, age := "", time.Hour
	for len(args) > 0 && args[0] != "" && args[0][0] == '-' {
		switch {
		case args[0] == "-ca" && len(args) > 1:
			ca, args = args[1], args[2:]
		case args[0] == "-expired":
			age, args = 24*time.Hour, args[1:]
		default:
			ts.Fatalf("certificate: unknown option %s", args[0])
		}
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: certificate [-ca NAME] [-expired] NAME [HOST...]")
	}
	begin := time.Now().Add(-age)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	ts.Check(err)
	made := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: args[0]}, NotBefore: begin, NotAfter: begin.Add(2 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	for _, host := range args[1:] {
		if ip := net.ParseIP(host); ip != nil {
			made.IPAddresses = append(made.IPAddresses, ip)
		} else {
			made.DNSNames = append(made.DNSNames, host)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	parent, signer := made, key
	if ca == "" {
		made.IsCA, made.KeyUsage = true, made.KeyUsage|x509.KeyUsageCertSign
	} else {
		parent, err = x509.ParseCertificate(readBlock(ts, ca+".pem"))
		ts.Check(err)
		parsed, err := x509.ParsePKCS8PrivateKey(readBlock(ts, ca+".key"))
		ts.Check(err)
		signer = parsed.(*ecdsa.PrivateKey)
	}
	signed, err := x509.CreateCertificate(rand.Reader, made, parent, &key.PublicKey, signer)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	writeBlock(ts, args[0]+".key", "PRIVATE KEY", secret)
	writeBlock(ts, args[0]+".pem", "CERTIFICATE", signed)
}

func readBlock(ts *testscript.TestScript, name string) []byte {
	block, _ := pem.Decode([]byte(ts.ReadFile(name)))
	if block == nil {
		ts.Fatalf("%s is no file in the format PEM", name)
	}
	return block.Bytes
}

func writeBlock(ts *testscript.TestScript, name, kind string, content []byte) {
	path := ts.MkAbs(name)
	ts.Check(os.WriteFile(path+".new", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
	ts.Check(os.Rename(path+".new", path))
}
