package config

import (
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// readLogFile reads a *_logfile key. It is expanded twice, as in the original: a literal % is written as %%%%.
func (k *sectionReader) readLogFile(key *Key, log *Log) {
	log.Kind, log.Path = LogAuto, ""
	k.syslog, k.noName = false, false
	v, ok := k.r.doc.Find(k.s, key.Name)
	if !ok {
		return
	}
	log.Kind = LogNone
	if strings.Contains(v.Text, "%(process_name)") {
		k.processName = k.expandProcessName()
		defer func() { k.processName = "" }()
	}
	text, err := k.expand(key, v)
	if err == nil {
		text, err = k.expandAs(key.Name, key.Scope, ini.Value{Text: text, From: v.From})
	}
	if err != nil {
		k.fail(key.Name, v, err)
		return
	}
	switch strings.ToLower(text) {
	case "none", "off":
	case "":
		k.noName = true
	case "auto":
		log.Kind = LogAuto
	case "syslog":
		k.syslog = true
	default:
		if log.Path, err = k.r.host.logPath(text); err != nil {
			k.fail(key.Name, v, err)
		}
		log.Kind = LogFile
	}
}

// checkLog adds warnings about a log, after its keys were read.
func (k *sectionReader) checkLog(channel string, log *Log) {
	if k.syslog {
		log.Syslog = true
		k.r.warn("For [%s], %s_logfile=syslog but this is deprecated and will be removed.  Use %[2]s_syslog=true to enable "+
			"syslog instead.", k.s.Name, channel)
	}
	if log.Kind == LogAuto && log.MaxBytes == 0 {
		k.r.warn("For [%s], AUTO logging used for %s_logfile without rollover, set maxbytes > 0 to avoid filling up "+
			"filesystem unintentionally", k.s.Name, channel)
	}
}

func checkStdout(k *sectionReader, p *Process) { k.checkLog("stdout", &p.Out.Log) }

// checkStderr removes the log if standard error is redirected. The original warns of an ignored file, also if its name is empty.
func checkStderr(k *sectionReader, p *Process) {
	k.checkLog("stderr", &p.Err.Log)
	if !p.RedirectErr {
		return
	}
	if p.Err.Log.Kind == LogFile || k.noName {
		k.r.warn("For [%s], redirect_stderr=true but stderr_logfile has also been set to a filename, "+
			"the filename has been ignored", k.s.Name)
	}
	p.Err.Log.Kind, p.Err.Log.Path = LogNone, ""
}
