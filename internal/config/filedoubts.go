package config

import (
	"os"
	"strings"
)

// files looks for directories that are not watched, and for signals that are not sent.
func (d *doubts) files(p *Process) {
	if p.Extra == nil {
		return
	}
	files := p.Extra.Files
	for i, path := range files.Watched(p.Run.Directory) {
		switch _, err := os.Stat(path); {
		case strings.HasPrefix(files.Directories[i], "~"):
			d.add(p.Section, "restart_directory_monitor", "~ is not expanded here")
		case err != nil:
			d.add(p.Section, "restart_directory_monitor", "there is no directory "+path+", whose files would be watched")
		}
	}
	for key, action := range map[string]FileAction{"binary": files.OnBinary, "file": files.OnFile} {
		if action.Command.Line != "" && action.Signals.Signals != nil {
			d.add(p.Section, "restart_signal_when_"+key+"_changed", "it has no effect, because the command runs instead")
		}
	}
}
