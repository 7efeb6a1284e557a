package operations

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting/waitingtest"
)

// An update waits until the kernel has taken limits that change in place, also in the next program, and reports what it refuses.
//
// covers: L9-limits L12-c
func TestUpdateAwaitsLimits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sd.conf")
	write := func(keys string) {
		if err := os.WriteFile(file, []byte("[supervisord]\n[program:p]\ncommand=/bin/cat\nstartsecs=0\n"+keys+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(*config.Scaling) (*config.Config, error) {
		options, err := config.ParseArgs("supervisord", []string{"-c", file})
		if err != nil {
			return nil, err
		}
		return config.Load(options, nil)
	}
	write("memory_max=32MB")
	cfg, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	system := cgrouptest.New(t)
	slow := make(chan struct{})
	system.Slow["service/p.p/memory.max"] = slow
	s := runWith(t, supervisor.Options{Config: cfg, ReadConfig: read, Cgroups: system, Start: func(s child.Spec) (int, error) {
		s.Cgroup = nil // the kernel does not know it
		return child.Start(s)
	}})
	reaches(t, s, "p", api.Running)
	update := func(ctx context.Context) (list []api.ProcessStatus, err error) {
		actions, err := s.UpdateConfig(ctx, supervisor.UpdateOptions{Minimal: true})
		for _, a := range actions {
			list = append(list, api.ProcessStatus{Group: a.Group, Name: a.Process + " " + a.Keys, Status: a.Status, Description: a.Text})
		}
		return list, err
	}
	write("memory_max=16MB")
	port := waitingtest.New()
	parked := begin(port, nil, update)
	until(t, s, "p", func(info *api.ProcessInfo) bool { return info.More != nil && info.More.Stale == "memory_max" })
	resumed := begin(waitingtest.New(), port.Freeze(t), update)
	port.Thaw()
	close(slow)
	want := []api.ProcessStatus{{Group: "p", Name: " memory_max", Status: api.Success, Description: "OK"}}
	for who, got := range map[string]<-chan outcome{"parked": parked, "resumed": resumed} {
		if d := cmp.Diff(outcome{List: want}, receive(t, got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", who, d)
		}
	}
	write("memory_max=8MB")
	system.Refuse["service/p.p/memory.max"] = syscall.EBUSY
	want = append(want, api.ProcessStatus{Group: "p", Name: "p memory_max", Status: api.Failed,
		Description: "FAILED: cannot set memory.max of 'p': EBUSY"})
	list, err := update(context.Background())
	if d := cmp.Diff(outcome{List: want}, outcome{list, err}); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
}
