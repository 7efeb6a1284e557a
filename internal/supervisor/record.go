package supervisor

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/history"
)

// recordGroup adds an entry about a group.
func (l *Loop) recordGroup(name string, flags history.Flags) {
	l.shared.History.Add(history.Entry{At: time.Now().UnixNano(), Of: &history.Subject{Group: name}, Kind: history.Group, Flags: flags})
}

// recordState adds an entry about a change of the state of supervisord.
func (l *Loop) recordState(from, to api.DaemonState) {
	l.shared.History.Add(history.Entry{At: time.Now().UnixNano(), From: int16(from), To: int16(to), Kind: history.Supervisor})
}
