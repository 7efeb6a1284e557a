package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/daemon"
	"github.com/gosupervisor/supervisor/internal/httpd"
	"github.com/gosupervisor/supervisor/internal/inifile"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/rpc"
	"github.com/gosupervisor/supervisor/internal/sock"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// check prints all errors and warnings about the configuration, and starts nothing.
func check(opts config.Options) (status int) {
	found := config.Check(opts, os.Environ())
	if found.Config != nil {
		try(&found)
	}
	for _, err := range found.Errors {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
	}
	for _, text := range found.Warnings {
		fmt.Fprintf(os.Stderr, "Warning: %s\n", text)
	}
	if len(found.Errors) > 0 {
		return 2
	}
	if !opts.Show {
		return printText(found.File + ": no errors\n")
	}
	text, err := inifile.Write(found.Show(opts.ShowDefaults))
	if err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		return 2
	}
	return printText(text)
}

// try does what a start does before the loop runs, in its order: what concerns this process only, it does, and otherwise it finds out
// whether it could be done. This process ends soon.
func try(found *config.Report) {
	own := &found.Config.Supervisord
	refuse := func(err error, section, key string, used ...string) {
		if err != nil {
			found.Refuse(err, section, key, used...)
		}
	}
	if user := own.User; user != nil {
		_, err := daemon.DropPrivileges(user)
		refuse(err, "supervisord", "user", user.Name, strconv.Itoa(user.UID))
	}
	_, err := daemon.RaiseLimits(own.MinFDs, -1)
	refuse(err, "supervisord", "minfds", strconv.Itoa(own.MinFDs))
	_, err = daemon.RaiseLimits(-1, own.MinProcs)
	refuse(err, "supervisord", "minprocs", strconv.Itoa(own.MinProcs))
	if err := logs.TryMain(own.Logfile); !own.LogDirs || !errors.Is(err, fs.ErrNotExist) { // else its directory will be made
		refuse(err, "supervisord", "logfile", own.Logfile)
	}
	if own.Audit.HasFile() {
		if err := logs.TryMain(own.Audit.Target); !own.LogDirs || !errors.Is(err, fs.ErrNotExist) {
			refuse(err, "supervisord", "audit_log", own.Audit.Target)
		}
	}
	trial := &sock.Trial{}
	for i, err := range httpd.Check(found.Config.Servers, trial) {
		key := "port"
		if found.Config.Servers[i].Unix {
			key = "file"
		}
		if wrong := (*httpd.KeyError)(nil); errors.As(err, &wrong) {
			key = wrong.Key
		}
		refuse(err, found.Config.Servers[i].Section, key)
	}
	found.Warnings = append(found.Warnings, httpd.CertificateWarnings(found.Config.Servers, time.Now())...)
	for _, i := range found.Config.Interfaces {
		if len(found.Config.Servers) > 0 {
			refuse(rpc.Check([]config.Interface{i}), "rpcinterface:"+i.Name, "")
		}
	}
	tried := map[*config.Socket]bool{}
	for _, g := range found.Config.Groups {
		for _, p := range g.Processes {
			for s := range p.AllSockets() {
				if tried[s] {
					continue
				}
				tried[s] = true
				section, key := p.Section, "socket"
				if s.Name != "" {
					section, key = "socket:"+s.Name, "listen"
				}
				refuse(socket.Try(s, trial), section, key)
			}
		}
	}
}
