package screen

import (
	"slices"
	"strings"
)

// HistoryRead is the history of a process, a line for each change of its state.
type HistoryRead struct {
	Group, Name string
	Lines       []string
	Failed      string // why there is none
}

func (m *Model) readHistory(h HistoryRead) {
	if m.page != pageHistory || m.historic != (place{h.Group, h.Name}) {
		return
	}
	switch {
	case h.Failed != "":
		m.history = []string{plain(h.Failed)}
	case len(h.Lines) == 0:
		m.history = []string{"no changes are recorded"}
	default:
		m.history = nil
		for _, line := range h.Lines {
			m.history = append(m.history, plain(line))
		}
	}
}

// detailsText is what is known of the process of the cursor.
func (m *Model) detailsText() []string {
	p := m.list.process()
	if p == nil {
		return []string{"the process is gone"}
	}
	details := []Detail{{"state", p.State.String()}, {"description", p.Description}, {"pid", number(p.PID)}}
	if p.Resources != nil {
		details = append(details, Detail{"cpu", cpuText(p.Resources) + " %"}, Detail{"memory", memoryText(p.Resources)})
	}
	if p.Restarts != nil {
		details = append(details, Detail{"restarts", restartsText(p.Restarts)})
	}
	if p.Health != "" {
		details = append(details, Detail{"health", p.Health})
	}
	details = append(details, p.Details...)
	width := 0
	for _, d := range details {
		width = max(width, len(d.Name))
	}
	lines := []string{bold + plain(p.Namespec()) + reset}
	for _, d := range details {
		if d.Text != "" {
			lines = append(lines, "  "+pad(d.Name, width, false)+"  "+plain(d.Text))
		}
	}
	return lines
}

// helpText explains all keys that the caller may use, page by page.
func (m *Model) helpText() (lines []string) {
	for _, part := range []struct {
		title string
		page  page
	}{{"All pages", pageHelp}, {"List of processes", pageList}, {"Log", pageLog}} {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, bold+part.title+reset)
		for _, b := range bindings() {
			if everywhere := len(b.pages) == len(onAll); everywhere != (part.page == pageHelp) || !slices.Contains(b.pages, part.page) || !m.allowed(&b) {
				continue
			}
			lines = append(lines, "  "+pad(strings.Join(b.keys, ", "), 18, false)+" "+b.help)
		}
	}
	return lines
}
