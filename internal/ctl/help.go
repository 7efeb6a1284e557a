package ctl

import "strings"

// topicRows is how many rows the table of topics has; it is filled column by column. Its width follows from the names.
const topicRows = 3

// help prints the table of topics, or what there is to say about one.
func (c *Controller) help(topic string) {
	if topic == "" {
		c.topics()
		return
	}
	if topic == "help" {
		c.println("help\t\tPrint a list of available actions")
		c.println("help <action>\tPrint help for <action>")
		return
	}
	cmd := find(topic)
	if cmd == nil {
		c.println("*** No help on " + topic)
		return
	}
	c.println(cmd.help)
}

func (c *Controller) topics() {
	c.println("")
	const title = "default commands (type help <topic>):"
	c.println(title)
	c.println(strings.Repeat("=", len(title)))
	columns := (len(commands) + topicRows - 1) / topicRows
	for row := range topicRows {
		var cells []string
		for col := range columns {
			width := 0
			for i := col * topicRows; i < min((col+1)*topicRows, len(commands)); i++ {
				width = max(width, len(commands[i].name))
			}
			name := ""
			if i := col*topicRows + row; i < len(commands) {
				name = commands[i].name
			} else {
				width = 0
			}
			cells = append(cells, name+strings.Repeat(" ", width-len(name)))
		}
		c.println(strings.Join(cells, "  "))
	}
	c.println("")
}
