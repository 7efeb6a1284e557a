package ctl

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// logSearch is what logs prints with --since, --until or --grep.
type logSearch struct {
	client.LogSearch
	used  bool
	count int // the last records only; negative: all
	raw   bool
}

// patternFlag is followed by a pattern, which may be quoted.
const patternFlag = "--grep"

const (
	// followInterval is how often a search that follows looks for new records.
	followInterval = 250 * time.Millisecond
	// searchBytes is how much text of all logs together is held, and leastSearchBytes how much of each at least.
	searchBytes      = 8 << 20
	leastSearchBytes = 4 << 10
)

// flags are those with a value, relative to now.
func (s *logSearch) flags(now time.Time) map[string]func(string) error {
	moment := func(t *time.Time) func(string) error {
		return func(text string) (err error) {
			s.used = true
			*t, err = parseMoment(text, now)
			return err
		}
	}
	return map[string]func(string) error{"--since": moment(&s.Since), "--until": moment(&s.Until), patternFlag: func(text string) error {
		s.used, s.Grep = true, text
		if _, err := regexp.Compile(text); err != nil {
			return fmt.Errorf("bad pattern %s: %s", text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		return nil
	}}
}

// check refuses flags that exclude each other.
func (s *logSearch) check(follow bool) error {
	if follow && !s.Until.IsZero() {
		return errors.New("-f and --until exclude each other")
	}
	return nil
}

// parseMoment parses a time: RFC 3339, a time of the day, which is the last one of the local clock, or an age.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse("15:04", text); err == nil {
		year, month, day := now.Date()
		at := func(day int) time.Time {
			return time.Date(year, month, day, t.Hour(), t.Minute(), 0, 0, now.Location())
		}
		if today := at(day); !today.After(now) {
			return today, nil
		}
		return at(day - 1), nil
	}
	if age, ok := parseAge(text); ok {
		return now.Add(-age), nil
	}
	return now, fmt.Errorf("bad time %s: not an age such as 10m, a time such as 14:30, or one such as 2026-11-27T14:30:00Z", text)
}

// parseAge parses a duration, which may have days and weeks, too.
func parseAge(text string) (age time.Duration, ok bool) {
	for text != "" {
		digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
		unit := len(text[digits:]) - len(strings.TrimLeft(text[digits:], "smhdw"))
		if digits == 0 || digits > 9 || unit != 1 {
			return 0, false
		}
		n := 0
		fmt.Sscan(text[:digits], &n)
		size := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[digits]]
		if age += time.Duration(n) * size; age < 0 || time.Duration(n)*size/size != time.Duration(n) {
			return 0, false
		}
		text, ok = text[digits+1:], true
	}
	return age, ok
}

// searchLogs prints records of several logs in the order of their times. With follow it goes on with what is written, from now on if there
// is neither a time nor a number of lines.
func (c *Controller) searchLogs(sources []source, search logSearch, follow bool) error {
	ctx := c.ctx
	if follow {
		var stop func()
		ctx, stop = c.untilInterrupt()
		defer stop()
		if search.Since.IsZero() && search.count < 0 {
			search.Since = time.Now()
		}
	}
	search.Bytes = max(leastSearchBytes, searchBytes/max(1, len(sources)))
	m := &merge{c: c, ctx: ctx, search: search, follow: follow}
	for _, s := range sources {
		m.logs = append(m.logs, &searched{source: s})
	}
	err := m.round()
	m.flush()
	for err == nil && follow && len(m.logs) > 0 {
		c.out.Flush()
		select {
		case <-time.After(followInterval):
			err = m.round()
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if follow && ctx.Err() != nil {
		c.println("")
		return nil
	}
	return err
}

// searched is a log that is searched.
type searched struct {
	source
	records  []client.LogRecord // that were found, and are not printed
	after    string             // where its search goes on
	problems []string           // that were printed
	dropped  bool
}

// merge prints the records of several logs in the order of their times.
type merge struct {
	c      *Controller
	ctx    context.Context
	search logSearch
	follow bool
	logs   []*searched
	last   []func() // print the last records, if their number is limited
	queue  timeQueue
}

// timeQueue is a heap of logs that have records, by the time of the first one.
type timeQueue []*searched

func (q timeQueue) Len() int           { return len(q) }
func (q timeQueue) Less(i, j int) bool { return q[i].records[0].Time < q[j].records[0].Time }
func (q timeQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *timeQueue) Push(log any)      { *q = append(*q, log.(*searched)) }
func (q *timeQueue) Pop() any {
	end := len(*q) - 1
	log := (*q)[end]
	*q = (*q)[:end]
	return log
}

// round prints what there is in all logs.
func (m *merge) round() error {
	for _, log := range m.logs {
		if log.dropped {
			break
		}
		if err := m.fetch(log); err != nil {
			return err
		}
		if len(log.records) > 0 {
			m.queue = append(m.queue, log)
		}
	}
	m.logs = slices.DeleteFunc(m.logs, func(log *searched) bool { return log.dropped })
	for heap.Init(&m.queue); len(m.queue) > 0; {
		log := m.queue[0]
		m.show(log.source, log.records[0].Text)
		if log.records = log.records[1:]; len(log.records) == 0 {
			if err := m.fetch(log); err != nil {
				return err
			}
		}
		if len(log.records) == 0 {
			heap.Pop(&m.queue)
		} else {
			heap.Fix(&m.queue, 0)
		}
	}
	return nil
}

// fetch gets the next records of a log, until there are none.
func (m *merge) fetch(log *searched) error {
	for more := true; more && len(log.records) == 0 && !log.dropped; {
		search := m.search.LogSearch
		search.After = log.after
		found, err := m.c.server.SearchProcessLog(m.ctx, log.name, log.channel.String(), search)
		if err != nil {
			return m.failed(log, err)
		}
		for _, p := range found.Problems {
			if !slices.Contains(log.problems, p) {
				log.problems = append(log.problems, p)
				m.problem(log, p)
			}
		}
		log.records, log.after, more = found.Records, found.Next, found.More
	}
	return nil
}

func (m *merge) problem(log *searched, text string) {
	m.c.println(log.name + ": ERROR (" + text + ")")
	m.c.status = exitGeneric
}

// failed handles the error of a search. A log that does not exist yet may come while it is followed.
func (m *merge) failed(log *searched, err error) error {
	var fault *client.Fault
	if !errors.As(err, &fault) {
		return err
	}
	switch fault.Code {
	case api.NoFile:
		log.dropped = !m.follow
		return nil
	case api.NoTimes:
		m.problem(log, "its log has no times, see "+log.channel.String()+"_logfile_format")
	case api.BadName:
		m.problem(log, "no such process")
	case api.Failed:
		m.problem(log, strings.TrimPrefix(fault.Text, "FAILED: "))
	case api.IncorrectParameters: // of all
		m.dropAll()
		return m.c.invalidArg(strings.TrimPrefix(fault.Text, "INCORRECT_PARAMETERS: "))
	case api.UnknownMethod:
		m.dropAll()
		m.c.println("ERROR: the server cannot do this: supervisor.searchProcessStdoutLog")
		m.c.status = exitGeneric
	default:
		return err
	}
	log.dropped = true
	return nil
}

func (m *merge) dropAll() {
	for _, log := range m.logs {
		log.dropped = true
	}
}

// show prints a record, or keeps it if only the last ones are to be printed.
func (m *merge) show(s source, text string) {
	printIt := func() {
		for _, line := range strings.Split(text, "\n") {
			for _, shown := range m.c.shown(line, m.search.raw) {
				m.c.println(s.prefix + shown)
			}
		}
	}
	switch {
	case m.search.count < 0:
		printIt()
	case m.search.count > 0:
		m.last = append(m.last, printIt)
		if len(m.last) > m.search.count {
			m.last = m.last[1:]
		}
	}
}

// flush prints the records that were kept. What comes then is printed at once.
func (m *merge) flush() {
	for _, printIt := range m.last {
		printIt()
	}
	m.last, m.search.count = nil, -1
}
