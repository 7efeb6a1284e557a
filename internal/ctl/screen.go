package ctl

import (
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// maxColor is the longest sequence for colors that is passed on, in bytes.
const maxColor = 64

// screen shows bytes of a log on a terminal. It passes on text, colors (ESC [ numbers m), tabs, ends of lines, carriage returns and
// backspaces. Of all else that drives a terminal, ESC becomes ^[, other control characters ^G or \x9b, and what follows them
// is shown as text: a program must not set the title, the clipboard or the keys of who follows its log. Writes may end
// anywhere; an unfinished character or sequence is held back until the next one, or flush.
type screen struct {
	to   io.Writer
	raw  bool // pass on everything
	held []byte
}

// screen returns a screen that writes to w. If the output is no terminal, or with raw, it passes on everything.
func (c *Controller) screen(w io.Writer, raw bool) *screen {
	return &screen{to: w, raw: raw || !c.options.OutTerminal}
}

// visible returns text as screen shows it.
func (c *Controller) visible(text string, raw bool) string {
	if raw || !c.options.OutTerminal {
		return text
	}
	shown, rest := visible([]byte(text), true)
	return string(append(shown, rest...))
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	if s.raw {
		return s.to.Write(p)
	}
	shown, rest := visible(append(s.held, p...), false)
	s.held = slices.Clone(rest)
	if len(shown) > 0 {
		if _, err := s.to.Write(shown); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// flush shows what is held back, at the end of the log.
func (s *screen) flush() {
	if len(s.held) > 0 {
		shown, _ := visible(s.held, true)
		s.held = nil
		_, _ = s.to.Write(shown)
	}
}

// visible returns what a screen shows of data, and the unfinished rest, which is empty at the end of a log.
func visible(data []byte, end bool) (shown, rest []byte) {
	shown = make([]byte, 0, len(data)+16)
	for len(data) > 0 {
		length, safe := unit(data)
		switch {
		case length == 0 && !end:
			return shown, data
		case length == 0:
			length, safe = 1, data[0] >= 0xa0
			fallthrough
		default:
			if safe {
				shown = append(shown, data[:length]...)
			} else {
				shown = append(shown, caret(data[:length])...)
			}
		}
		data = data[length:]
	}
	return shown, nil
}

// unit returns the length of the character or sequence for colors that data, which is not empty, begins with, and whether a
// terminal may get it. The length is 0 if it depends on what follows.
func unit(data []byte) (length int, safe bool) {
	switch b := data[0]; {
	case b == '\n', b == '\t', b == '\r', b == '\b', ' ' <= b && b <= '~':
		return 1, true
	case b == 0x1b:
		return color(data)
	case b < utf8.RuneSelf:
		return 1, false
	case !utf8.FullRune(data):
		return 0, false
	}
	r, length := utf8.DecodeRune(data)
	if r == utf8.RuneError && length == 1 {
		return 1, data[0] >= 0xa0 // a byte of another encoding
	}
	return length, r >= 0xa0
}

// color is unit for data that begins with ESC.
func color(data []byte) (length int, safe bool) {
	if len(data) > 1 && data[1] != '[' {
		return 1, false
	}
	for i := 2; i < maxColor; i++ {
		switch {
		case i >= len(data):
			return 0, false
		case data[i] == 'm':
			return i + 1, true
		case data[i] < '0' || data[i] > ';': // digits, colon and semicolon
			return 1, false
		}
	}
	return 1, false
}

// caret is the notation of a control character: that of cat -v for ASCII, and the last byte for others.
func caret(character []byte) string {
	b := character[len(character)-1]
	if b < utf8.RuneSelf {
		return "^" + string(rune(b^0x40))
	}
	return fmt.Sprintf(`\x%02x`, b)
}
