// Package handover carries the state of supervisord from one program to the next one in the same process. The state is one JSON
// document in a sealed memory file. It has a room for each package that has state, and a list of the descriptors that go on: each
// with the device and inode that it must have, and what it is for. The package knows neither what is in a room nor what the
// descriptors mean.
//
// A member that an older version does not write has the zero value, and must then mean what that version did. A member that a newer
// version writes is ignored. What an older version must not ignore is a need: the name of a feature that is in use.
package handover

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Format is the version of the document. Lowest is the oldest reader that gets no wrong state from it.
const (
	Format = 1
	Lowest = 1
)

// features are the names of the needs that this version can meet, and tables those of packages that have a table of names.
var (
	features = map[string]bool{}
	tables   []func(name string) bool
)

// Feature adds names of needs that this version can meet. It is to be called by init.
func Feature(names ...string) {
	for _, n := range names {
		features[n] = true
	}
}

// Features adds needs that this version can meet: those for which known is true. It is to be called by init.
func Features(known func(name string) bool) { tables = append(tables, known) }

func meets(need string) bool {
	return features[need] || slices.ContainsFunc(tables, func(known func(string) bool) bool { return known(need) })
}

// document is what is in the memory file.
type document struct {
	Format      int                        `json:"format"`
	Lowest      int                        `json:"min"`
	Version     string                     `json:"version"`
	Needs       []string                   `json:"needs,omitempty"`
	Descriptors descriptors                `json:"descriptors,omitempty"`
	Sizes       []int                      `json:"sizes,omitempty"` // of the rooms, in the order of their names, in bytes
	Rooms       map[string]json.RawMessage `json:"rooms,omitempty"`
}

// roomsMember begins the rooms.
const roomsMember = `,"rooms":{`

// descriptor is an open file that the next program goes on with.
type descriptor struct {
	FD      int
	Device  uint64
	Inode   uint64
	Purpose string
}

// descriptors are a list of strings in the document: number, device, inode and purpose, with spaces between them. There are thousands.
type descriptors []descriptor

// MarshalJSON returns the list.
func (all descriptors) MarshalJSON() ([]byte, error) {
	list := make([]string, len(all))
	var text []byte
	for i, d := range all {
		text = append(strconv.AppendInt(text[:0], int64(d.FD), 10), ' ')
		text = append(strconv.AppendUint(text, d.Device, 10), ' ')
		text = append(strconv.AppendUint(text, d.Inode, 10), ' ')
		list[i] = string(append(text, d.Purpose...))
	}
	return Marshal(list)
}

// UnmarshalJSON reads the list.
func (all *descriptors) UnmarshalJSON(text []byte) error {
	var list []string
	if err := Unmarshal(text, &list); err != nil {
		return err
	}
	*all = make(descriptors, len(list))
	for i, s := range list {
		fd, rest, _ := strings.Cut(s, " ")
		device, rest, _ := strings.Cut(rest, " ")
		inode, purpose, _ := strings.Cut(rest, " ")
		d := descriptor{Purpose: purpose}
		var errs [3]error
		d.FD, errs[0] = strconv.Atoi(fd)
		d.Device, errs[1] = strconv.ParseUint(device, 10, 64)
		d.Inode, errs[2] = strconv.ParseUint(inode, 10, 64)
		if err := errors.Join(errs[:]...); err != nil {
			return fmt.Errorf("descriptor %q: %w", s, err)
		}
		(*all)[i] = d
	}
	return nil
}

// Writer collects the state. It is not safe for concurrent use.
type Writer struct {
	doc   document
	taken map[int]bool // the descriptors
	rooms map[string]*room
	work  sync.WaitGroup // of the rooms
	err   error
}

// room is a state and its text.
type room struct {
	text []byte
	err  error
}

// NewWriter returns a Writer for the state of a program of this version.
func NewWriter(version string) *Writer {
	return &Writer{taken: map[int]bool{}, rooms: map[string]*room{}, doc: document{Format: Format, Lowest: Lowest, Version: version}}
}

// Put writes a room, once, while the caller goes on: until Text returns, the state must stay as it is.
func (w *Writer) Put(name string, state any) {
	if w.rooms[name] != nil {
		w.Fail(fmt.Errorf("state of %s: it is written twice", name))
		return
	}
	m := new(room)
	w.rooms[name] = m
	w.work.Go(func() {
		defer recovered(&m.err)
		m.text, m.err = Marshal(state)
	})
}

// recovered makes a panic an error: in a goroutine of its own it would end the process.
func recovered(err *error) {
	if failure := recover(); failure != nil {
		*err = fmt.Errorf("unexpected failure: %v\n%s", failure, debug.Stack())
	}
}

// Descriptor adds a descriptor that goes on, and returns its number, for the room.
func (w *Writer) Descriptor(fd int, purpose string) int {
	d, err := describe(fd, purpose)
	if err == nil && w.taken[fd] {
		err = errors.New("it is handed over twice")
	}
	if err != nil {
		w.Fail(fmt.Errorf("descriptor %d (%s): %w", fd, purpose, err))
		return fd
	}
	w.taken[fd] = true
	w.doc.Descriptors = append(w.doc.Descriptors, d)
	return fd
}

// Need notes that a feature is in use, without which a program cannot take over.
func (w *Writer) Need(feature string) {
	if !slices.Contains(w.doc.Needs, feature) {
		w.doc.Needs = append(w.doc.Needs, feature)
	}
}

// Fail notes the first error of those who write rooms.
func (w *Writer) Fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Text returns the document. The rooms are its last member, as they are: a copy of their text is all that they cost here.
func (w *Writer) Text() ([]byte, error) {
	w.work.Wait()
	names, size := slices.Sorted(maps.Keys(w.rooms)), 0
	w.doc.Sizes = nil
	for _, name := range names {
		if err := w.rooms[name].err; err != nil {
			w.Fail(fmt.Errorf("state of %s: %w", name, err))
		}
		n := len(w.rooms[name].text)
		w.doc.Sizes = append(w.doc.Sizes, n)
		size += n + len(name) + len(`"":,`)
	}
	head, err := Marshal(w.doc)
	w.Fail(err)
	text := append(make([]byte, 0, len(head)+len(roomsMember)+size+1), head[:max(0, len(head)-1)]...)
	text = append(text, roomsMember...)
	for i, name := range names {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(strconv.AppendQuote(text, name), ':'), w.rooms[name].text...)
	}
	if w.err != nil {
		return nil, w.err
	}
	return append(text, "}}"...), nil
}

// Inherit has the descriptors stay open when a program is executed.
func (w *Writer) Inherit(inherit bool) error {
	flag := unix.FD_CLOEXEC
	if inherit {
		flag = 0
	}
	for _, d := range w.doc.Descriptors {
		if _, err := unix.FcntlInt(uintptr(d.FD), unix.F_SETFD, flag); err != nil {
			return fmt.Errorf("descriptor %d (%s): %w", d.FD, d.Purpose, err)
		}
	}
	return nil
}

func describe(fd int, purpose string) (descriptor, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return descriptor{}, err
	}
	return descriptor{fd, uint64(st.Dev), st.Ino, purpose}, nil
}
