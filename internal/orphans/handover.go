package orphans

import (
	"github.com/gosupervisor/supervisor/internal/handover"
)

// RecordState is a Record as data.
type RecordState struct {
	Path      string          `json:"path"`
	Boot      string          `json:"boot"`
	Instance  string          `json:"instance,omitempty"`
	FD        int             `json:"fd,omitempty"` // absent: it is not open
	Lines     int             `json:"lines,omitempty"`
	Failed    bool            `json:"failed,omitempty"`
	Survivors []SurvivorState `json:"survivors,omitempty"`
}

// SurvivorState is a child of an earlier run that still ran when the file was written last.
type SurvivorState struct {
	Child Child `json:"child"`
	At    int64 `json:"at"`
}

// purpose is what the descriptor of a record is for.
const purpose = "record of children"

// Export returns the state of the record, nil of none.
func (r *Record) Export(w *handover.Writer) *RecordState {
	if r == nil {
		return nil
	}
	s := &RecordState{Path: r.path, Boot: r.boot, Instance: r.instance, Lines: r.lines, Failed: r.failed}
	if r.fd >= 0 {
		s.FD = w.Descriptor(r.fd, purpose)
	}
	for _, e := range r.survivors {
		s.Survivors = append(s.Survivors, SurvivorState{e.Child, e.at})
	}
	return s
}

// Import makes a Record of its state, nil of none.
func Import(from *handover.Reader, s *RecordState) *Record {
	if s == nil {
		return nil
	}
	r := &Record{path: s.Path, boot: s.Boot, instance: s.Instance, lines: s.Lines, failed: s.Failed, fd: -1}
	if s.FD != 0 {
		r.fd = from.Descriptor(s.FD, purpose)
	}
	for _, e := range s.Survivors {
		r.survivors = append(r.survivors, entry{e.Child, e.At})
	}
	return r
}

// Hold opens the processes of children that run, for Stop, in a process that is not their parent.
func Hold(children []Child) []*Survivor {
	now := ticksNow()
	entries := make([]entry, len(children))
	for i, c := range children {
		entries[i] = entry{c, now}
	}
	return holdAll(entries)
}
