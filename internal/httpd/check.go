package httpd

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// Check returns, for each server, the error of Open, as far as it is known without opening anything. What listens on the same port or
// socket now is no error, except another of the servers. It may wait for a name server. Source: --check.
func Check(servers []config.Server, trial *sock.Trial) []error {
	errs := make([]error, len(servers))
	for i, c := range servers {
		err := checkServer(c, trial)
		for _, before := range servers[:i] {
			if c.Unix && before.Unix && c.File == before.File {
				err = syscall.EADDRINUSE
			}
		}
		if err == nil {
			_, err = certificatesFor(c, nil)
		}
		switch key := (*KeyError)(nil); {
		case errors.As(err, &key):
			errs[i] = key
		case errors.Is(err, syscall.EADDRINUSE):
			errs[i] = usageError("another server of this configuration has this port or file")
		case err != nil:
			errs[i] = usageError(openLine(err))
		}
	}
	return errs
}

// CertificateWarnings returns a warning for each server whose certificate is not valid at a time.
func CertificateWarnings(servers []config.Server, now time.Time) (warnings []string) {
	for _, c := range servers {
		if !c.HasTLS() {
			continue
		}
		texts, err := readPEM(c)
		if err != nil {
			continue // an error of Check
		}
		pair, err := certificate(c, texts)
		if err != nil {
			continue
		}
		if warning := expired(c, pair.Leaf, now); warning != "" {
			warnings = append(warnings, warning)
		}
	}
	return warnings
}

func checkServer(c config.Server, trial *sock.Trial) error {
	if !c.Unix {
		a, err := net.ResolveTCPAddr(tcpAddress(c))
		if err != nil {
			return err
		}
		if err := trial.TCP(a); err != nil {
			return err
		}
		trial.Hold(a)
		return nil
	}
	if _, err := temporaryPath(c); err != nil {
		return err
	}
	if err := trial.Unix(c.File, attributes(c)); err != nil {
		return createError(c, err)
	}
	dir, base, err := sock.OpenDir(c.File, c.UID)
	if err != nil {
		return err
	}
	defer dir.Close()
	if now, err := dir.Lstat(base); err == nil && !now.IsSocket() {
		return sock.ErrNoSocket
	}
	return nil
}

// openLine is the original's text for an error, and the reason.
func openLine(err error) string {
	if text := openText(err); text != err.Error() {
		return text + ": " + reason(err)
	}
	return err.Error()
}
