// Package output looks into the bytes of one output channel before they are logged. It is pure: bytes in, bytes out,
// and however a stream is cut into chunks, the result is the same.
package output

import "bytes"

const escape = 0x1b

// StripANSI takes terminal control sequences out of a stream: ESC [ and all up to and including the first letter that
// ends a sequence. Only the common letters count as ends; others are swallowed with what follows. Other escapes, such
// as ESC ], stay. The zero value is ready. Source: strip_ansi.
type StripANSI struct {
	within bool // a sequence has begun and not ended
	held   bool // an ESC was the last byte, which may begin a sequence
}

// Strip returns what is left of chunk: chunk itself when nothing had to go, memory of its own otherwise. An ESC at
// the end is held back until the next chunk or Flush.
func (s *StripANSI) Strip(chunk []byte) []byte {
	if !s.within && !s.held && bytes.IndexByte(chunk, escape) < 0 {
		return chunk
	}
	kept := make([]byte, 0, len(chunk)+1)
	if s.held && len(chunk) > 0 {
		s.held = false
		if chunk[0] == '[' {
			s.within = true
		} else {
			kept = append(kept, escape)
		}
	}
	for len(chunk) > 0 {
		if s.within {
			chunk = s.skip(chunk)
			continue
		}
		at := bytes.IndexByte(chunk, escape)
		if at < 0 {
			return append(kept, chunk...)
		}
		kept = append(kept, chunk[:at]...)
		chunk = chunk[at:]
		switch {
		case len(chunk) == 1:
			s.held = true
			return kept
		case chunk[1] == '[':
			s.within = true
			chunk = chunk[2:]
		default:
			kept = append(kept, escape)
			chunk = chunk[1:]
		}
	}
	return kept
}

// skip is what follows the end of the sequence that chunk continues.
func (s *StripANSI) skip(chunk []byte) []byte {
	end := bytes.IndexAny(chunk, "HfABCDRsuJKhlpm")
	if end < 0 {
		return nil
	}
	s.within = false
	return chunk[end+1:]
}

// Flush returns what was held back, at the end of the stream, and makes s ready for the next one.
func (s *StripANSI) Flush() []byte {
	held := s.held
	*s = StripANSI{}
	if held {
		return []byte{escape}
	}
	return nil
}
