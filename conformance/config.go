package conformance

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// base is the configuration that every script starts with: sections in order, each a list of lines.
var base = []struct {
	section string
	lines   []string
}{
	{"unix_http_server", []string{"file=%(here)s/s.sock"}},
	{"supervisord", []string{"logfile=%(here)s/main.log", "pidfile=%(here)s/sd.pid", "childlogdir=%(here)s"}},
	{"rpcinterface:supervisor", []string{
		"supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface"}},
	{"supervisorctl", []string{"serverurl=unix://%(here)s/s.sock"}},
}

// complete replaces the script's variables in text and adds what is missing of base.
func (s *session) complete(text string) string {
	text = s.vars.Replace(text)
	if strings.HasPrefix(text, "; raw") {
		return text
	}
	for _, b := range base {
		header := "[" + b.section + "]"
		if !strings.Contains("\n"+text, "\n"+header) {
			text = strings.TrimRight(text, "\n") + "\n\n" + header + "\n" + strings.Join(b.lines, "\n") + "\n"
			continue
		}
		before, after, _ := strings.Cut("\n"+text, "\n"+header)
		own, _, _ := strings.Cut(after, "\n[")
		missing := ""
		for _, line := range b.lines {
			key, _, _ := strings.Cut(line, "=")
			if !strings.Contains(own, "\n"+key+"=") && !strings.Contains(own, "\n"+key+" =") {
				missing += "\n" + line
			}
		}
		text = strings.TrimPrefix(before+"\n"+header+missing+after, "\n")
	}
	return text
}

// prepare completes the configuration file in place. That a file cannot be read is for supervisord to report.
func (s *session) prepare(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	text := s.complete(string(data))
	if text == string(data) {
		return nil
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

func cmdConfig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: config FILE")
	}
	text := of(ts).complete(ts.ReadFile(args[0]))
	ts.Check(os.WriteFile(filepath.Join(of(ts).work, "sd.conf"), []byte(text), 0o644))
}

// setting returns the value of key in [section] of the text, with %(here)s replaced, or "".
func setting(text, section, key, here string) string {
	_, after, ok := strings.Cut("\n"+text, "\n["+section+"]")
	if !ok {
		return ""
	}
	own, _, _ := strings.Cut(after, "\n[")
	for _, line := range strings.Split(own, "\n") {
		k, v, ok := strings.Cut(line, "=")
		if ok && strings.TrimSpace(k) == key {
			return strings.ReplaceAll(strings.TrimSpace(v), "%(here)s", here)
		}
	}
	return ""
}
