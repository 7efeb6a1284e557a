package web

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

// thousandRunning is a snapshot of 1,000 running processes.
func thousandRunning() operations.Snapshot {
	snap := operations.Snapshot{At: time.Now()}
	for i := range 1000 {
		snap.Processes = append(snap.Processes, operations.ProcessView{ProcessInfo: api.ProcessInfo{
			Name: fmt.Sprintf("p-%d", i), Group: "p", State: api.Running, StateName: "RUNNING", PID: 10000 + i,
			Start: 1795602377, Description: fmt.Sprintf("pid %d, uptime 0:12:%02d", 10000+i, i%60)}})
	}
	return snap
}

func BenchmarkStatusPage(b *testing.B) {
	snap := thousandRunning()
	for b.Loop() {
		page := statusPage{Groups: groupsOf(snap, filter{}, may{Control: true}), Total: 1000}
		w := &discard{}
		if show(w, http.StatusOK, "status.html", page) != 0 {
			b.Fatal("no page")
		}
		b.ReportMetric(float64(w.size), "bytes")
	}
}

// discard is a response that is discarded.
type discard struct{ size int }

func (d *discard) Header() http.Header         { return http.Header{} }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(b []byte) (int, error) { d.size += len(b); return len(b), nil }
