// Package glob compares names with patterns, in the notation of Python's fnmatch: *, ?, [a-z] and [!a-z] are special, and there is no
// escape. It is pure.
package glob

import (
	"strings"
	"unicode/utf8"
)

// Match reports whether a name matches a pattern. After a mismatch it goes back to the last star only, so the time is at most the
// product of both lengths.
func Match(pattern, name string) bool {
	starPattern, starName := "", ""
	seenStar := false
	for name != "" || pattern != "" {
		if strings.HasPrefix(pattern, "*") {
			pattern = pattern[1:]
			starPattern, starName, seenStar = pattern, name, true
			continue
		}
		if rest, ok := matchOne(pattern, name); ok {
			_, size := utf8.DecodeRuneInString(name)
			pattern, name = rest, name[size:]
			continue
		}
		if !seenStar || starName == "" {
			return false
		}
		_, size := utf8.DecodeRuneInString(starName)
		starName = starName[size:]
		pattern, name = starPattern, starName
	}
	return true
}

// matchOne reports whether the first character of name matches the first element of pattern, and returns the rest of pattern.
func matchOne(pattern, name string) (rest string, ok bool) {
	if pattern == "" || name == "" {
		return "", false
	}
	want, size := utf8.DecodeRuneInString(pattern)
	got, _ := utf8.DecodeRuneInString(name)
	rest = pattern[size:]
	switch want {
	case '?':
		return rest, true
	case '[':
		if set, after, ok := cutSet(rest); ok {
			return after, inSet(set, got)
		}
	}
	return rest, want == got
}

// cutSet splits "a-z]rest". A ] at the start belongs to the set. Without an end the bracket is an ordinary character.
func cutSet(s string) (set, rest string, ok bool) {
	first := 0
	if strings.HasPrefix(s, "!") {
		first = 1
	}
	if strings.HasPrefix(s[first:], "]") {
		first++
	}
	end := strings.IndexByte(s[first:], ']')
	if end < 0 {
		return "", "", false
	}
	return s[:first+end], s[first+end+1:], true
}

func inSet(set string, r rune) bool {
	inverted := strings.HasPrefix(set, "!")
	runes := []rune(strings.TrimPrefix(set, "!"))
	for i := 0; i < len(runes); i++ {
		if i+2 < len(runes) && runes[i+1] == '-' {
			if runes[i] <= r && r <= runes[i+2] {
				return !inverted
			}
			i += 2
		} else if runes[i] == r {
			return !inverted
		}
	}
	return inverted
}

// MatchPath reports whether a path matches a pattern part by part: a star does not match a slash. A part ** stands for any number of parts.
// Both have slashes between parts only.
func MatchPath(pattern, path string) bool {
	return matchParts(strings.Split(pattern, "/"), strings.Split(path, "/"))
}

func matchParts(pattern, path []string) bool {
	starPattern, starPath := []string(nil), 0 // after the last **, and where what follows it was looked for last
	rest := path
	for len(pattern) > 0 || len(rest) > 0 {
		switch {
		case len(pattern) > 0 && pattern[0] == "**":
			pattern = pattern[1:]
			starPattern, starPath = pattern, len(path)-len(rest)
			if len(pattern) == 0 {
				return true
			}
		case len(pattern) > 0 && len(rest) > 0 && Match(pattern[0], rest[0]):
			pattern, rest = pattern[1:], rest[1:]
		case starPattern == nil || starPath == len(path):
			return false
		default:
			starPath++
			pattern, rest = starPattern, path[starPath:]
		}
	}
	return true
}
