package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// ExtraState is an Extra as data. A value that is not in Keys is as in the one at the place Like, else it is the default. So are Set and
// Needs, if they are empty.
type ExtraState struct {
	Like  int                        `json:"like,omitempty"`
	Keys  map[string]json.RawMessage `json:"keys,omitempty"` // by the name of the key
	Own   int                        `json:"own,omitempty"`  // place of variables
	Set   []SetState                 `json:"set,omitempty"`
	Needs []Need                     `json:"needs,omitempty"`
}

// SetState is a key that a section sets, and its value as written.
type SetState struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// export returns the value as text, nil if like has it, too.
func (r *extraKey[T]) export(e, like *Extra) ([]byte, error) {
	value := r.Field(e)
	if reflect.DeepEqual(*value, *r.Field(like)) {
		return nil, nil
	}
	return handover.Marshal(*value)
}

// restore sets the value of which export has made a text, in a part that belongs to e alone. What the value before refers to belongs to
// others, too.
func (r *extraKey[T]) restore(e *Extra, text []byte) error {
	var value T
	err := handover.Unmarshal(text, &value)
	*r.Field(e) = value
	return err
}

func (r *extraKey[T]) in() part { return r.part }

// extra returns the place of an Extra. Like is that of a process of the same program, nil: there is none.
func (e *exporter) extra(x, like *Extra) int {
	return place(e.extras, &e.s.Extras, x, func() ExtraState {
		var s ExtraState
		if like != nil && len(like.set) <= len(x.set) && len(like.Depends.needs) <= len(x.Depends.needs) {
			s.Like = e.extras[like]
		}
		if s.Like == 0 {
			like = newExtra()
		}
		s.Keys, s.Own = map[string]json.RawMessage{}, e.vars(x.own)
		extraRows(func(r extraRow) {
			text, err := r.export(x, like)
			if err != nil {
				e.w.Fail(fmt.Errorf("%s: %w", r.key().Name, err))
			}
			if text != nil {
				e.w.Need(r.key().Name)
				s.Keys[r.key().Name] = text
			}
		})
		if !slices.Equal(x.set, like.set) {
			for _, k := range x.set {
				s.Set = append(s.Set, SetState{k.key.Name, k.text})
			}
		}
		if !slices.Equal(x.Depends.needs, like.Depends.needs) {
			s.Needs = x.Depends.needs
		}
		return s
	})
}

// extra makes an Extra of the state.
func (m *importer) extra(s *ExtraState) *Extra {
	e := newExtra()
	if s.Like != 0 && m.known(s.Like, len(m.extras)) {
		*e = *at(m, m.extras, s.Like)
	}
	e.own = m.vars(s.Own)
	var own []any // places of parts
	ownPart := func(p part) {
		if p != nil && !slices.Contains(own, p.place(e)) {
			own = append(own, p.place(e))
			p.copy(e)
		}
	}
	extraRows(func(r extraRow) {
		text, ok := s.Keys[r.key().Name]
		if !ok {
			return
		}
		ownPart(r.in())
		if err := r.restore(e, text); err != nil {
			m.r.Fail(fmt.Errorf("configuration: %s: %w", r.key().Name, err))
		}
	})
	if s.Set != nil {
		e.set = make([]setKey, 0, len(s.Set))
	}
	for _, set := range s.Set {
		i := slices.IndexFunc(processKeys, func(r row[Process]) bool { return r.key().Name == set.Key })
		if i >= 0 { // else a later version wrote it, and it is in no use
			e.set = append(e.set, setKey{processKeys[i].key(), m.text(set.Text)})
		}
	}
	if s.Needs != nil {
		ownPart(dependsPart)
		e.Depends.needs = s.Needs
	}
	m.lastExtra = e.shareWith(m.lastExtra)
	return m.lastExtra
}

// readinessState is a Readiness as data.
type readinessState struct {
	How  ReadyKind `json:"how"`
	FD   int       `json:"fd,omitempty"`
	Line *string   `json:"line,omitempty"` // the expression
	Text string    `json:"text"`
}

// MarshalJSON implements json.Marshaler.
func (r Readiness) MarshalJSON() ([]byte, error) {
	s := readinessState{How: r.How, FD: r.FD, Text: r.text}
	if r.Line != nil {
		line := r.Line.String()
		s.Line = &line
	}
	return handover.Marshal(s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Readiness) UnmarshalJSON(text []byte) (err error) {
	var s readinessState
	if err = handover.Unmarshal(text, &s); err != nil {
		return err
	}
	*r = Readiness{How: s.How, FD: s.FD, text: s.Text}
	if s.Line != nil {
		r.Line, err = regexp.Compile(*s.Line)
	}
	return err
}

// checkState is a CheckScript as data.
type checkState struct {
	Kind    CheckKind     `json:"kind"`
	HTTP    *HTTPProbe    `json:"http,omitempty"`
	Address string        `json:"address,omitempty"`
	Command HelperCommand `json:"command,omitzero"`
	Text    string        `json:"text"`
}

// MarshalJSON implements json.Marshaler.
func (c CheckScript) MarshalJSON() ([]byte, error) {
	return handover.Marshal(checkState{c.Kind, c.HTTP, c.Address, c.Command, c.text})
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *CheckScript) UnmarshalJSON(text []byte) error {
	var s checkState
	err := handover.Unmarshal(text, &s)
	if s.HTTP != nil && s.HTTP.HTTPOptions == nil {
		s.HTTP.HTTPOptions = &noHTTPOptions
	}
	*c = CheckScript{s.Kind, s.HTTP, s.Address, s.Command, s.Text}
	return err
}
