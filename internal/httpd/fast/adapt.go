package fast

import (
	"bytes"
	"fmt"
)

// The original answers some requests that net/http refuses, and raw clients in shell and Perl send them. So net/http gets a
// header without
//
//   - an empty line before the request line,
//   - a fragment in the target,
//   - control characters in the target, and % without two digits in its path: they are escaped,
//   - the lack of Host in HTTP/1.1: an empty Host means what none means in HTTP/1.0.
//
// Every other byte stays as it is.

// readHeader reads the first header that net/http gets as far as is needed to adapt it, and leaves it in readAhead. Later ones are
// not adapted: where they begin, only net/http knows.
func (c *conn) readHeader() error {
	for {
		data := c.readAhead
		head := data[:min(len(data), freeHeader)]
		header, rest, complete := adapt(head)
		if header != nil {
			c.readAhead = append(append(header, rest...), data[len(head):]...)
		}
		if complete || len(head) == freeHeader {
			return nil
		}
		var part [1 << 10]byte
		n, err := c.receive(part[:])
		c.readAhead = append(c.readAhead, part[:n]...)
		if err != nil {
			if len(c.readAhead) > 0 {
				return nil // the error occurs again
			}
			return err
		}
	}
}

// adapt returns a header that is to replace the beginning of data, before the rest, or nil if nothing is to be changed. If it is
// not complete, more data may decide otherwise.
func adapt(data []byte) (header, rest []byte, complete bool) {
	from, blank := bytes.CutPrefix(data, crlf)
	line, fields, found := bytes.Cut(from, lf)
	if !found {
		return nil, nil, false
	}
	line = bytes.TrimSuffix(line, cr)
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if first <= 0 || first == last || !bytes.HasPrefix(line[last+1:], version) {
		return nil, nil, true
	}
	target := line[first+1 : last]
	fixed := adaptTarget(target)
	rest, hasHost := fields, true
	if bytes.Equal(line[last+1:], version11) {
		if rest, hasHost, found = findHost(fields); !found {
			return nil, nil, false
		}
	}
	if !blank && hasHost && bytes.Equal(fixed, target) {
		return nil, nil, true
	}
	header = append(header, line[:first+1]...)
	header = append(header, fixed...)
	header = append(header, line[last:]...)
	header = append(header, crlf...)
	if !hasHost {
		header = append(header, "Host:\r\n"...)
	}
	return append(header, fields[:len(fields)-len(rest)]...), rest, true
}

var (
	lf        = []byte("\n")
	cr        = []byte("\r")
	version   = []byte("HTTP/1.")
	version11 = []byte("HTTP/1.1")
	hostName  = []byte("Host")
)

// findHost looks for a Host field. Rest is what follows that, or the end of the fields. If it is not found, neither is there.
func findHost(fields []byte) (rest []byte, hasHost, found bool) {
	for rest = fields; ; {
		var line []byte
		if line, rest, found = bytes.Cut(rest, lf); !found {
			return nil, false, false
		}
		name, _, isField := bytes.Cut(line, colon)
		switch {
		case isField && bytes.EqualFold(name, hostName):
			return rest, true, true
		case len(bytes.TrimSuffix(line, cr)) == 0:
			return rest, false, true
		}
	}
}

// adaptTarget returns the target of a request in the form that net/http accepts, which usually is the target itself.
func adaptTarget(target []byte) []byte {
	whole, _, hasFragment := bytes.Cut(target, []byte("#"))
	path, _, _ := bytes.Cut(whole, []byte("?"))
	if !hasFragment && bytes.IndexFunc(whole, isControl) < 0 && bytes.IndexByte(path, '%') < 0 || len(whole) == 0 {
		return target
	}
	fixed := make([]byte, 0, len(whole)+8)
	for i, c := range whole {
		switch {
		case isControl(rune(c)), c == '%' && i < len(path) && !(i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2])):
			fixed = fmt.Appendf(fixed, "%%%02X", c)
		default:
			fixed = append(fixed, c)
		}
	}
	return fixed
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
