package output

import "bytes"

const escape = 0x1b

// Strip removes terminal control sequences: ESC [ and everything up to and including the first letter that ends a
// sequence. Only the common letters count as ends; others are removed with what follows. Other escapes, such as ESC ],
// stay. Source: strip_ansi.
type Strip struct {
	Next Stage

	within bool // a sequence has begun and not ended
	held   bool // the last byte was an ESC, which may begin a sequence
}

// Write implements Stage.
func (s *Strip) Write(chunk []byte) {
	if kept := s.strip(chunk); len(kept) > 0 {
		s.Next.Write(kept)
	}
}

// Flush implements Stage. An ESC at the end of the stream was no sequence.
func (s *Strip) Flush() {
	if s.held {
		s.Next.Write([]byte{escape})
	}
	s.within, s.held = false, false
	s.Next.Flush()
}

// StripANSI returns text without terminal control sequences, as Strip removes them, and without an ESC at its end.
func StripANSI(text []byte) []byte { return new(Strip).strip(text) }

// strip returns what is left of chunk: chunk itself if nothing is removed, else a copy. An ESC at the end is held back.
func (s *Strip) strip(chunk []byte) []byte {
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

// skip returns what follows the end of the sequence that chunk continues.
func (s *Strip) skip(chunk []byte) []byte {
	end := bytes.IndexAny(chunk, "HfABCDRsuJKhlpm")
	if end < 0 {
		return nil
	}
	s.within = false
	return chunk[end+1:]
}
