// Package shlex splits command lines and environment settings into words, as Python's shlex does: by the quoting rules of
// a POSIX shell, without variables, globs or operators. Its functions are pure; any goroutine may call them.
package shlex

import (
	"errors"
	"strings"
)

// The errors for a text that ends too early. Their texts are the original's.
var (
	ErrQuotation = errors.New("No closing quotation")
	ErrEscape    = errors.New("No escaped character")
)

// Split splits a command line into words. Source: command, shlex.split.
func Split(command string) ([]string, error) {
	return scan(command, func(rune) bool { return true }, false)
}

// Tokens splits an environment setting into tokens. Letters, digits, _/.+-(): and quoted text form words; any other
// character is a token of its own. A comment begins with # and ends with the line. Source: environment, shlex.shlex.
func Tokens(setting string) ([]string, error) { return scan(setting, isSettingWord, true) }

func isSettingWord(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	case r >= 0xc0 && r <= 0xff: // the letters of Latin-1
		return r != 0xd7 && r != 0xf7
	}
	return r < 0x80 && strings.ContainsRune("_/.+-():", r)
}

// scanner collects one word at a time. open is true within a word, which may still be empty after a quote.
type scanner struct {
	words []string
	word  strings.Builder
	open  bool
}

func (s *scanner) add(r rune) {
	s.word.WriteRune(r)
	s.open = true
}

func (s *scanner) end() {
	if s.open {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.open = false
}

func scan(text string, isWord func(rune) bool, comments bool) ([]string, error) {
	var s scanner
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == ' ' || r == '\t' || r == '\r' || r == '\n':
			s.end()
		case comments && r == '#':
			s.end()
			for i+1 < len(runes) && runes[i] != '\n' {
				i++
			}
		case r == '\\':
			if i++; i == len(runes) {
				return nil, ErrEscape
			}
			s.add(runes[i])
		case r == '"' || r == '\'':
			next, err := s.quoted(runes, i)
			if err != nil {
				return nil, err
			}
			i = next
		case isWord(r):
			s.add(r)
		default: // a token of one character
			s.end()
			s.add(r)
			s.end()
		}
	}
	s.end()
	return s.words, nil
}

// quoted adds the text between the quote at runes[i] and the closing quote, and returns the index of the latter.
func (s *scanner) quoted(runes []rune, i int) (int, error) {
	s.open = true
	quote := runes[i]
	for i++; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == quote:
			return i, nil
		case r == '\\' && quote == '"':
			if i++; i == len(runes) {
				return i, ErrEscape
			}
			if runes[i] != '\\' && runes[i] != '"' {
				s.add('\\')
			}
			s.add(runes[i])
		default:
			s.add(r)
		}
	}
	return i, ErrQuotation
}
