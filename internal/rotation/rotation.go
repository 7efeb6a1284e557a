// Package rotation has the decisions about rotated logs: when a log is rotated, by the clock or its size, how the rotated files are
// named, and which are kept. It is pure: it reads no clock and no file. Any goroutine may call it.
package rotation

import "time"

// Policy says how a log is rotated and what is kept of it, beyond its size and its number of rotated files. The zero value is what a
// log without such keys has.
type Policy struct {
	Compress Compression   `json:"compress,omitempty"`
	Every    Every         `json:"every,omitzero"`
	Dated    bool          `json:"dated,omitempty"`    // rotated files have dates in place of numbers
	MaxAge   time.Duration `json:"maxage,omitempty"`   // of rotated files; 0: any
	MaxTotal int64         `json:"maxtotal,omitempty"` // bytes of the file and the rotated ones; 0: any
}

// Tended reports whether there is something to be done for the rotated files of a log beside their renaming.
func (r *Policy) Tended() bool {
	return r.Compress != Uncompressed || r.Dated || r.MaxAge > 0 || r.MaxTotal > 0
}

// Limit returns the size at which the file is rotated: max, or half of what all files may have, so that there is always a rotated one.
func (r *Policy) Limit(max int64) int64 {
	if half := r.MaxTotal / 2; r.MaxTotal > 0 && (max <= 0 || half < max) {
		return half
	}
	return max
}
