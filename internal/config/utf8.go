package config

import (
	"fmt"
	"unicode/utf8"
)

// checkUTF8 reports the first bytes of a file that are not UTF-8, in the words of the original's decoder.
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
	where := fmt.Sprintf("byte 0x%02x in position %d", text[at], at)
	if length > 1 {
		where = fmt.Sprintf("bytes in position %d-%d", at, at+length-1)
	}
	return &Error{File: path, Text: fmt.Sprintf("'utf-8' codec can't decode %s: %s", where, reason)}
}

// badSequence tells how many bytes at the start of s belong to the character that goes wrong, and what is wrong.
func badSequence(s string) (length int, reason string) {
	want := 0
	switch c := s[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 2
	case c >= 0xe0 && c <= 0xef:
		want = 3
	case c >= 0xf0 && c <= 0xf4:
		want = 4
	default:
		return 1, "invalid start byte"
	}
	for n := 1; n < want; n++ {
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
	return want, "invalid continuation byte"
}
