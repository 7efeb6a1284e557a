package ctl

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// takes is what the arguments of a command are, for completion.
type takes int

const (
	takesNothing takes = iota
	takesTopics
	takesGroups
	takesProcesses
)

// complete gives, for the part of a line before the cursor, what of it stays and the words that may follow, each with a
// blank. Source: ctl, "Persistence and completion".
func (c *Controller) complete(line string) (head string, words []string) {
	begin := strings.LastIndexByte(line, ' ') + 1
	head, word := line[:begin], line[begin:]
	parts := split(head)
	before := strings.Fields(parts[len(parts)-1]) // of the last command of the line
	for _, candidate := range c.candidates(before, word) {
		if strings.HasPrefix(candidate, word) {
			words = append(words, candidate+" ")
		}
	}
	return head, words
}

// candidates are what can stand after the words before, when word is how it begins.
func (c *Controller) candidates(before []string, word string) []string {
	if len(before) == 0 {
		return c.topicNames()
	}
	if before[0] == "help" {
		return c.topicNames()
	}
	cmd := c.find(before[0])
	if cmd == nil {
		return nil
	}
	switch cmd.takes {
	case takesTopics:
		return c.topicNames()
	case takesGroups:
		return groupNames(c.processInfos())
	case takesProcesses:
		return processNames(c.processInfos(), word)
	}
	return nil
}

// topicNames are the commands, help among them.
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

// processInfos is what the server says of the processes, once between two commands. Without an answer there is nothing
// to complete.
func (c *Controller) processInfos() []api.ProcessInfo {
	if c.names == nil {
		var infos []api.ProcessInfo
		if c.badURL == nil {
			infos, _ = c.server.AllProcessInfo(c.ctx)
		}
		c.names = &infos
	}
	return *c.names
}

func groupNames(infos []api.ProcessInfo) (names []string) {
	for _, info := range infos {
		if !slices.Contains(names, info.Group) {
			names = append(names, info.Group)
		}
	}
	return names
}

// processNames are the names by which processes go, and "group:*" for each group that they belong to. A process in a
// group of its own name goes by that name alone, unless the word that is typed has a colon.
func processNames(infos []api.ProcessInfo, word string) (names []string) {
	whole := map[string]bool{}
	for _, info := range infos {
		if info.Name == info.Group && !strings.Contains(word, ":") {
			names = append(names, info.Name)
			continue
		}
		names = append(names, info.Group+":"+info.Name)
		if !whole[info.Group] {
			whole[info.Group] = true
			names = append(names, info.Group+":*")
		}
	}
	return names
}
