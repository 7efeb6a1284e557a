//go:build unix && !linux

package httpd

// watch does nothing: on this system, a removed socket file is noticed at SIGUSR2.
func (s *Servers) watch() {}

// continueWatch is not called: no program has had a descriptor for this.
func (s *Servers) continueWatch(int) {}
