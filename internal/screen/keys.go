package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/signame"
)

// Action is an action on processes.
type Action string

// The actions. Their texts are the words in the key line.
const (
	Start   Action = "start"
	Stop    Action = "stop"
	Restart Action = "restart"
	Signal  Action = "signal"
	Clear   Action = "clear"
)

// binding is a key and what it does. It is offered in the key line if it has a short text, and in the help.
type binding struct {
	keys  []string
	pages []page
	short string // in the key line
	help  string
	acts  bool // needs a role that may act
	do    func(m *Model) []Command
}

var (
	onList = []page{pageList}
	onLog  = []page{pageLog}
	onText = []page{pageDetails, pageHistory, pageHelp}
	onAll  = []page{pageList, pageLog, pageDetails, pageHistory, pageHelp}
)

// bindings is the table of keys: what is pressed, offered and explained. It is a function since the help shows it.
func bindings() []binding {
	return []binding{
		{[]string{"?"}, onAll, "help", "shows this page", false, func(m *Model) []Command { return m.show(pageHelp) }},
		{[]string{"q"}, onAll, "quit", "leaves", false, func(m *Model) []Command { return m.leave() }},
		{[]string{"ctrl+c"}, onAll, "", "leaves the program", false, func(*Model) []Command { return []Command{Quit{}} }},
		{[]string{"ctrl+z"}, onAll, "", "suspends the program", false, func(*Model) []Command { return []Command{Suspend{}} }},
		{[]string{"esc"}, onAll, "", "goes back, or clears filters and marks", false, func(m *Model) []Command { return m.escape() }},

		{[]string{"up", "k"}, onList, "", "moves up", false, func(m *Model) []Command { return m.move(-1) }},
		{[]string{"down", "j"}, onList, "", "moves down", false, func(m *Model) []Command { return m.move(1) }},
		{[]string{"pgup", "ctrl+b"}, onList, "", "moves up by a screen", false, func(m *Model) []Command { return m.move(-m.listHeight()) }},
		{[]string{"pgdown", "ctrl+f"}, onList, "", "moves down by a screen", false, func(m *Model) []Command { return m.move(m.listHeight()) }},
		{[]string{"g", "home"}, onList, "", "moves to the first row", false, func(m *Model) []Command { return m.move(-len(m.list.rows)) }},
		{[]string{"G", "end"}, onList, "", "moves to the last row", false, func(m *Model) []Command { return m.move(len(m.list.rows)) }},
		{[]string{"enter"}, onList, "log", "shows the log of a program, or opens and closes a group", false, (*Model).enter},
		{[]string{"s"}, onList, "start", "starts", true, func(m *Model) []Command { return m.act(Start) }},
		{[]string{"x"}, onList, "stop", "stops", true, func(m *Model) []Command { return m.act(Stop) }},
		{[]string{"r"}, onList, "restart", "restarts", true, func(m *Model) []Command { return m.act(Restart) }},
		{[]string{"S"}, onList, "", "sends a signal", true, func(m *Model) []Command { return m.act(Signal) }},
		{[]string{"c"}, onList, "", "clears the logs", true, func(m *Model) []Command { return m.act(Clear) }},
		{[]string{"space"}, onList, "mark", "marks a row for an action on several", false, func(m *Model) []Command { m.list.mark(); return m.followCursor() }},
		{[]string{"/"}, onList, "filter", "filters by a part of the name, or a pattern with * and ?", false, (*Model).askFilter},
		{[]string{"f"}, onList, "state", "filters by the next state", false, func(m *Model) []Command { m.list.nextState(); return m.followCursor() }},
		{[]string{"o"}, onList, "order", "sorts by the next column", false, (*Model).nextOrder},
		{[]string{"l"}, onList, "log pane", "opens and closes the log pane", false, (*Model).togglePane},
		{[]string{"v"}, []page{pageList, pageDetails}, "details", "shows the details of a process", false, func(m *Model) []Command { return m.show(pageDetails) }},
		{[]string{"h"}, []page{pageList, pageHistory}, "history", "shows the history of a process", false, func(m *Model) []Command { return m.show(pageHistory) }},

		{[]string{"e"}, []page{pageList, pageLog}, "", "changes between standard output and standard error", false, (*Model).otherChannel},
		{[]string{"m"}, []page{pageList, pageLog}, "", "shows the main log", false, (*Model).mainLog},
		{[]string{"up", "k"}, onLog, "", "scrolls up", false, func(m *Model) []Command { return m.scrollLog(-1) }},
		{[]string{"down", "j"}, onLog, "", "scrolls down", false, func(m *Model) []Command { return m.scrollLog(1) }},
		{[]string{"pgup", "ctrl+b"}, onLog, "", "scrolls up by a screen", false, func(m *Model) []Command { return m.scrollLog(1 - m.logHeight()) }},
		{[]string{"pgdown", "ctrl+f", "space"}, onLog, "", "scrolls down by a screen", false, func(m *Model) []Command { return m.scrollLog(m.logHeight() - 1) }},
		{[]string{"g", "home"}, onLog, "begin", "scrolls to the first line", false, func(m *Model) []Command { return m.scrollLog(-maxLines * maxLine) }},
		{[]string{"G", "end"}, onLog, "follow", "follows the log", false, func(m *Model) []Command { m.log.follow = true; return nil }},
		{[]string{"/"}, onLog, "search", "searches for text", false, (*Model).askSearch},
		{[]string{"n"}, onLog, "next", "finds the next line, upward", false, func(m *Model) []Command { return m.find(-1) }},
		{[]string{"N"}, onLog, "", "finds the next line, downward", false, func(m *Model) []Command { return m.find(1) }},
		{[]string{"w"}, onLog, "wrap", "wraps long lines, or cuts them", false, func(m *Model) []Command { m.log.wrap = !m.log.wrap; return nil }},

		{[]string{"up", "k"}, onText, "", "scrolls up", false, func(m *Model) []Command { m.scroll = max(m.scroll-1, 0); return nil }},
		{[]string{"down", "j"}, onText, "", "scrolls down", false, func(m *Model) []Command { m.scroll++; return nil }},
		{[]string{"pgup", "ctrl+b"}, onText, "", "scrolls up by a screen", false, func(m *Model) []Command { m.scroll = max(m.scroll-m.size.Height/2, 0); return nil }},
		{[]string{"pgdown", "ctrl+f", "space"}, onText, "", "scrolls down by a screen", false, func(m *Model) []Command { m.scroll += m.size.Height / 2; return nil }},
	}
}

// allowed reports whether the caller's role may do what a binding does. A role that is not known may: the server decides.
func (m *Model) allowed(b *binding) bool {
	return !b.acts || m.snapshot.Role != "read" && m.snapshot.Role != "metrics" && m.snapshot.Role != "none"
}

// press handles a key.
func (m *Model) press(key string) []Command {
	m.message, m.failed = "", false
	if m.prompt != nil && key != "ctrl+c" {
		return m.answer(key)
	}
	for _, b := range bindings() {
		if slices.Contains(b.keys, key) && slices.Contains(b.pages, m.page) && m.allowed(&b) {
			return b.do(m)
		}
	}
	return nil
}

// leave goes back from a page, or leaves the program.
func (m *Model) leave() []Command {
	if m.page == pageList {
		return []Command{Quit{}}
	}
	return m.goBack()
}

func (m *Model) goBack() []Command {
	from := m.page
	m.page, m.back = m.back, pageList
	if from == pageLog && !m.pane {
		m.log = log{number: m.log.number, wrap: m.log.wrap}
		return []Command{CloseLog{}}
	}
	return m.followCursor()
}

func (m *Model) escape() []Command {
	if m.page != pageList {
		return m.goBack()
	}
	m.list.name, m.list.state = "", nil
	clear(m.list.marks)
	m.list.arrange(m.list.processes)
	return m.followCursor()
}

// show opens a page of text above the one that is open.
func (m *Model) show(p page) []Command {
	if m.page == p {
		return m.goBack()
	}
	process := m.list.process()
	if p != pageHelp && process == nil {
		m.message = "no process is selected"
		return nil
	}
	if m.page == pageList || m.page == pageLog {
		m.back = m.page
	}
	m.page, m.scroll = p, 0
	if p == pageHistory {
		m.history, m.historic = []string{"reading ..."}, place{process.Group, process.Name}
		return []Command{ReadHistory{process.Group, process.Name}}
	}
	return nil
}

func (m *Model) move(n int) []Command {
	m.list.move(n)
	return m.followCursor()
}

// enter opens the log of a process, or opens and closes a group.
func (m *Model) enter() []Command {
	r := m.list.current()
	switch {
	case r == nil:
		return nil
	case r.process == nil:
		m.list.unfolded[r.group] = !m.list.unfolded[r.group]
		m.list.arrange(m.list.processes)
		return nil
	}
	m.page, m.back = pageLog, pageList
	if m.log.open && m.log.name == r.process.Namespec() && m.log.channel == m.channel {
		return nil
	}
	return []Command{m.openLog(r.process.Namespec(), m.channel)}
}

func (m *Model) mainLog() []Command {
	m.page, m.back = pageLog, pageList
	return []Command{m.openLog("", "")}
}

func (m *Model) otherChannel() []Command {
	if m.channel == "stdout" {
		m.channel = "stderr"
	} else {
		m.channel = "stdout"
	}
	if m.page == pageLog && m.log.name != "" {
		return []Command{m.openLog(m.log.name, m.channel)}
	}
	return m.followCursor()
}

func (m *Model) togglePane() []Command {
	if m.pane = !m.pane; m.pane {
		return m.followCursor()
	}
	m.log = log{number: m.log.number, wrap: m.log.wrap}
	return []Command{CloseLog{}}
}

// nextOrder sorts by the next column that there is.
func (m *Model) nextOrder() []Command {
	has := m.columnsKnown()
	for {
		m.list.order = (m.list.order + 1) % orders
		if has[m.list.order] {
			break
		}
	}
	m.list.arrange(m.list.processes)
	return nil
}

// columnsKnown reports which columns the supervisord has.
func (m *Model) columnsKnown() [orders]bool {
	known := [orders]bool{byName: true, byState: true}
	for i := range m.snapshot.Processes {
		p := &m.snapshot.Processes[i]
		known[byCPU] = known[byCPU] || p.Resources != nil
		known[byMemory] = known[byCPU]
		known[byRestarts] = known[byRestarts] || p.Restarts != nil
	}
	return known
}

// act performs an action on what is marked, or the row of the cursor, and asks before one that ends or deletes something, or is about
// several processes.
func (m *Model) act(a Action) []Command {
	names, count := m.list.targets()
	if count == 0 {
		return nil
	}
	act := Act{Action: a, Names: names}
	if a == Signal {
		m.prompt = &prompt{label: "signal for " + describe(names, count) + ": ", done: func(m *Model, name string) []Command {
			if name == "" {
				return nil
			}
			if _, err := signame.Parse(name); err != nil {
				m.message, m.failed = err.Error(), true
				return nil
			}
			act.Signal = name
			return m.confirm(act, count)
		}}
		return nil
	}
	return m.confirm(act, count)
}

func (m *Model) confirm(a Act, count int) []Command {
	if count == 1 && a.Action != Stop && a.Action != Clear {
		return m.perform(a)
	}
	verb := string(a.Action)
	if a.Signal != "" {
		verb = "send " + a.Signal + " to"
	}
	m.prompt = &prompt{label: verb + " " + describe(a.Names, count) + "? (y/n) ", single: true, done: func(m *Model, answer string) []Command {
		if answer != "y" && answer != "Y" {
			m.message = "nothing done"
			return nil
		}
		return m.perform(a)
	}}
	return nil
}

func (m *Model) perform(a Act) []Command {
	clear(m.list.marks)
	m.message = string(a.Action) + " " + strings.Join(a.Names, " ") + " ..."
	return []Command{a}
}

// describe names the processes of an action.
func describe(names []string, count int) string {
	if len(names) == 1 && count == 1 {
		return names[0]
	}
	text := fmt.Sprintf("%d processes", count)
	if len(names) == 1 {
		text += " (" + names[0] + ")"
	}
	return text
}

func (m *Model) askFilter() []Command {
	before := m.list.name
	set := func(m *Model, text string) []Command {
		m.list.name = text
		m.list.arrange(m.list.processes)
		return m.followCursor()
	}
	m.prompt = &prompt{label: "filter: ", text: before, changed: set, done: set, canceled: func(m *Model) { set(m, before) }}
	return nil
}

func (m *Model) askSearch() []Command {
	m.prompt = &prompt{label: "search: ", done: func(m *Model, text string) []Command {
		m.log.search = text
		return m.find(-1)
	}}
	return nil
}

// prompt is a question in the key line.
type prompt struct {
	label, text string
	single      bool // the next key is the answer
	changed     func(m *Model, text string) []Command
	done        func(m *Model, text string) []Command
	canceled    func(m *Model)
}

// maxAnswer is the longest answer, in bytes.
const maxAnswer = 256

func (p *prompt) insert(text string) {
	for _, r := range text {
		if r >= ' ' && r != 0x7f && len(p.text) < maxAnswer {
			p.text += string(r)
		}
	}
}

// answer handles a key while a question is open.
func (m *Model) answer(key string) (commands []Command) {
	p := m.prompt
	switch {
	case p.single:
		m.prompt = nil
		return p.done(m, key)
	case key == "enter":
		m.prompt = nil
		return p.done(m, p.text)
	case key == "esc":
		m.prompt = nil
		if p.canceled != nil {
			p.canceled(m)
		}
		return nil
	case key == "backspace":
		if runes := []rune(p.text); len(runes) > 0 {
			p.text = string(runes[:len(runes)-1])
		}
	case key == "ctrl+u":
		p.text = ""
	case key == "space":
		p.insert(" ")
	case len([]rune(key)) == 1:
		p.insert(key)
	default:
		return nil
	}
	if p.changed != nil {
		return p.changed(m, p.text)
	}
	return nil
}
