package events

import (
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Below reports whether a plug-in's type belongs to the family: it has the family's name, or begins with it and an
// underscore. All types are below EVENT.
func Below(name, family string) bool {
	return family == api.AnyEvent || name == family || strings.HasPrefix(name, family) && name[len(family)] == '_'
}

// subscribe adds the types that the name stands for, built-in ones and those that plug-ins declare.
func (p *Pool) subscribe(name string) {
	builtIn := Family(name)
	p.wants |= builtIn
	if builtIn == 0 || builtIn.Has(Extension) {
		p.wants |= 1 << Extension
		p.families = append(p.families, name)
	}
}

// wantsExtension reports whether the pool subscribed to a type that a plug-in declared.
func (p *Pool) wantsExtension(name string) bool {
	return slices.ContainsFunc(p.families, func(family string) bool { return Below(name, family) })
}

// EmitExtension hands an event of a type that a plug-in declared to the pools. Any goroutine may call it.
func (b *Bus) EmitExtension(name, payload string) {
	if !b.Wants(Extension) {
		return
	}
	b.mu.Lock()
	defer b.unlock()
	var e *Event
	for _, p := range b.pools {
		if !p.wantsExtension(name) {
			continue
		}
		if e == nil { // only events that some pool accepts are numbered
			var text strings.Builder
			writeText(&text, []byte(payload))
			e = b.newEvent(Extension, name, text.String())
		}
		p.accept(e)
		p.dispatch(time.Time{})
	}
}
