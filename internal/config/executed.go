package config

import (
	"path/filepath"
	"strings"

	"github.com/gosupervisor/supervisor/internal/shlex"
)

// wrappers are programs that execute the command in their arguments, and how many other arguments are before it, besides options
// and variables.
var wrappers = map[string]int{"env": 0, "nohup": 0, "setsid": 0, "pidproxy": 1}

// interpreters are programs that execute a file, without the version behind their names, and the letters at the end of an option
// after which there is code instead.
var interpreters = map[string]string{"sh": "c", "bash": "c", "dash": "c", "ash": "c", "ksh": "c", "zsh": "c", "python": "cm",
	"perl": "eE", "ruby": "e", "node": "ep", "php": "r", "lua": "e"}

// executed returns the files that decide what a command executes in a directory: the program, also behind a wrapper, the
// directories of PATH before it, and the script of an interpreter.
func (e *exposure) executed(command, search, directory string) (paths []string) {
	words, err := shlex.Split(command)
	for err == nil && len(words) > 0 {
		paths = append(paths, e.program(words[0], search)...)
		name := filepath.Base(words[0])
		words = words[1:]
		if skip, ok := wrappers[name]; ok {
			for ; len(words) > 0 && (skip > 0 || strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=")); words = words[1:] {
				skip--
			}
			continue
		}
		if script := scriptOf(name, words); script != "" {
			paths = append(paths, absolute(join(directory, script)))
		}
		break
	}
	return paths
}

// program returns the path of a program; without a slash, that in PATH after the directories before it.
func (e *exposure) program(name, search string) (paths []string) {
	if strings.Contains(name, "/") {
		return []string{absolute(name)}
	}
	for dir := range strings.SplitSeq(search, ":") {
		path := filepath.Join(absolute(dir), name)
		if e.exists(path) {
			return append(paths, path)
		}
		paths = append(paths, filepath.Dir(path))
	}
	return paths
}

// scriptOf returns the file that an interpreter with these arguments executes, empty if there is none.
func scriptOf(name string, arguments []string) string {
	code, ok := interpreters[strings.TrimRight(name, "0123456789.")]
	for _, word := range arguments {
		switch {
		case !ok || len(word) > 1 && word[0] == '-' && strings.IndexByte(code, word[len(word)-1]) >= 0:
			return ""
		case !strings.HasPrefix(word, "-"):
			return word
		}
	}
	return ""
}
