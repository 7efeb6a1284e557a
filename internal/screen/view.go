package screen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/gosupervisor/supervisor/internal/api"
)

// The smallest terminal, and the width from which the log is beside the list.
const (
	minWidth, minHeight = 40, 10
	besideWidth         = 160
	minName             = 24 // cells of a name
)

// column is a column of the list, behind the name.
type column struct {
	title string
	width int // of the last one the least
	right bool
	order order // the column is known if this order is
	text  func(m *Model, p *Process) string
	group func(m *Model, members []Process) string
}

// columns is the table of columns. The last ones are left out first where there is no room.
var columns = []column{
	{"STATE", 9, false, byState, func(m *Model, p *Process) string { return p.State.String() }, countsOf},
	{"PID", 7, true, byName, func(m *Model, p *Process) string { return number(p.PID) }, nil},
	{"CPU %", 6, true, byCPU, func(m *Model, p *Process) string { return cpuText(p.Resources) }, func(m *Model, members []Process) string { return cpuText(sum(members)) }},
	{"MEMORY", 9, true, byMemory, func(m *Model, p *Process) string { return memoryText(p.Resources) }, func(m *Model, members []Process) string { return memoryText(sum(members)) }},
	{"RESTARTS", 8, true, byRestarts, func(m *Model, p *Process) string { return restartsText(p.Restarts) }, nil},
	{"UPTIME", 10, false, byName, (*Model).uptime, nil},
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func cpuText(r *Resources) string {
	if r == nil || r.CPU < 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", r.CPU)
}

func memoryText(r *Resources) string {
	if r == nil {
		return "-"
	}
	return bytesText(r.Memory)
}

func restartsText(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}

// sum adds up what is known of the resources; nil if nothing is.
func sum(processes []Process) *Resources {
	var total *Resources
	for i := range processes {
		if r := processes[i].Resources; r != nil {
			if total == nil {
				total = &Resources{CPU: -1}
			}
			if r.CPU >= 0 {
				total.CPU = max(total.CPU, 0) + r.CPU
			}
			total.Memory += r.Memory
		}
	}
	return total
}

// countsOf is the state of a group: that of all, or the number of those that run.
func countsOf(_ *Model, members []Process) string {
	running := 0
	for i := range members {
		if members[i].State == api.Running {
			running++
		}
	}
	return fmt.Sprintf("%d/%d up", running, len(members))
}

// uptime is how long a process has been running, or why it is not.
func (m *Model) uptime(p *Process) string {
	switch {
	case p.State == api.Running && !p.Started.IsZero():
		text := string(api.AppendUptime(nil, int64(m.now.Sub(p.Started)/time.Second)))
		if p.Health != "" && p.Health != "healthy" {
			text += " " + p.Health
		}
		return text
	}
	return p.Description
}

// View returns the rows of the screen, as many as it is high, each at most as wide.
func (m *Model) View() []string {
	width, height := m.size.Width, m.size.Height
	var rows []string
	switch {
	case height <= 0 || width <= 0:
		return nil
	case width < minWidth || height < minHeight:
		rows = []string{fmt.Sprintf("top needs %d x %d cells, these are %d x %d", minWidth, minHeight, width, height)}
	default:
		rows = append(m.header(), m.body()...)
		for len(rows) < height-1 {
			rows = append(rows, "")
		}
		rows = append(rows[:height-1], m.keyLine())
	}
	for i, row := range rows {
		if m.options.ASCII {
			row = ascii(row)
		}
		rows[i] = cut(row, width)
	}
	return rows
}

// headerHeight is the number of rows above the body.
func (m *Model) headerHeight() int {
	if m.size.Height < 15 {
		return 1
	}
	return 2
}

// listHeight is the number of rows of processes.
func (m *Model) listHeight() int {
	height := m.size.Height - m.headerHeight() - 2 // titles and key line
	if m.pane && m.size.Width < besideWidth {
		height = (height - 1) / 2
	}
	return max(height, 1)
}

// logHeight is the number of rows of text in the full-screen log.
func (m *Model) logHeight() int { return max(m.size.Height-m.headerHeight()-2, 1) }

// header is what is at the top of each page.
func (m *Model) header() []string {
	s := &m.snapshot
	var first string
	switch {
	case !m.lost.IsZero():
		first = reverse + " connection lost at " + m.lost.In(m.options.Location).Format(time.TimeOnly) + ": " + plain(m.reason) + " " + reset
	case !m.known:
		first = "connecting ..."
	default:
		first = bold + plain(s.Identifier) + reset + " on " + plain(s.Host) + "  " + plain(s.State)
	}
	second := m.counts()
	if total := sum(s.Processes); total != nil {
		second += "  CPU " + cpuText(total) + " %  memory " + memoryText(total)
	}
	if m.headerHeight() == 1 {
		return []string{first + "  " + second}
	}
	for _, part := range m.choices() {
		second += "  " + part
	}
	return []string{first, second}
}

// counts are the numbers of processes by state, those that need attention first.
func (m *Model) counts() string {
	counts := map[api.State]int{}
	for i := range m.snapshot.Processes {
		counts[m.snapshot.Processes[i].State]++
	}
	states := make([]api.State, 0, len(counts))
	for s := range counts {
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b api.State) int { return int(urgency[b] - urgency[a]) })
	text := fmt.Sprintf("%d processes", len(m.snapshot.Processes))
	if len(m.snapshot.Processes) == 1 {
		text = "1 process"
	}
	for i, s := range states {
		text += [...]string{": ", ", "}[min(i, 1)] + colors[s] + fmt.Sprintf("%d %v", counts[s], s)
		if colors[s] != "" {
			text += reset
		}
	}
	return text
}

// choices are the filters, the order and the marks.
func (m *Model) choices() (parts []string) {
	if l := &m.list; l.name != "" {
		parts = append(parts, "name: "+l.name)
	}
	if m.list.state != nil {
		parts = append(parts, "state: "+m.list.state.String())
	}
	if m.list.order != byName {
		parts = append(parts, "order: "+m.list.order.String())
	}
	if n := len(m.list.marks); n > 0 {
		parts = append(parts, fmt.Sprintf("%d marked", n))
	}
	return parts
}

// body is what is between header and key line.
func (m *Model) body() []string {
	switch m.page {
	case pageLog:
		return m.logRows(m.size.Width, m.logHeight())
	case pageDetails:
		return m.textRows(m.detailsText())
	case pageHistory:
		return m.textRows(append([]string{bold + "history of " + plain(api.Namespec(m.historic.group, m.historic.name)) + reset}, m.history...))
	case pageHelp:
		return m.textRows(m.helpText())
	}
	width := m.size.Width
	beside := m.pane && width >= besideWidth
	if beside {
		width /= 2
	}
	rows := m.listRows(width, m.listHeight())
	switch {
	case beside:
		for len(rows) < m.listHeight()+1 {
			rows = append(rows, "")
		}
		for i, row := range m.logRows(m.size.Width-width-3, m.listHeight()) {
			rows[i] = pad(rows[i], width, false) + " | " + row
		}
	case m.pane:
		for len(rows) < m.listHeight()+1 {
			rows = append(rows, "")
		}
		rows = append(rows, m.logRows(width, m.size.Height-m.headerHeight()-len(rows)-2)...)
	}
	return rows
}

// listRows are the titles and rows of the list.
func (m *Model) listRows(width, height int) []string {
	known := m.columnsKnown()
	longest := 0
	for _, r := range m.list.rows {
		longest = max(longest, ansi.StringWidth(m.nameText(&r)))
	}
	name := max(minName, min(longest, width/3))
	used := 2 + name
	var shown []column
	for _, c := range columns {
		if !known[c.order] {
			continue
		}
		if used+1+c.width > width {
			break
		}
		shown = append(shown, c)
		used += 1 + c.width
	}
	last := &shown[len(shown)-1]
	if last.title == "UPTIME" {
		more := min(width-used, max(longest-name, 0)) / 2 // half of what is left for names that need it
		name += more
		last.width += width - used - more
	} else {
		name += width - used
	}
	title := "  " + pad("NAME", name, false)
	for _, c := range shown {
		title += " " + pad(c.title, c.width, c.right)
	}
	rows := []string{bold + title + reset}
	if m.known && len(m.list.rows) == 0 {
		text := "  no processes"
		if m.list.filtered() {
			text = "  no process matches the filter (esc clears it)"
		}
		return append(rows, text)
	}
	for _, r := range m.list.visible(height) {
		rows = append(rows, m.rowText(&r, name, shown))
	}
	return rows
}

// nameText is the name of a row, with what shows groups as open or closed.
func (m *Model) nameText(r *row) string {
	switch {
	case r.process == nil && (m.list.unfolded[r.group] || m.list.filtered()):
		return "- " + plain(r.group)
	case r.process == nil:
		return "+ " + plain(r.group)
	case r.indent:
		return "  " + plain(r.name)
	}
	return plain(r.name)
}

// rowText is a row of the list.
func (m *Model) rowText(r *row, name int, shown []column) string {
	mark := "  "
	if m.list.marks[r.place] {
		mark = "* "
	}
	selected, gray := r.place == m.list.cursor, !m.lost.IsZero()
	text := mark + pad(m.nameText(r), name, false)
	for _, c := range shown {
		var cell, color string
		switch {
		case r.process != nil:
			cell = plain(c.text(m, r.process))
			if c.title == "STATE" && !selected && !gray {
				color = colors[r.process.State]
			}
		case c.group != nil:
			cell = c.group(m, r.members)
		}
		if cell = pad(cell, c.width, c.right); color != "" {
			cell = color + cell + reset
		}
		text += " " + cell
	}
	switch {
	case selected:
		return reverse + text + reset
	case gray:
		return faint + text + reset
	}
	return text
}

// logRows are the title and the rows of the log.
func (m *Model) logRows(width, height int) []string {
	l := &m.log
	title := "no log is open"
	if l.open {
		title = plain(l.title())
	}
	if l.open && !l.follow {
		title += "  (scrolled, G follows)"
	}
	if l.asked {
		title += "  reading ..."
	}
	if l.ended != "" {
		title += "  (" + plain(l.ended) + ")"
	}
	rows, _ := l.rows(width, max(height, 1))
	return append([]string{bold + pad(title, width, false) + reset}, rows...)
}

// textRows are the rows of a page of text from where it is scrolled to.
func (m *Model) textRows(lines []string) []string {
	height := m.size.Height - m.headerHeight() - 1
	m.scroll = max(min(m.scroll, len(lines)-height), 0)
	return lines[m.scroll:]
}

// keyLine is the last row: a question, a message, or the keys.
func (m *Model) keyLine() string {
	switch {
	case m.prompt != nil:
		return bold + m.prompt.label + reset + m.prompt.text + reverse + " " + reset
	case m.message != "" && m.failed:
		return red + plain(m.message) + reset
	case m.message != "":
		return plain(m.message)
	}
	var text strings.Builder
	for _, b := range bindings() {
		if b.short == "" || !slices.Contains(b.pages, m.page) || !m.allowed(&b) {
			continue
		}
		item := bold + b.keys[0] + reset + " " + b.short + "  "
		if ansi.StringWidth(text.String()+item)-2 > m.size.Width {
			break
		}
		text.WriteString(item)
	}
	return text.String()
}
