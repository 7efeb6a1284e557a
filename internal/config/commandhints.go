package config

import (
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/shlex"
)

// assignment is a word that sets a variable in a shell.
var assignment = pattern(`^[A-Za-z_][A-Za-z0-9_]*=`)

// ofShells are commands that are not programs.
var ofShells = []string{".", ":", "alias", "case", "cd", "eval", "exec", "export", "for", "if", "set", "source", "trap", "ulimit", "umask",
	"unset", "until", "while", "{", "("}

// aboutProgram says why the program of a command is perhaps not found. It does not show the word.
func aboutProgram(e *CommandError, directory string) string {
	word := e.word
	switch {
	case e.Reason != NotFound:
		return ""
	case assignment().MatchString(word):
		return "a variable before the program is not set, because there is no shell: write it in environment=, or env before it"
	case strings.HasPrefix(word, "~"):
		return "~ is not expanded here"
	case strings.HasPrefix(word, "$"):
		return "variables of a shell are not replaced here: write %(ENV_NAME)s"
	case strings.ContainsAny(word, " \t\n"):
		return "quotes around all words make them one: leave them out"
	case slices.Contains(ofShells, word):
		return "only a shell has it: write /bin/sh -c '...'"
	case strings.HasPrefix(word, "/"):
		return ""
	case directory == "" && strings.Contains(word, "/"):
		return "the path is relative to the directory of supervisord"
	case strings.Contains(word, "/"):
		return "directory= is not searched, the path is relative to the directory of supervisord"
	case directory != "" && isThere(join(directory, word)):
		return "directory= is not searched, only PATH"
	}
	return "no directory of PATH has it"
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// redirection matches words that redirect in a shell.
var redirection = pattern(`^([0-9]|&)?(>>?|<)(&[0-9-]|/.*)?$`)

// operators are words that have a meaning in a shell.
var operators = []string{"&", "&&", "||", "|", ";"}

// aboutArguments returns what is probably wrong with the words of a command. An operator counts if it stands alone and is not quoted.
func aboutArguments(command string, words []string) string {
	if words == nil {
		var err error
		if words, err = shlex.Split(command); err != nil {
			return ""
		}
	}
	written := strings.Fields(command)
	for i, word := range words {
		operator := slices.Contains(operators, word)
		switch {
		case i == 0 || !operator && !redirection().MatchString(word) || !slices.Contains(written, word):
		case word == "&" && i == len(words)-1:
			return `"&" is an argument, because there is no shell: leave it out`
		case operator:
			return `"` + word + `" is an argument, because there is no shell: write /bin/sh -c '...'`
		default:
			return "a redirection is an argument, because there is no shell: write /bin/sh -c '...'"
		}
	}
	const continued = "\\\n" // kept in quotes, where a shell may remove it
	if strings.Count(command, continued) > strings.Count(strings.Join(words, " "), continued) {
		return `"\" at the end of a line puts a line feed into the next argument: leave it out, indented lines continue the value anyway`
	}
	return ""
}
