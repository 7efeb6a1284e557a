package filewatch

import (
	"path/filepath"
	"strings"

	"github.com/gosupervisor/supervisor/internal/glob"
)

// editorFiles are names of what editors write beside a file.
var editorFiles = []string{".*", "*~", "*.swp", "*.swx", "4913", "#*#"}

// excludes reports whether a file or directory does not count, and nothing below it. Below is its path below the watched directory.
func (s *Spec) excludes(below string) bool {
	return matchesAny(editorFiles, below) || matchesAny(s.Exclude, below)
}

// selects reports whether a file counts that is not excluded.
func (s *Spec) selects(below string) bool { return matchesAny(s.Patterns, below) }

// matchesAny reports whether a path below a directory matches a pattern: its name, or the whole path if the pattern has a slash.
func matchesAny(patterns []string, below string) bool {
	name := filepath.Base(below)
	for _, pattern := range patterns {
		if strings.Contains(pattern, "/") {
			if glob.MatchPath(strings.TrimPrefix(pattern, "/"), below) {
				return true
			}
		} else if glob.Match(pattern, name) {
			return true
		}
	}
	return false
}

// logDir is the directory of a log.
type logDir struct {
	given string
	real  string // without links; empty: not known
}

// logDirs returns the directories of logs, by their names.
func logDirs(paths []string) map[string][]*logDir {
	logs := map[string][]*logDir{}
	for _, path := range paths {
		name := filepath.Base(path)
		logs[name] = append(logs[name], &logDir{given: filepath.Dir(path)})
	}
	return logs
}

// isLog reports whether a path is that of a log, or of a rotated one: its name with a suffix.
func (w *Watcher) isLog(path string) bool {
	dir, name := filepath.Split(path)
	for dir = filepath.Clean(dir); name != ""; name = name[:max(strings.LastIndexByte(name, '.'), 0)] {
		for _, d := range w.logs[name] {
			if d.real == "" {
				d.real, _ = filepath.EvalSymlinks(d.given) // it may come later
			}
			if d.real == dir {
				return true
			}
		}
	}
	return false
}
