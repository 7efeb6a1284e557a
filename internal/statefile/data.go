// Package statefile keeps what operators have changed about programs by requests, and when schedules ran, in memory and, if
// [supervisord] statefile= is set, in a file that outlives supervisord. It decides nothing about processes. Any goroutine, also the
// loop, may call a File: nothing but Open and Freeze waits.
package statefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Data is what is kept. It is not changed once it is made. Names are kept whether or not the configuration has them.
type Data struct {
	Disabled map[string]bool      // namespecs of processes
	Scaled   map[string]Scale     // by the name of the program
	Cron     map[string]time.Time // when a schedule ran last, by the name of the program
	version  int
	other    map[string]json.RawMessage // members of the file that this version does not know
}

// Scale is the number of processes of a program that a request has changed.
type Scale struct {
	To   int `json:"to"`
	File int `json:"file"` // numprocs at that time
}

// Change is a change of Data. What concerns one name is in one of its members only.
type Change struct {
	Disable []string             `json:"disable,omitempty"`
	Enable  []string             `json:"enable,omitempty"`
	Scale   map[string]Scale     `json:"scale,omitempty"` // To equal to File: the file counts again
	Ran     map[string]time.Time `json:"ran,omitempty"`   // schedules; zero: it is forgotten
}

// version is that of the file that this program writes.
const version = 1

// with returns the data after a change, which are the same if it changes nothing.
func (d *Data) with(c Change) *Data {
	next := *d
	if len(c.Disable)+len(c.Enable) > 0 {
		next.Disabled = cloned(d.Disabled)
		for _, name := range c.Disable {
			next.Disabled[name] = true
		}
		for _, name := range c.Enable {
			delete(next.Disabled, name)
		}
	}
	if len(c.Scale) > 0 {
		next.Scaled = cloned(d.Scaled)
		for name, s := range c.Scale {
			next.Scaled[name] = s
			if s.To == s.File {
				delete(next.Scaled, name)
			}
		}
	}
	if len(c.Ran) > 0 {
		next.Cron = cloned(d.Cron)
		for name, at := range c.Ran {
			next.Cron[name] = at.UTC().Truncate(time.Second)
			if at.IsZero() {
				delete(next.Cron, name)
			}
		}
	}
	if next.equal(d) {
		return d
	}
	return &next
}

// cloned is maps.Clone that returns a map of nil, too.
func cloned[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m)+1)
	maps.Copy(c, m)
	return c
}

func (d *Data) equal(other *Data) bool {
	return maps.Equal(d.Disabled, other.Disabled) && maps.Equal(d.Scaled, other.Scaled) &&
		maps.EqualFunc(d.Cron, other.Cron, time.Time.Equal)
}

// merge returns the data of a file with what was in memory before: what either has disabled, and of other names the file's.
func (d *Data) merge(memory *Data) *Data {
	next := *d
	next.Disabled = cloned(d.Disabled)
	maps.Copy(next.Disabled, memory.Disabled)
	next.Scaled = cloned(memory.Scaled)
	maps.Copy(next.Scaled, d.Scaled)
	next.Cron = cloned(memory.Cron)
	maps.Copy(next.Cron, d.Cron)
	return &next
}

// known are the members of the file that this version knows.
type known struct {
	Version  int                  `json:"version"`
	Disabled []string             `json:"disabled,omitempty"`
	Scaled   map[string]Scale     `json:"scaled,omitempty"`
	Cron     map[string]time.Time `json:"cron,omitempty"`
}

// encode returns the data as the file has them.
func (d *Data) encode() []byte {
	k := known{Version: max(d.version, version), Scaled: d.Scaled, Cron: d.Cron}
	k.Disabled = slices.Sorted(maps.Keys(d.Disabled))
	text, err := json.Marshal(k)
	if err != nil {
		panic(err) // it has nothing that is no JSON
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(text, &members)
	text = text[:len(text)-1]
	for _, name := range slices.Sorted(maps.Keys(d.other)) {
		if members[name] == nil {
			quoted, _ := json.Marshal(name)
			text = append(append(append(append(text, ','), quoted...), ':'), d.other[name]...)
		}
	}
	return append(text, '}', '\n')
}

// decode reads a file. Of one of a newer version, what has an unknown form is kept as it is.
func decode(text []byte) (*Data, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	d := &Data{}
	if err := json.Unmarshal(members["version"], &d.version); err != nil || d.version < 1 {
		return nil, errors.New("it has no version")
	}
	var disabled []string
	forms := map[string]any{"disabled": &disabled, "scaled": &d.Scaled, "cron": &d.Cron}
	for name, member := range members {
		form := forms[name]
		if form != nil {
			err := json.Unmarshal(member, form)
			if err == nil {
				continue
			}
			if d.version <= version {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if name != "version" {
			if d.other == nil {
				d.other = map[string]json.RawMessage{}
			}
			d.other[name] = bytes.Clone(member)
		}
	}
	for name, s := range d.Scaled {
		if s.To < 0 || s.File < 0 {
			return nil, fmt.Errorf("scaled: %s has a negative number", name)
		}
	}
	if len(disabled) > 0 {
		d.Disabled = make(map[string]bool, len(disabled))
	}
	for _, name := range disabled {
		d.Disabled[name] = true
	}
	return d, nil
}
