package ctl

import (
	"encoding/json"

	"github.com/gosupervisor/supervisor/internal/api"
)

// json prints the processes as one array.
func (c *Controller) json(infos []api.ProcessInfo) {
	if infos == nil {
		infos = []api.ProcessInfo{} // [] and not null
	}
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	e.Encode(infos)
}
