package supervisor

import (
	"sync"

	"github.com/gosupervisor/supervisor/internal/process"
)

// notices are the processes whose children have sent notifications that the loop has not handled. Any goroutine may add one.
type notices struct {
	some chan struct{} // capacity 1; holds a value while there is one

	mu        sync.Mutex
	processes []*process.Process
}

func (n *notices) add(p *process.Process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.processes = append(n.processes, p)
	n.signal()
}

// next takes out the first one. The others are left for later turns of the loop, which does other work in between.
func (n *notices) next() *process.Process {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.processes[0]
	n.processes[0] = nil
	if n.processes = n.processes[1:]; len(n.processes) == 0 {
		n.processes = nil
	} else {
		n.signal()
	}
	return p
}

// signal is called with the lock held.
func (n *notices) signal() {
	select {
	case n.some <- struct{}{}:
	default: // a value is there already
	}
}
