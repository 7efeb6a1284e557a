package ctl

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// argKind is what the arguments of a command are, for completion.
type argKind int

const (
	noCompletion argKind = iota
	groupArgs
	processArgs
)

// complete completes the part of a line before the cursor. It returns the part that is kept and the words that can follow
// it, each with a blank.
func (c *Controller) complete(line string) (head string, words []string) {
	begin := strings.LastIndexByte(line, ' ') + 1
	head, word := line[:begin], line[begin:]
	parts := c.split(head)
	before := strings.Fields(parts[len(parts)-1]) // of the last command on the line
	for _, candidate := range c.candidates(before, word) {
		if strings.HasPrefix(candidate, word) {
			words = append(words, candidate+" ")
		}
	}
	return head, words
}

// candidates are the words that can follow the words before. Word is what was typed of the next one.
func (c *Controller) candidates(before []string, word string) []string {
	if len(before) == 0 || before[0] == "help" {
		return c.topicNames()
	}
	cmd := c.find(before[0])
	if cmd == nil {
		return nil
	}
	if cmd.name == "wait" && before[len(before)-1] == "--for" {
		return waitWords()
	}
	switch last := before[len(before)-1]; {
	case slices.Contains(cmd.values, last):
		return nil
	case strings.HasPrefix(word, "-") && len(cmd.flags) > 0:
		return cmd.flags
	}
	switch cmd.args {
	case groupArgs:
		return groupNames(c.processInfos())
	case processArgs:
		return processNames(c.processInfos(), word)
	}
	return nil
}

// topicNames are the names of all commands and help.
func (c *Controller) topicNames() []string {
	names := []string{"help"}
	for _, block := range c.blocks() {
		for _, cmd := range block.commands {
			names = append(names, cmd.name)
		}
	}
	slices.Sort(names)
	return names
}

// processInfos returns the processes for completion, which are requested once between two commands. After an error there
// are none.
func (c *Controller) processInfos() []api.ProcessInfo {
	if c.infos == nil {
		var infos []api.ProcessInfo
		if c.badURL == nil {
			infos, _ = c.server.AllProcessInfo(c.ctx)
		}
		c.infos = &infos
	}
	return *c.infos
}

func groupNames(infos []api.ProcessInfo) (names []string) {
	for _, info := range infos {
		if !slices.Contains(names, info.Group) {
			names = append(names, info.Group)
		}
	}
	return names
}

// processNames are the namespecs of the processes and of their groups. A process in a group of the same name has its name
// alone, unless the word that was typed has a colon.
func processNames(infos []api.ProcessInfo, word string) (names []string) {
	listed := map[string]bool{} // groups
	for _, info := range infos {
		if info.Name == info.Group && !strings.Contains(word, ":") {
			names = append(names, info.Name)
			continue
		}
		names = append(names, info.Group+":"+info.Name)
		if !listed[info.Group] {
			listed[info.Group] = true
			names = append(names, info.Group+":*")
		}
	}
	return names
}
