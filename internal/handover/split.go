package handover

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// split returns the document without its rooms, and the rooms. A room is looked at again when it is read, so that the text is parsed
// once: nothing of a room is checked here. Without ok, the document is wrong, or unusual.
func split(text []byte) (head []byte, rooms map[string]json.RawMessage, ok bool) {
	var from, to int
	ok = members(text, func(name, value []byte, begin, end int) bool {
		if !bytes.EqualFold(name, []byte("rooms")) { // package json does not tell them apart
			return true
		}
		if rooms != nil || string(name) != "rooms" {
			return false
		}
		rooms, from, to = map[string]json.RawMessage{}, begin, end
		return members(value, func(name, value []byte, _, _ int) bool {
			_, twice := rooms[string(name)]
			rooms[string(name)] = value
			return !twice
		})
	})
	if !ok || rooms == nil {
		return nil, nil, false
	}
	head = append(bytes.Clone(text[:from]), `"":0`...) // an unknown member in place of the rooms
	return append(head, text[to:]...), rooms, true
}

// members calls add for each member of the object that text is: from begin to end in it. It reports whether all are as expected: plain
// names, and nothing after the object.
func members(text []byte, add func(name, value []byte, begin, end int) bool) bool {
	at := space(text, 0)
	if at == len(text) || text[at] != '{' {
		return false
	}
	for first := true; ; first = false {
		if at = space(text, at+1); at < len(text) && text[at] == '}' && first {
			break
		}
		begin := at
		end := value(text, at)
		if end < 0 || text[begin] != '"' || bytes.IndexByte(text[begin:end], '\\') >= 0 || !utf8.Valid(text[begin:end]) {
			return false
		}
		name := text[begin+1 : end-1]
		if at = space(text, end); at == len(text) || text[at] != ':' {
			return false
		}
		at = space(text, at+1)
		if end = value(text, at); end < 0 || !add(name, text[at:end], begin, end) {
			return false
		}
		if at = space(text, end); at == len(text) || text[at] != ',' && text[at] != '}' {
			return false
		}
		if text[at] == '}' {
			break
		}
	}
	return space(text, at+1) == len(text)
}

// space returns where text goes on after blanks.
func space(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') {
		at++
	}
	return at
}

// value returns the end of the value that begins at a place, -1 if it has none.
func value(text []byte, at int) (end int) {
	for depth := 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			if at = quoted(text, at); at < 0 {
				return -1
			}
			if depth == 0 {
				return at + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return at + 1
			}
		case ' ', '\n', '\t', '\r', ',', ':':
			if depth == 0 {
				return -1
			}
		default:
			if depth == 0 {
				n := bytes.IndexAny(text[at:], ",}] \n\t\r")
				if n < 0 {
					return -1
				}
				return at + n
			}
		}
	}
	return -1
}

// quoted returns the place of the quotation mark at the end of a string, -1 if there is none.
func quoted(text []byte, at int) int {
	for at++; at < len(text); at++ {
		switch text[at] {
		case '"':
			return at
		case '\\':
			at++
		}
	}
	return -1
}
