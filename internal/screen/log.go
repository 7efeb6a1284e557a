package screen

import (
	"bytes"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Limits of a log on the screen.
const (
	maxLines = 5000    // while it is followed; twice as many while it is scrolled
	maxLine  = 4096    // bytes of a line; more is cut
	maxBytes = 4 << 20 // of all lines
)

// LogText is text that follows what there is of a log.
type LogText struct {
	Number int
	Text   []byte
	Begin  bool // it is the beginning of the log
	Gap    bool // text before it is missing, since it came too fast
}

// LogEnded says that no more text comes.
type LogEnded struct {
	Number int
	Reason string
}

// LogEarlier is text before what there is of a log.
type LogEarlier struct {
	Number int
	Text   []byte
	Begin  bool   // it is the beginning of the log
	Failed string // why there is none; empty if there is
}

// line is a line of a log as a terminal may get it.
type line struct {
	text  string
	bytes int // in the log
}

// log is the log that is open.
type log struct {
	number        int
	open          bool
	name, channel string // empty for the main log
	lines         []line
	size          int    // bytes of the texts
	part          []byte // a line that goes on; it is shown, too
	begin         bool   // there is nothing before the first line
	asked         bool   // for what is before the first line
	ended         string // why no more text comes
	follow        bool   // else the first line is top
	top           int
	wrap          bool
	search        string
	found         int // line that contains it, if search is set; else 0
}

// title names the log.
func (l *log) title() string {
	if l.name == "" {
		return "main log"
	}
	return l.name + " " + l.channel
}

// add appends text.
func (l *log) add(e LogText) {
	if e.Number != l.number || !l.open {
		return
	}
	l.ended = ""
	l.begin = l.begin || e.Begin && len(l.lines) == 0 && len(l.part) == 0
	if e.Gap {
		l.part = nil
		l.append(line{text: faint + "... lines are left out here, they came too fast" + reset})
		l.begin = false
	}
	rest := append(l.part, e.Text...)
	for {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		l.append(line{text: clean(rest[:i]), bytes: i + 1})
		rest = rest[i+1:]
	}
	if len(rest) > maxLine { // the rest of such a line is not kept
		rest = rest[:maxLine]
	}
	l.part = slices.Clone(rest)
}

// append appends a line, and drops the first ones that are too many.
func (l *log) append(added line) {
	l.lines = append(l.lines, added)
	l.size += len(added.text)
	limit := maxLines
	if !l.follow {
		limit *= 2
	}
	drop := 0
	for len(l.lines)-drop > limit || l.size > maxBytes {
		l.size -= len(l.lines[drop].text)
		drop++
	}
	if drop > 0 {
		l.begin = false
		l.lines = l.lines[drop:]
		l.top, l.found = max(l.top-drop, 0), max(l.found-drop, 0)
	}
}

// prepend puts text before what there is.
func (l *log) prepend(e LogEarlier) {
	if e.Number != l.number || !l.open {
		return
	}
	l.asked = false
	l.begin = l.begin || e.Begin || e.Failed != "" // there is nothing else to ask for
	var before []line
	text := e.Text
	for len(text) > 0 && l.size < maxBytes && len(before)+len(l.lines) < 2*maxLines {
		i := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1 // begin of the last line
		added := line{text: clean(bytes.TrimSuffix(text[i:], []byte("\n"))), bytes: len(text) - i}
		before = append(before, added)
		l.size += len(added.text)
		text = text[:i]
	}
	if len(text) > 0 {
		l.begin = false
	}
	slices.Reverse(before)
	l.lines = append(before, l.lines...)
	l.top += len(before)
	l.found += len(before)
}

func (l *log) end(e LogEnded) {
	if e.Number == l.number && l.open {
		l.ended = e.Reason
	}
}

// shown returns the lines with the one that goes on.
func (l *log) shown() []line {
	if len(l.part) == 0 {
		return l.lines
	}
	return append(l.lines[:len(l.lines):len(l.lines)], line{text: clean(l.part), bytes: len(l.part)})
}

// bytes is the length of what there is of the log.
func (l *log) bytes() int {
	n := len(l.part)
	for _, line := range l.lines {
		n += line.bytes
	}
	return n
}

// rows returns the rows of a window, and the index of its first line.
func (l *log) rows(width, height int) (rows []string, first int) {
	lines := l.shown()
	if l.follow {
		first = len(lines)
		for first > 0 && len(rows) < height {
			first--
			rows = append(l.split(lines[first], first, width), rows...)
		}
		return rows[max(len(rows)-height, 0):], first
	}
	first = min(l.top, max(len(lines)-1, 0))
	for i := first; i < len(lines) && len(rows) < height; i++ {
		rows = append(rows, l.split(lines[i], i, width)...)
	}
	return rows[:min(len(rows), height)], first
}

// split returns the rows of a line.
func (l *log) split(line line, index, width int) []string {
	text := line.text
	if l.search != "" && index == l.found && contains(text, l.search) {
		text = reverse + ansi.Strip(text) + reset
	}
	if !l.wrap {
		return []string{cut(text, width)}
	}
	return strings.Split(ansi.Hardwrap(text, width, true), "\n")
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(ansi.Strip(text)), strings.ToLower(part))
}

// scrollLog scrolls the log by n lines. At the end it is followed; before its first line, earlier text is asked for.
func (m *Model) scrollLog(n int) []Command {
	l := &m.log
	_, first := l.rows(m.size.Width, m.logHeight())
	l.top = max(first+n, 0)
	if n < 0 {
		l.follow = false
	}
	if l.atEnd(m.size.Width, m.logHeight()) && n > 0 {
		l.follow = true
	}
	if first+n <= 0 && n < 0 {
		return m.readEarlier()
	}
	return nil
}

// atEnd reports whether the last line is visible.
func (l *log) atEnd(width, height int) bool {
	following := *l
	following.follow = true
	_, first := following.rows(width, height)
	return l.top >= first
}

func (m *Model) readEarlier() []Command {
	if l := &m.log; l.open && !l.begin && !l.asked && len(l.lines) < 2*maxLines && l.size < maxBytes {
		l.asked = true
		return []Command{ReadEarlier{Number: l.number, Bytes: l.bytes()}}
	}
	return nil
}

// fillLog asks for earlier text if what there is does not fill the window.
func (m *Model) fillLog() []Command {
	if l := &m.log; l.follow && len(l.lines) < m.logHeight() {
		return m.readEarlier()
	}
	return nil
}

// find goes to the next line with the text, down or up.
func (m *Model) find(direction int) []Command {
	l := &m.log
	if l.search == "" {
		return nil
	}
	lines := l.shown()
	from := l.found
	if from >= len(lines) || !contains(lines[from].text, l.search) {
		from = len(lines) // the first time: the last one
		if direction > 0 {
			from = -1
		}
	}
	for i := from + direction; i >= 0 && i < len(lines); i += direction {
		if contains(lines[i].text, l.search) {
			l.found, l.follow, l.top = i, false, max(i-m.logHeight()/2, 0)
			return nil
		}
	}
	m.message, m.failed = "not found: "+l.search, true
	if direction < 0 {
		return m.readEarlier()
	}
	return nil
}
