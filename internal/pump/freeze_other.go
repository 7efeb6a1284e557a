//go:build unix && !linux

package pump

import (
	"errors"
	"time"
)

// Freeze returns an error: on this system, a pump cannot be handed over.
func (m *Pump) Freeze(time.Time) error { return errors.New("upgrade is not available on this system") }

// Thaw is to be called after Freeze without an error, which there is none of.
func (m *Pump) Thaw() {}

func (*Pipe) exportState(*PipeState) {}

func (*Pipe) importState(*PipeState) {}
