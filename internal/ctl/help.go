package ctl

import (
	"slices"
	"strings"
)

// screenWidth is how wide a table of topics may be.
const screenWidth = 80

// help prints the tables of topics, or the help of one.
func (c *Controller) help(topic string) {
	if topic == "" {
		c.println("")
		for _, b := range c.blocks() {
			c.printTopics(b)
		}
		return
	}
	if topic == "help" {
		c.println("help\t\tPrint a list of available actions")
		c.println("help <action>\tPrint help for <action>")
		return
	}
	cmd := c.find(topic)
	if cmd == nil || cmd.help == "" {
		c.println("*** No help on " + topic)
		return
	}
	c.println(cmd.help)
}

func (c *Controller) printTopics(b block) {
	title := b.title + " commands (type help <topic>):"
	c.println(title)
	c.println(strings.Repeat("=", len(title)))
	var names []string
	for _, cmd := range b.commands {
		names = append(names, cmd.name)
	}
	for _, row := range columns(names) {
		c.println(row)
	}
	c.println("")
}

// columns arranges names in as few rows as fit the screen, column by column, with two blanks between columns. The last
// column is padded too.
func columns(names []string) []string {
	for height := 1; ; height++ {
		rows := make([]string, height)
		for column := range slices.Chunk(names, height) {
			width := 0
			for _, name := range column {
				width = max(width, len(name))
			}
			for i, name := range column {
				if rows[i] != "" {
					rows[i] += "  "
				}
				rows[i] += name + strings.Repeat(" ", width-len(name))
			}
		}
		if height >= len(names) || len(rows[0]) <= screenWidth {
			return rows
		}
	}
}
