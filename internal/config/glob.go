package config

import (
	"os"
	"slices"
	"strings"

	globs "github.com/gosupervisor/supervisor/internal/glob"
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
			if (name[0] != '.' || base[0] == '.') && globs.Match(base, name) {
				found = append(found, join(dir, name))
			}
		}
	}
	return found
}

func isGlob(pattern string) bool { return strings.ContainsAny(pattern, "*?[") }
