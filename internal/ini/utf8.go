package ini

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkUTF8 returns an error for the first bytes that are not UTF-8, with the message of Python's decoder.
func checkUTF8(text, path string) error {
	if utf8.ValidString(text) {
		return nil
	}
	at := 0
	for {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	length, reason := badSequence(text[at:])
	position := shownPosition(text, at, length, reason)
	where := fmt.Sprintf("byte 0x%02x in position %d", text[at], position)
	if length > 1 {
		where = fmt.Sprintf("bytes in position %d-%d", position, position+length-1)
	}
	line := strings.Count(text[:at], "\n") + 1
	return &Error{File: path, Line: line, Text: fmt.Sprintf("'utf-8' codec can't decode %s: %s", where, reason),
		Hint: encodingHint(text, at)}
}

// encodingHint says in which encoding a text is that is not UTF-8. Its first bytes that are not are at an index.
func encodingHint(text string, at int) string {
	const save = ": save it as UTF-8"
	switch {
	case strings.HasPrefix(text, "\xff\xfe\x00\x00"), strings.HasPrefix(text, "\x00\x00\xfe\xff"):
		return "the file is in UTF-32" + save
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"), isWide(text):
		return "the file is in UTF-16" + save
	case text[at] >= 0xa0: // a printable character of Latin-1
		return fmt.Sprintf("the file is not in UTF-8, perhaps in Latin-1, where this byte is %c%s", rune(text[at]), save)
	}
	return "the file is not in UTF-8, perhaps in Windows-1252" + save
}

// isWide reports whether the text begins like ASCII characters of two bytes each.
func isWide(text string) bool {
	return len(text) >= 4 && (text[0] == 0) == (text[2] == 0) && (text[1] == 0) == (text[3] == 0) && (text[0] == 0) != (text[1] == 0)
}

// decoded is the number of bytes that the original decodes at a time.
const decoded = 8192

// shownPosition returns the position in the message. It counts from the start of the bytes that are decoded together, or of a
// character that begins before them.
func shownPosition(text string, at, length int, reason string) int {
	start := at / decoded * decoded
	if reason != invalidStart && (at+length == len(text) || at+length == start+decoded) {
		return 0 // the original notices the error with the next bytes
	}
	for !utf8.RuneStart(text[start]) && start < at {
		start--
	}
	return at - start
}

const invalidStart = "invalid start byte"

// badSequence returns the number of bytes at the start of s that are the start of a character, and the error. s does not begin with
// a valid character.
func badSequence(s string) (length int, reason string) {
	if s[0] < 0xc2 || s[0] > 0xf4 {
		return 1, invalidStart
	}
	for n := 1; ; n++ {
		if n == len(s) {
			return n, "unexpected end of data"
		}
		low, high := byte(0x80), byte(0xbf)
		if n == 1 { // the second byte of some characters has a narrower range
			switch s[0] {
			case 0xe0:
				low = 0xa0
			case 0xed:
				high = 0x9f
			case 0xf0:
				low = 0x90
			case 0xf4:
				high = 0x8f
			}
		}
		if s[n] < low || s[n] > high {
			return n, "invalid continuation byte"
		}
	}
}
