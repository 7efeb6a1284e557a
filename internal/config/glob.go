package config

import (
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// glob returns the paths that match, in byte order and with the directories as in the pattern. *, ?, [a-z] and [!a-z] are special in
// each part of the path. There is no escape, ** is *, and a leading dot must be matched explicitly. These rules are those of Python,
// not those of path/filepath.
func glob(pattern string) []string {
	paths := globParts(pattern)
	slices.Sort(paths)
	return paths
}

func globParts(pattern string) []string {
	slash := strings.LastIndexByte(pattern, '/')
	base := pattern[slash+1:]
	if !isGlob(pattern) {
		if base == "" && !isDir(pattern) {
			return nil
		}
		if _, err := os.Lstat(pattern); err != nil {
			return nil
		}
		return []string{pattern}
	}
	dir := dirname(pattern)
	dirs := []string{dir}
	if isGlob(dir) {
		dirs = globParts(dir)
	}
	var found []string
	for _, dir := range dirs {
		if !isGlob(base) {
			path := join(dir, base)
			if base == "" {
				path = dir + "/"
			}
			if _, err := os.Lstat(path); err == nil {
				found = append(found, path)
			}
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			name := entry.Name()
			if (name[0] != '.' || base[0] == '.') && match(base, name) {
				found = append(found, join(dir, name))
			}
		}
	}
	return found
}

func isGlob(pattern string) bool { return strings.ContainsAny(pattern, "*?[") }

// match reports whether a name matches a pattern. After a mismatch it goes back to the last star only, so the time is at most the
// product of both lengths.
func match(pattern, name string) bool {
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
