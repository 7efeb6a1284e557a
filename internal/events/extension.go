package events

import (
	"slices"
	"strings"
	"time"
)

// Below is true if the type of that name is one of the family: it is the family's own name, or begins with it and an
// underscore. EVENT is above all.
func Below(name, family string) bool {
	return family == "EVENT" || name == family || strings.HasPrefix(name, family) && name[len(family)] == '_'
}

// subscribe has the pool want the family, whether its types are built in or declared by plug-ins.
func (p *Pool) subscribe(family string) {
	known := Family(family)
	p.wants |= known
	if known == 0 || known.Has(Extension) {
		p.wants |= 1 << Extension
		p.families = append(p.families, family)
	}
}

// wantsExtension is true if the pool subscribed to a type that a plug-in declared.
func (p *Pool) wantsExtension(name string) bool {
	return slices.ContainsFunc(p.families, func(family string) bool { return Below(name, family) })
}

// EmitExtension hands an event of a type that a plug-in declared to the pools. Any goroutine may call it.
func (b *Bus) EmitExtension(name, payload string) {
	if !b.Wants(Extension) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var e *Event
	for _, p := range b.pools {
		if !p.wantsExtension(name) {
			continue
		}
		if e == nil { // a serial is for events that some pool took
			var text strings.Builder
			writeText(&text, []byte(payload))
			e = &Event{Type: Extension, Name: name, Serial: b.Serial.next, Payload: text.String()}
			b.Serial.next++
		}
		p.accept(e)
		p.dispatch(time.Time{})
	}
}
