package config

import (
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
)

const defaultStopSignal = syscall.SIGTERM

// log reads where the output of a channel, stdout or stderr, goes.
func (p *programReader) log(channel string) Log {
	key := channel + "_logfile"
	log := p.logDestination(key)
	log.Backups = read(p.keys, key+"_backups", 10, parseInteger)
	log.MaxBytes = read(p.keys, key+"_maxbytes", 50<<20, parseBytes)
	syslog := read(p.keys, channel+"_syslog", false, parseBoolean)
	if p.err != nil {
		return Log{}
	}
	if log.Syslog {
		p.r.warn("For [%s], %s=syslog but this is deprecated and will be removed.  Use %s_syslog=true to enable "+
			"syslog instead.", p.s.Name, key, channel)
	}
	log.Syslog = log.Syslog || syslog
	if log.Kind == LogAuto && log.MaxBytes == 0 {
		p.r.warn("For [%s], AUTO logging used for %s without rollover, set maxbytes > 0 to avoid filling up "+
			"filesystem unintentionally", p.s.Name, key)
	}
	return log
}

// isEmpty tells whether a *_logfile key is there with nothing in it, which the original takes for a file name.
func (p *programReader) isEmpty(key string) bool {
	text, v, ok := p.text(key, "")
	if !ok || text == "" {
		return ok
	}
	text, err := p.expand(ini.Value{Text: text, From: v.From}, key)
	return err == nil && text == ""
}

// logDestination reads a *_logfile key. Its text is expanded twice, as the original does: a literal % needs four.
func (p *programReader) logDestination(key string) Log {
	v, ok := p.raw(key)
	if !ok {
		return Log{Kind: LogAuto}
	}
	if strings.Contains(v.Text, "%(process_name)") {
		p.scope.Hidden = []expand.Variable{{Name: "process_name", Text: p.expandProcessName()}}
		defer func() { p.scope.Hidden = nil }()
	}
	text, v, ok := p.text(key, "")
	if !ok {
		return Log{}
	}
	text, err := p.expand(ini.Value{Text: text, From: v.From}, key)
	if err != nil {
		p.fail(key, v, err)
		return Log{}
	}
	switch strings.ToLower(text) {
	case "none", "off", "":
		return Log{}
	case "auto":
		return Log{Kind: LogAuto}
	case "syslog":
		return Log{Syslog: true}
	}
	path, err := p.r.host.pathInDirectory(text)
	if err != nil {
		p.fail(key, v, err)
	}
	return Log{Kind: LogFile, Path: path}
}
