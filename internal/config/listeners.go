package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// listenerGroup reads an [eventlistener:x] section.
func (r *reader) listenerGroup(s *ini.Section, name string) (*Group, error) {
	k := r.keys(s, expand.Scope{})
	k.here = true
	g := &Group{Name: name, Kind: ListenerGroup, Priority: r.priority(k, -1)}
	g.Pool = r.pool(k)
	redirect := read(k, "redirect_stderr", false, parseBoolean)
	if redirect {
		k.failf("redirect_stderr", "[%s] section sets redirect_stderr=true but this is not allowed because it will "+
			"interfere with the eventlistener protocol", s.Name)
	}
	if k.err != nil {
		return nil, k.err
	}
	var err error
	if g.Processes, err = r.processes(s, name); err != nil {
		return nil, err
	}
	k = r.keys(s, expand.Scope{Vars: []expand.Variable{
		{Name: "program_name", Text: name}, {Name: "host_node_name", Text: r.node}, {Name: "group_name", Text: name}}})
	k.here = true
	if handler := r.handlerProcess(k, name, g.Processes); handler != nil {
		g.Processes = append([]*Process{handler}, g.Processes...) // there before the first result
	}
	return g, k.err
}

func (r *reader) pool(k *keys) *Pool {
	pool := &Pool{BufferSize: read(k, "buffer_size", 10, parseInteger)}
	if pool.BufferSize < 1 {
		k.failf("buffer_size", "[%s] section sets invalid buffer_size (%d)", k.s.Name, pool.BufferSize)
	}
	pool.ResultHandler = read(k, "result_handler", DefaultHandler, parseString)
	// A program in its place may be what a section says to us that names code of the original's to the original.
	if _, program := k.raw("result_handler_exec"); program || !r.resolve(k, "result_handler", pool.ResultHandler) {
		pool.ResultHandler = DefaultHandler
	}
	pool.HandlerTimeout = read(k, "result_handler_timeout", 5, parseHandlerTimeout)
	pool.Events = r.subscriptions(k)
	if len(pool.Events) == 0 {
		k.failf("events", `[%s] section requires an "events" line`, k.s.Name)
	}
	pool.PayloadBytes = read(k, "payload_length", false, parsePayloadLength)
	return pool
}

// subscriptions reads the types of events that a section subscribes to, each once.
func (r *reader) subscriptions(k *keys) (types []string) {
	for _, event := range read(k, "events", nil, parseList) {
		event = strings.ToUpper(event)
		if !api.IsEventType(event) && !slices.Contains(r.eventTypes, event) {
			k.failf("events", "Unknown event type %s in [%s] events", event, k.s.Name)
		}
		if !slices.Contains(types, event) {
			types = append(types, event)
		}
	}
	return types
}

// parsePayloadLength tells whether len in the header of an event counts bytes.
func parsePayloadLength(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "bytes":
		return true, nil
	case "characters":
		return false, nil
	}
	return false, fmt.Errorf("payload_length must be characters or bytes, not %s", s)
}
