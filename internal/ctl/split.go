package ctl

import "strings"

// split splits a line at the semicolons between commands: those between blanks, at the end of the line, and before the name of
// a command. Others are in names of processes, or in quotes.
func (c *Controller) split(line string) []string {
	var parts []string
	begin, quote := 0, rune(0)
	for i, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			if strings.ContainsRune(line[i+1:], r) {
				quote = r
			}
		case r == ';' && c.separates(line[begin:i], line[i+1:]):
			parts = append(parts, line[begin:i])
			begin = i + 1
		}
	}
	return append(parts, line[begin:])
}

// separates reports whether a semicolon between two texts separates commands.
func (c *Controller) separates(before, after string) bool {
	next := strings.TrimLeft(after, " \t")
	switch {
	case next == "" || next[0] == ';' || next[0] == '?':
		return true
	case len(next) < len(after) && (before == "" || strings.ContainsRune(" \t", rune(before[len(before)-1]))):
		return true
	}
	word, _, _ := parse(next)
	if rest := next[len(word):]; rest != "" && !strings.ContainsRune(" \t;", rune(rest[0])) {
		return false
	}
	switch word {
	case "help", "exit", "quit", "EOF":
		return true
	}
	return word != "" && c.find(word) != nil
}
