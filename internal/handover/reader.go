package handover

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Reader gives the rooms of a document to those who have written them. It is not safe for concurrent use.
type Reader struct {
	doc     document
	trial   bool        // the descriptors are not there
	index   map[int]int // of doc.Descriptors, by number
	claimed map[int]bool
	read    map[string]bool
	err     error
}

// Read reads a document. In a trial, the descriptors are not looked at. The error says why this version cannot take over.
func Read(text []byte, version string, trial bool) (*Reader, error) {
	r := &Reader{trial: trial, read: map[string]bool{}}
	if err := r.doc.read(text); err != nil {
		return nil, fmt.Errorf("the state cannot be read: %w", err)
	}
	switch {
	case r.doc.Lowest > Format:
		return nil, fmt.Errorf("%s cannot take over: the state of %s is too new", version, r.doc.Version)
	case r.doc.Format < oldest:
		return nil, fmt.Errorf("%s cannot take over: the state of %s is too old", version, r.doc.Version)
	}
	var missing []string
	for _, need := range r.doc.Needs {
		if !meets(need) {
			missing = append(missing, need)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("%s cannot take over: this supervisord uses %s", version, strings.Join(missing, ", "))
	}
	n := len(r.doc.Descriptors)
	r.index, r.claimed = make(map[int]int, n), make(map[int]bool, n)
	for i, d := range r.doc.Descriptors {
		if _, twice := r.index[d.FD]; twice {
			return nil, fmt.Errorf("descriptor %d (%s): it was handed over twice", d.FD, d.Purpose)
		}
		r.index[d.FD] = i
	}
	return r, nil
}

// oldest is the oldest format that can be read.
const oldest = 1

// Version is that of the program that wrote the state.
func (r *Reader) Version() string { return r.doc.Version }

// Get reads a room into state, which stays as it is if there is no such room.
func (r *Reader) Get(room string, state any) { r.GetAll(map[string]any{room: state}) }

// GetAll is Get for several rooms, which are read side by side.
func (r *Reader) GetAll(states map[string]any) {
	var work sync.WaitGroup
	errs := make([]error, len(states))
	for i, room := range slices.Sorted(maps.Keys(states)) {
		text, ok := r.doc.Rooms[room]
		if !ok {
			continue
		}
		r.read[room] = true
		work.Go(func() {
			defer recovered(&errs[i])
			if err := Unmarshal(text, states[room]); err != nil {
				errs[i] = fmt.Errorf("state of %s: %w", room, err)
			}
		})
	}
	work.Wait()
	r.Fail(errors.Join(errs...))
}

// Descriptor takes over a descriptor, whose number was in a room. It returns the number, or -1 in a trial or after an error.
func (r *Reader) Descriptor(fd int, purpose string) int {
	i, known := r.index[fd]
	var err error
	switch {
	case !known:
		err = errors.New("it was not handed over")
	case r.claimed[fd]:
		err = errors.New("it is used twice")
	case r.doc.Descriptors[i].Purpose != purpose:
		err = fmt.Errorf("it is for %s", r.doc.Descriptors[i].Purpose)
	case !r.trial:
		var now descriptor
		if now, err = describe(fd, purpose); err == nil && now != r.doc.Descriptors[i] {
			err = errors.New("it is not what it was")
		}
	}
	if err != nil {
		r.Fail(fmt.Errorf("descriptor %d (%s): %w", fd, purpose, err))
		return -1
	}
	r.claimed[fd] = true
	if r.trial {
		return -1
	}
	return fd
}

// Trial reports whether this is a trial: nothing is there but the document.
func (r *Reader) Trial() bool { return r.trial }

// Fail notes the first error of those who read rooms.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Complete returns the first error, or what of the document was not used. The program that has written it uses all.
func (r *Reader) Complete() error {
	if r.err != nil {
		return r.err
	}
	for _, room := range slices.Sorted(maps.Keys(r.doc.Rooms)) {
		if !r.read[room] {
			return fmt.Errorf("state of %s: it is not read", room)
		}
	}
	for _, d := range r.doc.Descriptors {
		if !r.claimed[d.FD] {
			return fmt.Errorf("descriptor %d (%s): it is not used", d.FD, d.Purpose)
		}
	}
	return nil
}
