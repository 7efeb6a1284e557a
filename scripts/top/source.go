package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/screen"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// Intervals of reading.
const (
	interval     = time.Second
	actInterval  = 100 * time.Millisecond // while an action is being performed
	callTimeout  = 10 * time.Second
	longestPause = 30 * time.Second // between attempts to connect
)

// source reads a supervisord by XML-RPC, also the original. Where there are events, they tell when.
type source struct {
	server     *client.Client
	url        string
	identifier string // empty: not read yet
	version    string
	host, role string
	acting     atomic.Int32  // actions that are being performed
	began      chan struct{} // one has begun
}

// read returns the state of the supervisord and its processes.
func (s *source) read(ctx context.Context) (screen.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var err error
	if s.identifier == "" {
		if s.identifier, err = s.server.Identification(ctx); err != nil {
			return screen.Snapshot{}, err
		}
		if s.version, err = s.server.SupervisorVersion(ctx); err != nil {
			return screen.Snapshot{}, err
		}
		s.host, s.role = host(s.url), ""
		if about, err := s.server.About(ctx); err == nil { // else it has no JSON API
			s.host, s.role = about.Host, about.Role
		}
	}
	state, err := s.server.State(ctx)
	if err != nil {
		return screen.Snapshot{}, err
	}
	infos, err := s.server.AllProcessInfo(ctx)
	if err != nil {
		return screen.Snapshot{}, err
	}
	snapshot := screen.Snapshot{Identifier: s.identifier, Version: s.version, Host: s.host, Role: s.role, State: state.Name}
	for i := range infos {
		snapshot.Processes = append(snapshot.Processes, process(&infos[i]))
	}
	return snapshot, nil
}

// host returns the host of a server's address.
func host(address string) string {
	if u, err := url.Parse(address); err == nil && u.Scheme != "unix" && u.Host != "" {
		return u.Host
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// process converts what XML-RPC has of a process.
func process(info *api.ProcessInfo) screen.Process {
	p := screen.Process{Group: info.Group, Name: info.Name, State: info.State, PID: info.PID, Description: info.Description}
	if info.Start > 0 && info.State == api.Running {
		p.Started = time.Now().Add(-time.Duration(info.Now-info.Start) * time.Second) // by our clock
	}
	for _, d := range []screen.Detail{{Name: "spawn error", Text: info.SpawnErr}, {Name: "stdout", Text: info.StdoutLogfile}, {Name: "stderr", Text: info.StderrLogfile}} {
		if d.Text != "" {
			p.Details = append(p.Details, d)
		}
	}
	if info.More == nil {
		return p
	}
	for _, m := range api.MoreMembers {
		var text string
		switch {
		case m.Text != nil:
			text = *m.Text(info.More)
		case m.Flag != nil && *m.Flag(info.More) != nil:
			text = fmt.Sprint(**m.Flag(info.More))
		case m.Number != nil && *m.Number(info.More) != nil:
			text = fmt.Sprint(**m.Number(info.More))
		}
		if m.Name == "health" {
			p.Health = text
		} else if text != "" {
			p.Details = append(p.Details, screen.Detail{Name: strings.ReplaceAll(m.Name, "_", " "), Text: text})
		}
	}
	return p
}

// follow sends the state when it has changed: when an event says so, or, if the server has no events, once a second and more often while
// actions are performed. It tries again after the connection was lost.
func (s *source) follow(ctx context.Context, send func(screen.Event)) {
	for pause := interval; ctx.Err() == nil; {
		err := s.watch(ctx, send)
		if status := (*client.HTTPError)(nil); errors.Is(err, client.ErrNoAPI) || errors.As(err, &status) && status.Code == http.StatusServiceUnavailable {
			err = s.poll(ctx, send) // there are no events, or too many clients have them
		}
		sleep(ctx, actInterval)
		if _, readErr := s.read(ctx); readErr == nil { // only the stream has ended
			pause = interval
			continue
		} else if err == nil {
			err = readErr
		}
		s.identifier = "" // it may be another one afterwards
		send(screen.Lost{Reason: err.Error()})
		sleep(ctx, pause)
		pause = min(2*pause, longestPause)
	}
}

// watch reads the state after events, until there are no more.
func (s *source) watch(ctx context.Context, send func(screen.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- s.server.Watch(ctx, func() {
			select {
			case changed <- struct{}{}:
			default:
			}
		})
	}()
	for {
		select {
		case err := <-ended:
			return err
		case <-changed:
		}
		snapshot, err := s.read(ctx)
		if err != nil {
			return err
		}
		send(screen.Updated{Snapshot: snapshot})
		sleep(ctx, actInterval) // events that come together are one
	}
}

// poll reads the state again and again, until that fails.
func (s *source) poll(ctx context.Context, send func(screen.Event)) error {
	for {
		snapshot, err := s.read(ctx)
		if err != nil {
			return err
		}
		send(screen.Updated{Snapshot: snapshot})
		if s.acting.Load() > 0 {
			sleep(ctx, actInterval)
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.began:
		case <-time.After(interval):
		}
	}
}

// sleep waits until the time is over, or the context.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// act performs an action on all its names at once.
func (s *source) act(ctx context.Context, a screen.Act) screen.Event {
	s.acting.Add(1)
	defer s.acting.Add(-1)
	select {
	case s.began <- struct{}{}:
	default:
	}
	var mu sync.Mutex
	var failures []string
	count := 0
	var wait sync.WaitGroup
	places := make(chan struct{}, 8) // calls at a time
	for _, name := range a.Names {
		places <- struct{}{}
		wait.Go(func() {
			statuses, err := s.actOn(ctx, a, name)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				failures = append(failures, name+": "+errorText(err))
			case len(statuses) == 0:
				count++
			}
			for _, status := range statuses {
				if status.Status == int(api.Success) {
					count++
				} else {
					failures = append(failures, api.Namespec(status.Group, status.Name)+": "+status.Description)
				}
			}
			<-places
		})
	}
	wait.Wait()
	if len(failures) > 0 {
		return screen.Acted{Text: strings.Join(failures, "; "), Failed: true}
	}
	what := strings.Join(a.Names, " ")
	if count > 1 {
		what = fmt.Sprintf("%d processes", count)
	}
	return screen.Acted{Text: what + ": " + done[a.Action]}
}

// done are the words of actions that have been performed.
var done = map[screen.Action]string{
	screen.Start: "started", screen.Stop: "stopped", screen.Restart: "restarted", screen.Signal: "signaled", screen.Clear: "cleared",
}

// actOn performs an action on a process, or a group as "group:*".
func (s *source) actOn(ctx context.Context, a screen.Act, name string) ([]client.ProcessStatus, error) {
	switch a.Action {
	case screen.Start:
		return s.server.StartProcess(ctx, name, true)
	case screen.Stop:
		return s.server.StopProcess(ctx, name, true)
	case screen.Signal:
		return s.server.SignalProcess(ctx, name, a.Signal)
	case screen.Clear:
		return s.clear(ctx, name)
	}
	statuses, err := s.server.RestartProcess(ctx, name, true)
	if !isFault(err, api.UnknownMethod) {
		return statuses, err
	}
	if _, err := s.server.StopProcess(ctx, name, true); err != nil && !isFault(err, api.NotRunning) {
		return nil, err
	}
	return s.server.StartProcess(ctx, name, true)
}

// clear clears the logs of a process, or of those of a group, for which there is no call.
func (s *source) clear(ctx context.Context, name string) (statuses []client.ProcessStatus, err error) {
	group, _, whole := api.SplitNamespec(name)
	if !whole {
		return nil, s.server.ClearProcessLogs(ctx, name)
	}
	infos, err := s.server.AllProcessInfo(ctx)
	for _, info := range infos {
		if info.Group != group {
			continue
		}
		status := client.ProcessStatus{Group: info.Group, Name: info.Name, Status: int(api.Success)}
		if err := s.server.ClearProcessLogs(ctx, api.Namespec(info.Group, info.Name)); err != nil {
			status.Status, status.Description = int(api.Failed), errorText(err)
		}
		statuses = append(statuses, status)
	}
	return statuses, err
}

// errorText is the text of a fault, or else that of an error.
func errorText(err error) string {
	var fault *client.Fault
	if errors.As(err, &fault) {
		return fault.Text
	}
	return err.Error()
}

func isFault(err error, code int) bool {
	var fault *client.Fault
	return errors.As(err, &fault) && fault.Code == code
}

// history reads what has happened to a process, the latest at the end.
func (s *source) history(ctx context.Context, c screen.ReadHistory) screen.Event {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer := screen.HistoryRead{Group: c.Group, Name: c.Name}
	list, err := s.server.History(ctx, -1)
	switch {
	case errors.Is(err, client.ErrNoAPI):
		answer.Failed = "this supervisord keeps no history"
	case err != nil:
		answer.Failed = err.Error()
	}
	for i := range list {
		if e := &list[i]; e.Group == c.Group && e.Name == c.Name {
			change := e.To
			if e.From != "" {
				change = e.From + " -> " + e.To
			}
			answer.Lines = append(answer.Lines, strings.TrimRight(fmt.Sprintf("%s  %-21s  %s", e.Time.Local().Format("2006-01-02 15:04:05.000"), change, e.Text), " "))
		}
	}
	return answer
}
