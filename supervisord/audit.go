package main

import (
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/process"
)

// auditMode is the mode of the audit log without audit_log_mode.
const auditMode = 0o600

// auditOptions are those of the audit log of a configuration.
func auditOptions(own *config.Supervisord) audit.Options {
	a := &own.Audit
	access := process.AccessOf(a.Access)
	if access == nil {
		access = &logs.Access{UID: -1, GID: -1}
	}
	if !access.Exact {
		access.Mode, access.Exact = auditMode, true
	}
	return audit.Options{
		Reads: a.Reads,
		TrailOptions: logs.TrailOptions{
			What: "audit log", Path: a.Target, Facility: own.Shipping.Facility, Tag: own.Shipping.Tag, RFC5424: own.Shipping.IsRFC5424(),
			Remote: process.ServerOf(&own.Shipping), Identifier: own.Identifier,
			File: logs.FileOptions{MaxBytes: int64(a.MaxBytes), Backups: a.Backups, MakeDirs: own.LogDirs, Access: access, Rotation: &a.Rotation},
		},
	}
}

// openAudit opens the audit log of a run.
func openAudit(own *config.Supervisord, main *logs.Main) (*audit.Log, error) {
	l := audit.New(main)
	return l, l.Open(auditOptions(own))
}
