// Package waiting lets a request that waits go on in another program. What such a request has done so far is a value. The next program
// gets the same request again, with that value, and continues in place of what it has done. The package knows no requests.
//
// A request waits in steps, which are the same whenever it is repeated: nothing but their results decides about the next one. Of the steps
// that are over, none but the last may have a result that is still needed.
package waiting

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// Port is where a request comes from.
type Port interface {
	// Frozen returns a channel that closes when whoever waits is to call Park.
	Frozen() <-chan struct{}
	// Park returns when the request may go on. Meanwhile export may be called, from another goroutine. File, if not nil, is handed
	// over, too.
	Park(export func() []byte, file *os.File)
}

// Call is a request that may wait. Its methods are called by the goroutine of the request. A nil Call is one that cannot be handed over.
type Call struct {
	port    Port
	entered int // steps
	resumed bool
	state   state     // with which it is resumed
	began   time.Time // as Began has returned; zero: it was not asked
	file    *os.File
}

// state is what a request has done.
type state struct {
	Over  int             `json:"over,omitempty"` // steps
	Step  json.RawMessage `json:"step,omitempty"` // the one that is not over
	Began handover.Time   `json:"began,omitzero"`
}

// New returns a request that comes from port. Exported is what Park exported in the program before, nil for a new request.
func New(port Port, exported []byte, file *os.File) *Call {
	c := &Call{port: port, file: file}
	if exported != nil {
		c.resumed = true
		if err := json.Unmarshal(exported, &c.state); err != nil {
			c.state = state{}
		}
	}
	return c
}

// key is the key of a Call in a context.
type key struct{ existing bool }

// Of returns the call of a context, nil if there is none.
func Of(ctx context.Context) *Call { return value(ctx, key{}) }

// Resumed reports whether the request of a context is resumed.
func Resumed(ctx context.Context) bool {
	c := value(ctx, key{existing: true})
	return c != nil && c.resumed
}

func value(ctx context.Context, k key) *Call {
	c, _ := ctx.Value(k).(*Call)
	return c
}

// IsKey reports whether a key of a context is that of a Call. Needed is false if the caller needs no call that is new.
func IsKey(k any) (is, needed bool) {
	own, is := k.(key)
	return is, is && !own.existing
}

// Entry says how a step begins.
type Entry int

const (
	Begin  Entry = iota
	Resume       // it has begun in the program before
	Over         // it is over since then, without a result that matters
)

// Enter begins the next step. If it is to be resumed, what Park got is in into.
func (c *Call) Enter(into any) Entry {
	if c == nil {
		return Begin
	}
	step := c.entered
	c.entered++
	switch {
	case !c.resumed || step > c.state.Over:
		return Begin
	case step < c.state.Over:
		return Over
	case handover.Unmarshal(c.state.Step, into) != nil:
		return Begin
	}
	return Resume
}

// Began returns when the request began: now, unless it is resumed and the program before has asked, too.
func (c *Call) Began(now time.Time) time.Time {
	if c == nil {
		return now
	}
	if c.began = c.state.Began.Time; c.began.IsZero() {
		c.began = now
	}
	return c.began
}

// File returns the file of a step that is resumed. The caller closes it.
func (c *Call) File() *os.File { return c.file }

// HeaderSent notes that the header of the answer was sent: if the request is resumed, it is not sent again.
func (c *Call) HeaderSent() {
	if c == nil {
		return
	}
	if port, ok := c.port.(interface{ HeaderSent() }); ok {
		port.HeaderSent()
	}
}

// Frozen returns a channel that closes when the step is to be parked.
func (c *Call) Frozen() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.port.Frozen()
}

// IsFrozen reports whether the step is to be parked.
func (c *Call) IsFrozen() bool {
	select {
	case <-c.Frozen():
		return true
	default:
		return false
	}
}

// Park returns when the step may go on. Meanwhile export may be called for the state of the step.
func (c *Call) Park(export func() any) { c.ParkWith(nil, export) }

// ParkWith is Park for a step that has an open file.
func (c *Call) ParkWith(file *os.File, export func() any) {
	c.port.Park(func() []byte {
		step, err := handover.Marshal(export())
		if err == nil {
			step, err = json.Marshal(state{max(c.entered-1, 0), step, handover.Time{Time: c.began}})
		}
		if err != nil {
			panic(err) // a state has nothing that is no JSON
		}
		return step
	}, file)
}

// With returns a context that has a call.
func With(ctx context.Context, c *Call) context.Context { return withCall{ctx, c} }

type withCall struct {
	context.Context
	call *Call
}

// Value implements context.Context.
func (w withCall) Value(k any) any {
	if is, _ := IsKey(k); is {
		return w.call
	}
	return w.Context.Value(k)
}
