package ctl

import (
	"encoding/json"

	"github.com/gosupervisor/supervisor/internal/api"
)

// processJSON is an element of "status --json", with the names that the interface has for the fields.
type processJSON struct {
	Name          string `json:"name"`
	Group         string `json:"group"`
	State         int    `json:"state"`
	StateName     string `json:"statename"`
	Description   string `json:"description"`
	PID           int    `json:"pid"`
	Start         int    `json:"start"`
	Stop          int    `json:"stop"`
	Now           int    `json:"now"`
	ExitStatus    int    `json:"exitstatus"`
	SpawnErr      string `json:"spawnerr"`
	StdoutLogfile string `json:"stdout_logfile"`
	StderrLogfile string `json:"stderr_logfile"`
}

// json prints the processes as one array.
func (c *Controller) json(infos []api.ProcessInfo) {
	list := make([]processJSON, len(infos))
	for i, info := range infos {
		list[i] = processJSON{
			Name: info.Name, Group: info.Group, State: int(info.State), StateName: info.StateName,
			Description: info.Description, PID: info.PID, Start: info.Start, Stop: info.Stop, Now: info.Now,
			ExitStatus: info.ExitStatus, SpawnErr: info.SpawnErr,
			StdoutLogfile: info.StdoutLogfile, StderrLogfile: info.StderrLogfile,
		}
	}
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	e.Encode(list)
}
