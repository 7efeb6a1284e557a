package ctl

import (
	"encoding/json"

	"github.com/gosupervisor/supervisor/internal/api"
)

// printJSON prints the processes as an array.
func (c *Controller) printJSON(infos []api.ProcessInfo) {
	if infos == nil {
		infos = []api.ProcessInfo{} // [] and not null
	}
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	e.Encode(infos)
}
