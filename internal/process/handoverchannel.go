package process

import (
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// ChannelState is an output channel of a process.
type ChannelState struct {
	Path  string             `json:"path,omitempty"` // of the log
	Tees  []logs.TeeState    `json:"tees,omitempty"`
	Users uint16             `json:"users,omitempty"`
	File  *logs.FileState    `json:"file,omitempty"`
	Chain *output.ChainState `json:"chain,omitempty"` // absent: there is no child
	Pipe  *pump.PipeState    `json:"pipe,omitempty"`  // absent: it is closed
	PID   int                `json:"pid,omitempty"`   // of the child in events
	Past  history.Output     `json:"past,omitzero"`   // of files that are closed
}

// Export returns the state of the channel. The pump and the logs are frozen, and no start is going on.
func (c *channel) Export(w *handover.Writer) ChannelState {
	s := ChannelState{Path: c.path, Users: c.users, File: c.file.File.Export(w), Pipe: c.pipe.Export(w, c.purpose()), PID: c.pid,
		Past: c.file.Past}
	if c.users > 0 {
		for _, t := range c.tees() {
			s.Tees = append(s.Tees, t.Export(w))
		}
	}
	if c.chain != nil {
		s.Chain = new(output.Export(c.chain))
	}
	return s
}

// Import gives a channel that has just been made the state of another one. The targets of logs and, of a channel with a line by which
// the child is ready, what waits for that have been imported.
func (c *channel) Import(r *handover.Reader, s ChannelState) {
	c.path, c.users = s.Path, s.Users
	c.file.Past = s.Past
	c.file.File = logs.ImportFile(r, s.File, c.path, c.fileOptions())
	c.importTees(r, s.Tees)
	if s.Chain == nil {
		return
	}
	c.chain = c.stages().Import(*s.Chain)
	c.setPID(s.PID)
	c.pipe = c.process.shared.Pump.ImportPipe(r, s.Pipe, c.purpose(), c.sink())
}

// purpose is what the descriptor of the pipe is for.
func (c *channel) purpose() string {
	return c.name.String() + " of " + c.process.Group + ":" + c.process.Name()
}
