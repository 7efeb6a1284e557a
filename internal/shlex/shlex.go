// Package shlex splits text into words by the rules of a POSIX shell, without variables, globs or operators. Command
// lines and environment settings have different rules for what ends a word; both are here and nothing else.
package shlex

import (
	"errors"
	"strings"
)

// The two ways in which a text can end too early.
var (
	ErrQuotation = errors.New("No closing quotation")
	ErrEscape    = errors.New("No escaped character")
)

// Split cuts a command line into its words. Source: command.
func Split(command string) ([]string, error) {
	return scan(command, func(rune) bool { return true }, false)
}

// Tokens cuts an environment setting into tokens: words of letters, digits and _/.+-(): as well as whatever is quoted,
// and any other character by itself. From # to the end of the line is a comment. Source: environment.
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

// scanner collects one word at a time. open says that a word has begun, be it an empty one in quotes.
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

// quoted adds what stands between the quote at runes[i] and its partner, and returns where the partner is.
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
