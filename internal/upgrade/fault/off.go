//go:build !upgradefaults

// Package fault has an upgrade fail at a step, in programs that are built for tests with the tag upgradefaults. Otherwise it does
// nothing.
package fault

import "time"

// At is called at each step. An error is what the step is to fail with.
func At(step string) error { return nil }

// Limit returns the limit of a step.
func Limit(normal time.Duration) time.Duration { return normal }
