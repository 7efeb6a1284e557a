package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/rotation"
)

// LogFiles is how the log files of a process are rotated, beyond their size and the number of rotated files, and whose they are.
type LogFiles struct {
	Out, Err             rotation.Policy
	OutAccess, ErrAccess LogAccess
}

var logFilesPart partAt[LogFiles] = func(e *Extra) **LogFiles { return &e.LogFiles }

// rotateHelp has the help of the keys of a log by what follows its name in theirs.
var rotateHelp = map[string]string{
	"_compress": "how rotated files are compressed, see [logs](logs.md#compress-rotated-files)",
	"_rotate": "rotate it at these moments of the local clock, too, see [logs](logs.md#rotate-by-time): weekly is Monday at midnight, " +
		"a duration of a minute or more counts from midnight",
	"_suffix":   "names of rotated files: `web.log.1`, or `web.log.2026-11-27` by the date of the last line",
	"_maxage":   "delete rotated files whose last line is older than this; 0: never",
	"_maxtotal": "delete the oldest rotated files when all files of the log together would be larger than this; 0: never",
}

// logFilesKeys are the keys of LogFiles.
var logFilesKeys = inPart(logFilesPart, slices.Concat(
	rotateKeys("stdout_logfile", func(e *Extra) *rotation.Policy { return &e.LogFiles.Out }),
	accessKeys("stdout_logfile", func(e *Extra) *LogAccess { return &e.LogFiles.OutAccess }),
	rotateKeys("stderr_logfile", func(e *Extra) *rotation.Policy { return &e.LogFiles.Err }),
	accessKeys("stderr_logfile", func(e *Extra) *LogAccess { return &e.LogFiles.ErrAccess })))

// rotateKeys are the keys about the rotation of the log of a channel.
func rotateKeys(name string, policy func(e *Extra) *rotation.Policy) []row[Process] {
	key := func(ending, other string) Key {
		return Key{Name: name + ending, Other: other, Help: rotateHelp[ending]}
	}
	return table[Process](Key{Sections: InPrograms | InDefault, Topic: outputTopic, Scope: inProgram, Update: inPlace, Since: Ours},
		&extraKey[rotation.Compression]{Key: key("_compress", "gzip"), Type: compressionType,
			Field: func(e *Extra) *rotation.Compression { return &policy(e).Compress }},
		&extraKey[rotation.Every]{Key: key("_rotate", "daily"), Type: everyType, Field: func(e *Extra) *rotation.Every { return &policy(e).Every }},
		&extraKey[bool]{Key: key("_suffix", "date"), Type: suffixType, Field: func(e *Extra) *bool { return &policy(e).Dated }},
		&extraKey[time.Duration]{Key: key("_maxage", "30d"), Type: durationType,
			Field: func(e *Extra) *time.Duration { return &policy(e).MaxAge }},
		&extraKey[Bytes]{Key: key("_maxtotal", "1GB"), Type: sizeType, Field: func(e *Extra) *Bytes { return totalOf(policy(e)) }},
	)
}

// daemonRotateKeys are the same keys for a log of supervisord.
func daemonRotateKeys(name, topic string, policy func(s *settings) *rotation.Policy) []row[settings] {
	key := func(ending, other string) Key {
		return Key{Name: name + ending, Topic: topic, Since: Ours, Other: other, Help: rotateHelp[ending]}
	}
	return []row[settings]{
		&daemonKey[rotation.Compression]{Key: key("_compress", "gzip"), Type: compressionType,
			Field: func(s *settings) *rotation.Compression { return &policy(s).Compress }},
		&daemonKey[rotation.Every]{Key: key("_rotate", "daily"), Type: everyType, Field: func(s *settings) *rotation.Every { return &policy(s).Every }},
		&daemonKey[bool]{Key: key("_suffix", "date"), Type: suffixType, Field: func(s *settings) *bool { return &policy(s).Dated }},
		&daemonKey[time.Duration]{Key: key("_maxage", "30d"), Type: durationType,
			Field: func(s *settings) *time.Duration { return &policy(s).MaxAge }},
		&daemonKey[Bytes]{Key: key("_maxtotal", "1GB"), Type: sizeType, Field: func(s *settings) *Bytes { return totalOf(policy(s)) }},
	}
}

// totalOf is where maxtotal is stored.
func totalOf(p *rotation.Policy) *Bytes { return (*Bytes)(&p.MaxTotal) }

// Rotations returns how the logs of the process are rotated beyond their size.
func (p *Process) Rotations() LogFiles {
	if p.Extra == nil {
		return LogFiles{}
	}
	return *p.Extra.LogFiles
}

var suffixType = choice("number", "date")

var compressionType = &Type[rotation.Compression]{name: "`none`, `gzip` or `zstd`", words: true, same: equal[rotation.Compression],
	parse: func(text string) (rotation.Compression, error) {
		for i, word := range compressions {
			if strings.EqualFold(text, word) {
				return rotation.Compression(i), nil
			}
		}
		return 0, errWord
	},
	text: func(c rotation.Compression) string { return compressions[c] }}

var compressions = [...]string{rotation.Uncompressed: "none", rotation.Gzip: "gzip", rotation.Zstd: "zstd"}

var everyType = &Type[rotation.Every]{name: "`never`, `hourly`, `daily`, `weekly`, `HH:MM` or duration", words: true, same: equal[rotation.Every],
	parse: parseEvery, text: everyText}

const oneDay = 24 * time.Hour

// everyWords are the values of rotate keys that are words.
var everyWords = []struct {
	word  string
	every rotation.Every
}{
	{"never", rotation.Every{}}, {"hourly", rotation.Every{Step: time.Hour}}, {"daily", rotation.Every{Step: oneDay}},
	{"weekly", rotation.Every{Step: 7 * oneDay, Offset: 4 * oneDay}}, // from the first Monday, since 1970 began with a Thursday
}

var timeOfDay = pattern(`^([01]?[0-9]|2[0-3]):[0-5][0-9]$`)

var errEvery = errors.New("not a time of rotation")

func parseEvery(text string) (e rotation.Every, err error) {
	text = pyrepr.TrimSpace(text)
	for _, w := range everyWords {
		if strings.EqualFold(text, w.word) {
			return w.every, nil
		}
	}
	if timeOfDay().MatchString(text) {
		at, err := time.Parse("15:04", text)
		return rotation.Every{Step: oneDay, Offset: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute}, err
	}
	if e.Step, err = parseDuration(text); err == nil && e.Step < time.Minute {
		err = errEvery
	}
	return e, err
}

func everyText(e rotation.Every) string {
	for _, w := range everyWords {
		if e == w.every {
			return w.word
		}
	}
	if e.Step == oneDay {
		return fmt.Sprintf("%02d:%02d", e.Offset/time.Hour, e.Offset%time.Hour/time.Minute)
	}
	return durationText(e.Step)
}

// rotations looks for keys about rotated files that have no effect.
func (d *doubts) rotations(p *Process) {
	for i, c := range p.channels() {
		reason := ""
		switch {
		case !p.withoutTees(i) && slices.ContainsFunc(p.Lines(api.Channel(i)).Tees, func(t Tee) bool { return t.Kind == TeeFile && !isSpecial(t.Path) }):
		case c.log.Kind == LogNone:
			reason = c.key + " is NONE"
		case isSpecial(c.log.Path):
			reason = c.log.Path + " is not rotated"
		}
		for ending := range rotateHelp {
			why := reason
			if why == "" && c.log.Backups <= 0 && ending != "_rotate" {
				why = c.key + "_backups is 0"
			}
			if _, set := d.value(p.Section, c.key+ending); set && why != "" {
				d.add(p.Section, c.key+ending, "it has no effect: "+why)
			}
		}
	}
}

// mainRotation does the same for the main log.
func (d *doubts) mainRotation(s *Supervisord) {
	const section, key = "supervisord", "logfile"
	for ending := range rotateHelp {
		why := ""
		switch {
		case s.Logfile == "syslog" || isSpecial(s.Logfile):
			why = s.Logfile + " is not rotated"
		case s.LogfileBackups <= 0 && ending != "_rotate":
			why = key + "_backups is 0"
		}
		if _, set := d.value(section, key+ending); set && why != "" {
			d.add(section, key+ending, "it has no effect: "+why)
		}
	}
}

// isSpecial reports whether a path is that of a device, or of a descriptor of supervisord.
func isSpecial(path string) bool {
	return strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/dev/shm/") || strings.HasPrefix(path, "/proc/")
}
