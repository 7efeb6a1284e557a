package config

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// listenerGroup reads an [eventlistener:x] section.
func (r *reader) listenerGroup(s *ini.Section, name string) (*Group, error) {
	k := r.section(s)
	g := &Group{Name: name, Kind: ListenerGroup, Pool: &Pool{}}
	listenerPriority.read(k, g)
	if readAll(k, listenerKeys, g.Pool); k.err != nil {
		return nil, k.err
	}
	var err error
	if g.Processes, err = r.processes(s, name); err != nil {
		return nil, err
	}
	k = r.section(s)
	k.program, k.group = name, name
	if handler := r.handlerProcess(k, g.Processes); handler != nil {
		g.Processes = append([]*Process{handler}, g.Processes...) // starts before the first result
	}
	return g, k.err
}

func checkBufferSize(k *sectionReader, pool *Pool) {
	if pool.BufferSize < 1 {
		k.failf("buffer_size", "[%s] section sets invalid buffer_size (%d)", k.s.Name, pool.BufferSize)
	}
}

// resolveHandler checks that the handler is built in. With result_handler_exec it need not be: the key is then for the original.
func resolveHandler(k *sectionReader, pool *Pool) {
	if k.has("result_handler_exec") || !k.r.resolve(k, "result_handler", pool.ResultHandler) {
		pool.ResultHandler = DefaultHandler
	}
}

func requireEvents(k *sectionReader, pool *Pool) {
	checkEvents(k, pool)
	if len(pool.Events) == 0 {
		k.failf("events", `[%s] section requires an "events" line`, k.s.Name)
	}
}

func checkEvents(k *sectionReader, pool *Pool)      { checkTypes(k, "events", &pool.Events) }
func checkExtraEvents(k *sectionReader, pool *Pool) { checkTypes(k, "extra_events", &pool.ExtraEvents) }

// checkTypes checks the event types of a key, and keeps each once and in upper case.
func checkTypes(k *sectionReader, key string, list *[]string) {
	var types []string
	for _, event := range *list {
		event = strings.ToUpper(event)
		if !api.IsEventType(event) && !slices.Contains(k.r.declared, event) {
			k.failf(key, "Unknown event type %s in [%s] %s", event, k.s.Name, key)
		}
		if !slices.Contains(types, event) {
			types = append(types, event)
		}
	}
	*list = types
}

func refuseRedirect(k *sectionReader, _ *Pool, redirect bool) {
	if redirect {
		k.failf("redirect_stderr", "[%s] section sets redirect_stderr=true but this is not allowed because it will "+
			"interfere with the eventlistener protocol", k.s.Name)
	}
}
