package config

import (
	"strings"

	"github.com/gosupervisor/supervisor/internal/rotation"
)

// AuditLog says where supervisord records what its clients ask for.
type AuditLog struct {
	Target   string          `json:"target,omitempty"` // an absolute path, AuditSyslog or AuditJournald; empty: nowhere
	MaxBytes Bytes           `json:"maxbytes"`
	Backups  int             `json:"backups"`
	Reads    bool            `json:"reads,omitempty"` // what changes nothing is recorded, too
	Access   LogAccess       `json:"access,omitzero"`
	Rotation rotation.Policy `json:"rotation,omitzero"`
}

// The targets that are no files.
const (
	AuditSyslog   = "syslog"
	AuditJournald = "journald"
)

// HasFile reports whether the target is a file.
func (a *AuditLog) HasFile() bool {
	return a.Target != "" && a.Target != AuditSyslog && a.Target != AuditJournald
}

const auditTopic = "Audit log"

// auditLogType is a target. NONE is an empty text.
var auditLogType = textType.asking("path, `syslog`, `journald` or `NONE`", func(h host, text string) (string, error) {
	switch word := strings.ToLower(text); word {
	case "none":
		return "", nil
	case AuditSyslog, AuditJournald:
		return word, nil
	}
	path, err := h.logPath(text)
	if err != nil {
		return "", err
	}
	return h.normalize(path), nil
})

// auditKeys are the keys about the audit log.
var auditKeys = func() (rows []row[settings]) {
	rows = []row[settings]{
		&daemonKey[string]{Key: Key{Name: "audit_log", Topic: auditTopic, Since: Ours, Default: "`NONE`", Other: "/tmp/other.audit",
			Help: "where is recorded who has asked supervisord for what, see [audit log](security.md#audit-log): a file, `syslog`, `journald`, or `NONE`"},
			Type: auditLogType, Field: func(s *settings) *string { return &s.Audit.Target }},
		&daemonKey[Bytes]{Key: Key{Name: "audit_log_maxbytes", Topic: auditTopic, Since: Ours, Other: "2KB",
			Help: "size at which the audit log is rotated; 0: never"},
			Type: sizeType, Absent: 50 << 20, Field: func(s *settings) *Bytes { return &s.Audit.MaxBytes }},
		&daemonKey[int]{Key: Key{Name: "audit_log_backups", Topic: auditTopic, Since: Ours, Other: "6", Help: "rotated audit logs to keep"},
			Type: intType, Absent: 10, Field: func(s *settings) *int { return &s.Audit.Backups }},
		&daemonKey[bool]{Key: Key{Name: "audit_reads", Topic: auditTopic, Since: Ours, Other: "true",
			Help: "record what changes nothing, too: states, configuration, logs, pages"},
			Type: boolType, Field: func(s *settings) *bool { return &s.Audit.Reads }},
	}
	rows = append(rows, daemonRotateKeys("audit_log", auditTopic, func(s *settings) *rotation.Policy { return &s.Audit.Rotation })...)
	rows = append(rows, daemonAccessKeys("audit_log", auditTopic, func(s *settings) *LogAccess { return &s.Audit.Access })...)
	for _, r := range rows {
		r.key().Update = atReread
		if r.key().Name == "audit_log_mode" {
			r.key().Default = "0600"
		}
	}
	return rows
}()

// audit looks for keys about the audit log that have no effect.
func (d *doubts) audit(s *Supervisord) {
	a := &s.Audit
	for _, r := range auditKeys[1:] {
		name := r.key().Name
		ending := strings.TrimPrefix(name, "audit_log")
		why := ""
		_, rotates := rotateHelp[ending]
		switch {
		case a.Target == "":
			why = "audit_log is NONE"
		case name == "audit_reads":
		case !a.HasFile():
			why = "audit_log is " + a.Target
		case isSpecial(a.Target) && (rotates || ending == "_maxbytes" || ending == "_backups"):
			why = a.Target + " is not rotated"
		case rotates && ending != "_rotate" && a.Backups <= 0:
			why = "audit_log_backups is 0"
		}
		if _, set := d.value(daemonSection, name); set && why != "" {
			d.add(daemonSection, name, "it has no effect: "+why)
		}
	}
}
