package handover

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// read reads a document, but looks into no room: each is read when it is asked for, so that the text is parsed once.
func (d *document) read(text []byte) error {
	if i := bytes.Index(text, []byte(roomsMember)); i >= 0 {
		rooms := text[i+len(roomsMember):]
		head := append(bytes.Clone(text[:i]), '}')
		if Unmarshal(head, d) == nil && d.Rooms == nil && d.split(rooms) {
			return nil
		}
	}
	*d = document{} // it is of another writer, or wrong
	return Unmarshal(text, d)
}

// split finds the rooms by their sizes. It reports whether they are all that there is.
func (d *document) split(text []byte) bool {
	d.Rooms = map[string]json.RawMessage{}
	for i, size := range d.Sizes {
		if i > 0 {
			var ok bool
			if text, ok = bytes.CutPrefix(text, []byte(",")); !ok {
				return false
			}
		}
		end := bytes.Index(text, []byte(`":`))
		if end < 0 {
			return false
		}
		name, err := strconv.Unquote(string(text[:end+1]))
		text = text[end+len(`":`):]
		if _, twice := d.Rooms[name]; err != nil || twice || size < 0 || size > len(text) {
			return false
		}
		d.Rooms[name] = text[:size:size]
		text = text[size:]
	}
	return string(text) == "}}"
}
