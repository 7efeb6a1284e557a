package config

import (
	"errors"
	"fmt"
	"io/fs"
)

// LogAccess is the mode and the owner of a log file. The zero value leaves both as they are.
type LogAccess struct {
	Mode  LogMode  `json:"mode,omitzero"`
	Owner LogOwner `json:"owner,omitzero"`
}

// LogMode is the mode of a log file.
type LogMode struct {
	Perm fs.FileMode `json:"perm"`
	Set  bool        `json:"set"`
}

// LogOwner is the owner of a log file.
type LogOwner struct {
	UID int  `json:"uid"`
	GID int  `json:"gid"` // -1: unchanged
	Set bool `json:"set"`
}

const (
	logModeHelp  = "exact permissions of the log and its rotated files, see [logs](logs.md#owner-and-mode)"
	logChownHelp = "owner of the log and its rotated files, `user` or `user:group`; needs root"
)

// accessKeys are the keys about the mode and the owner of the log of a channel.
func accessKeys(name string, access func(e *Extra) *LogAccess) []row[Process] {
	return table[Process](Key{Sections: InPrograms | InDefault, Topic: outputTopic, Scope: inProgram, Update: inPlace, Since: Ours},
		&extraKey[LogMode]{Key: Key{Name: name + "_mode", Default: "by the umask", Other: "0640", Help: logModeHelp},
			Type: logModeType(name + "_mode"), Field: func(e *Extra) *LogMode { return &access(e).Mode }},
		&extraKey[LogOwner]{Key: Key{Name: name + "_chown", Default: "unchanged", Other: "0:0", Help: logChownHelp},
			Type: logOwnerType(name + "_chown"), Field: func(e *Extra) *LogOwner { return &access(e).Owner }})
}

// daemonAccessKeys are the same keys for a log of supervisord.
func daemonAccessKeys(name, topic string, access func(s *settings) *LogAccess) []row[settings] {
	return []row[settings]{
		&daemonKey[LogMode]{Key: Key{Name: name + "_mode", Topic: topic, Since: Ours, Default: "by the umask", Other: "0640", Help: logModeHelp},
			Type: logModeType(name + "_mode"), Field: func(s *settings) *LogMode { return &access(s).Mode }},
		&daemonKey[LogOwner]{Key: Key{Name: name + "_chown", Topic: topic, Since: Ours, Default: "unchanged", Other: "0:0", Help: logChownHelp},
			Type: logOwnerType(name + "_chown"), Field: func(s *settings) *LogOwner { return &access(s).Owner }},
	}
}

// logModeType is the type of modes of logs. The name of the key is in the message about a bad one.
func logModeType(key string) *Type[LogMode] {
	return &Type[LogMode]{name: "octal", same: equal[LogMode],
		parse: func(text string) (LogMode, error) {
			mode, err := parseMode(text)
			if err != nil {
				return LogMode{}, errors.New("Invalid " + key + " value " + text)
			}
			return LogMode{Perm: mode, Set: true}, nil
		},
		text: func(m LogMode) string {
			if !m.Set {
				return ""
			}
			return octalText(m.Perm)
		}}
}

func logOwnerType(key string) *Type[LogOwner] {
	return &Type[LogOwner]{name: "owner", same: equal[LogOwner],
		ask: func(h host, text string) (LogOwner, error) {
			o, err := h.ownerOf(text)
			if err != nil {
				return LogOwner{}, errors.New("Invalid " + key + " value " + text)
			}
			return LogOwner{UID: o.uid, GID: o.gid, Set: true}, nil
		},
		text: func(o LogOwner) string {
			switch {
			case !o.Set:
				return ""
			case o.GID < 0:
				return fmt.Sprint(o.UID)
			}
			return fmt.Sprintf("%d:%d", o.UID, o.GID)
		}}
}

// logDirsKey is the key about the directories of all logs.
var logDirsKey = &daemonKey[bool]{Key: Key{Name: "logfile_mkdirs", Topic: logTopic, Since: Ours, Other: "true",
	Help: "make missing directories of logs, of `childlogdir` and of `audit_log`, see [logs](logs.md#directories)"},
	Type: boolType, Field: func(s *settings) *bool { return &s.LogDirs }}

// logDirs warns of the directories that will be made.
func (d *doubts) logDirs(c *Config) {
	if !c.Supervisord.LogDirs {
		return
	}
	missing := func(section, key, dir string) {
		if _, set := d.value(section, key); set && dir != "" && !d.r.host.isDir(dir) {
			d.add(section, key, dir+" will be made")
		}
	}
	if c.Supervisord.Logfile != "syslog" {
		missing("supervisord", "logfile", dirname(c.Supervisord.Logfile))
	}
	if c.Supervisord.Audit.HasFile() {
		missing("supervisord", "audit_log", dirname(c.Supervisord.Audit.Target))
	}
	missing("supervisord", "childlogdir", c.Supervisord.ChildLogDir)
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			for channel := range p.logFiles() {
				missing(p.Section, channel.key, dirname(channel.log.Path))
			}
		}
	}
}
