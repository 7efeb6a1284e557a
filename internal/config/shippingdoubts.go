package config

import "runtime"

// shipping looks for keys about syslog that have no effect.
func (d *doubts) shipping(p *Process) {
	s := p.Shipping()
	scheme, _ := s.Address()
	for key, text := range map[string]string{"syslog_tls_ca": s.CA, "syslog_tls_cert": s.Cert, "syslog_tls_key": s.Key} {
		if text != "" && scheme != "tls" {
			d.add(p.Section, key, "it has no effect: syslog_server is no tls://")
		}
	}
	for key, set := range map[string]bool{"stdout_journald": s.OutJournald, "stderr_journald": s.ErrJournald} {
		if set && runtime.GOOS != "linux" {
			d.add(p.Section, key, "["+p.Section+"] "+key+" has no effect on this system")
		}
	}
	if s.OutJournald && kindOf(p.Section) == InListener {
		if v, _ := d.value(p.Section, "stdout_journald"); v.Section == "" {
			d.add(p.Section, "stdout_journald", "["+p.Section+"] stdout_journald has no effect: its standard output is the protocol")
		}
	}
	if s.Cert != "" && s.Key == "" {
		d.add(p.Section, "syslog_tls_cert", "it has no effect without syslog_tls_key")
	}
	if s.Key != "" && s.Cert == "" {
		d.add(p.Section, "syslog_tls_key", "it has no effect without syslog_tls_cert")
	}
}
