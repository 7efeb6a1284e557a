package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/orphans"
)

// recordPath is where the record of our children is.
func recordPath(own *config.Supervisord) string { return own.Pidfile + ".children" }

// identity is what two supervisords have in common only if they are started twice by mistake: the configuration file, the
// identifier and the addresses of the servers. The pid file alone may be shared by mistake by supervisords that work.
func (d *supervisord) identity(cfg *config.Config) string {
	parts := []string{d.file, cfg.Supervisord.Identifier}
	for _, s := range cfg.Servers {
		parts = append(parts, s.URL())
	}
	return strings.Join(parts, " ")
}

// onlyInstance returns an error if this instance runs already. It is called when our servers are open: usually one of them is
// refused before, unless the file of a Unix socket was removed.
func (d *supervisord) onlyInstance(cfg *config.Config) error {
	if !slices.ContainsFunc(cfg.Servers, func(s config.Server) bool { return s.Unix }) {
		return nil
	}
	pid := orphans.Running(recordPath(&cfg.Supervisord), d.identity(cfg))
	if pid == 0 {
		return nil
	}
	return fmt.Errorf("supervisord with pid %d already runs with this configuration and pid file, but its socket was removed; "+
		"kill -USR2 %[1]d makes it anew", pid)
}
