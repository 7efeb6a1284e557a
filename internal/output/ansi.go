package output

import "bytes"

const escape = 0x1b

// Strip removes control sequences (ESC [ up to the byte that ends one), changes of the character set (ESC ( B), and commands to the
// terminal, such as titles and links (ESC ], a digit, up to BEL, ESC \ or the end of the line). Other escapes stay. A byte that
// cannot be part of a sequence ends it and stays. Source: strip_ansi.
type Strip struct {
	Next Stage

	at place
}

// place is where in a sequence the last byte was.
type place byte

const (
	outside    place = iota
	escaped          // after ESC, which may begin a sequence
	opened           // after ESC ], which may begin a command
	control          // within ESC [
	charset          // within ESC (
	command          // within ESC ] and a digit
	commandEnd       // after an ESC within a command
)

// begins has the places after ESC and a byte.
var begins = [256]place{'[': control, ']': opened, '(': charset, ')': charset, '*': charset, '+': charset}

// withheld has what is passed on after all if no sequence begins.
var withheld = [commandEnd + 1]string{escaped: "\x1b", opened: "\x1b]"}

// Write implements Stage.
func (s *Strip) Write(chunk []byte) {
	if kept := s.strip(chunk); len(kept) > 0 {
		s.Next.Write(kept)
	}
}

// Flush implements Stage. What may begin a sequence at the end of the stream did not.
func (s *Strip) Flush() {
	if text := withheld[s.at]; text != "" {
		s.Next.Write([]byte(text))
	}
	s.at = outside
	s.Next.Flush()
}

// StripANSI returns text without sequences, as Strip removes them, and without what may begin one at its end.
func StripANSI(text []byte) []byte { return new(Strip).strip(text) }

// strip returns what is left of chunk: chunk itself if nothing is removed, else a copy. What may begin a sequence at the end is held
// back.
func (s *Strip) strip(chunk []byte) []byte {
	if s.at == outside && bytes.IndexByte(chunk, escape) < 0 {
		return chunk
	}
	kept := make([]byte, 0, len(chunk)+len("\x1b]"))
	for len(chunk) > 0 {
		if s.at == outside {
			at := bytes.IndexByte(chunk, escape)
			if at < 0 {
				return append(kept, chunk...)
			}
			kept = append(kept, chunk[:at]...)
			s.at, chunk = escaped, chunk[at+1:]
			continue
		}
		before := s.at
		next, taken := before.after(chunk[0])
		if next == outside && !taken {
			kept = append(kept, withheld[before]...)
		}
		if s.at = next; taken {
			chunk = chunk[1:]
		}
	}
	return kept
}

// after returns the place after the byte c, and whether c belongs to the sequence.
func (p place) after(c byte) (next place, taken bool) {
	switch p {
	case escaped:
		next = begins[c]
		return next, next != outside
	case opened:
		if '0' <= c && c <= '9' {
			return command, true
		}
	case control:
		switch {
		case ' ' <= c && c < '@': // parameters
			return control, true
		case '@' <= c && c <= '~':
			return outside, true
		}
	case charset:
		switch {
		case ' ' <= c && c < '0':
			return charset, true
		case '0' <= c && c <= '~':
			return outside, true
		}
	case command:
		switch c {
		case '\a':
			return outside, true
		case escape:
			return commandEnd, true
		case '\n':
		default:
			return command, true
		}
	case commandEnd:
		if c == '\\' {
			return outside, true
		}
		return escaped, false // the ESC began another sequence
	}
	return outside, false
}
