package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/fleet"
)

func eventsFlags(flags *pflag.FlagSet, o *options) {
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on with events as they come")
	flags.BoolVar(&o.json, "json", false, "print each event as a JSON object")
	flags.StringVar(&o.since, "since", "1h", "events that the hub got since this `time`: 10m, 7d, 2006-01-02T15:04:05Z, or all")
}

// events prints events.
func events(ctx context.Context, s *session) (int, error) {
	config := jetstream.OrderedConsumerConfig{FilterSubjects: []string{fleet.AllEvents}, DeliverPolicy: jetstream.DeliverAllPolicy}
	if s.since != "all" {
		since, err := parseSince(s.since, s.now)
		if err != nil {
			return 0, &statusError{badUsage, err.Error()}
		}
		config.DeliverPolicy, config.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
	}
	hosts, err := s.readHosts(ctx)
	if err != nil {
		return 0, err
	}
	consumer, err := s.js.OrderedConsumer(ctx, fleet.EventStream, config)
	if err != nil {
		return 0, s.noHub(err)
	}
	info, err := consumer.Info(ctx)
	if err != nil {
		return 0, s.noHub(err)
	}
	left := info.NumPending
	if left == 0 && !s.follow {
		return 0, nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	for {
		m, err := messages.Next()
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) && ctx.Err() != nil {
			return 0, nil
		}
		if err != nil {
			return 0, s.noHub(err)
		}
		if err := s.print(m, hosts); err != nil {
			return 0, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return 0, err
		}
		if meta.NumPending == 0 && !s.follow {
			return 0, nil
		}
	}
}

// print prints an event that is selected.
func (s *session) print(m jetstream.Msg, hosts map[string]*host) error {
	name, _, err := fleet.ParseEventSubject(m.Subject())
	if err != nil {
		return nil // not of an agent
	}
	e, err := fleet.DecodeEvent(m.Data())
	if err != nil || !s.selected(name, e, hosts) {
		return nil
	}
	if of, _, err := fleet.ParseEventID(e.ID); err != nil || of != name {
		return nil // not what the agent of this host sends
	}
	if s.json {
		var line bytes.Buffer
		if err := json.Compact(&line, m.Data()); err != nil {
			return nil
		}
		_, err = fmt.Fprintln(s.out, line.String())
		return err
	}
	_, err = fmt.Fprintln(s.out, printable(eventLine(name, e)))
	return err
}

// selected reports whether an event is selected. The labels of a host are those of now.
func (s *session) selected(name string, e fleet.Event, hosts map[string]*host) bool {
	var labels map[string]string
	if h := hosts[name]; h != nil {
		labels = h.Labels
	}
	if !s.selector.Host(name, labels) {
		return false
	}
	p := fleet.Process{Host: name, Group: e.Fields["groupname"], Name: e.Fields["processname"]}
	return !s.selector.OfProcesses() || p.Name != "" && s.selector.Process(p, "")
}

// parseSince reads a duration before now, or a time.
func parseSince(text string, now time.Time) (time.Time, error) {
	if d, err := fleet.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a duration, such as 10m, nor a time, such as 2006-01-02T15:04:05Z", text)
}

// eventLine returns an event as text: its time by the clock of the host, the host, and what has happened.
func eventLine(host string, e fleet.Event) string {
	head := time.UnixMilli(e.At).Local().Format(time.DateTime) + " " + host + " "
	if e.Agent != nil {
		return head + agentText(*e.Agent)
	}
	what := e.Type
	if short, ok := strings.CutPrefix(e.Type, "PROCESS_STATE_"); ok {
		what = short
	}
	if group, name := e.Fields["groupname"], e.Fields["processname"]; name != "" {
		head += api.Namespec(group, name) + " "
	} else if group != "" {
		head += group + " "
	}
	var more []string
	for _, key := range []string{"from_state", "expected", "tries", "pid"} {
		if value := e.Fields[key]; value != "" && value != "0" || key == "expected" && value != "" {
			more = append(more, key+" "+value)
		}
	}
	if len(more) > 0 {
		what += " (" + strings.Join(more, ", ") + ")"
	}
	return head + what
}

func agentText(n fleet.AgentNote) string {
	switch {
	case n.Gap > 0:
		return fmt.Sprintf("agent: %d events were lost before they reached it", n.Gap)
	case n.Merged > 0:
		return fmt.Sprintf("agent: of %d further events only the last state of each process was sent", n.Merged)
	case n.Dropped > 0:
		return fmt.Sprintf("agent: %d events were dropped before they were sent", n.Dropped)
	}
	return "agent: started"
}
