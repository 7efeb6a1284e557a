package ctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// backlogBytes is how much of a log the server sends before it follows. A backlog of this length may begin in the middle of
// a line.
const backlogBytes = 1024

// lineLength is the assumed average length of a line; logs reads again if lines are longer.
const lineLength = 200

// source is a log that logs prints.
type source struct {
	name    string // of the process
	channel api.Channel
	prefix  string // of each line
}

// defaultLines is how many lines of each log are printed.
const defaultLines = 10

// logs prints the last lines of the logs of processes, or records by time and pattern. With -f it follows them.
func (c *Controller) logs(args []string) error {
	count, follow, raw := -1, false, false
	var search logSearch
	flags := search.flags(time.Now())
	flags["-n"] = func(text string) (err error) {
		if count, err = strconv.Atoi(text); err != nil || count < 0 {
			return fmt.Errorf("bad number of lines %s", text)
		}
		return nil
	}
	names, err := parseFlags(args, flags, map[string]*bool{"-f": &follow, "--raw": &raw})
	if err == nil {
		err = search.check(follow)
	}
	if err != nil {
		return c.invalidArg(err.Error())
	}
	infos, err := c.matching(names, c.out)
	if err != nil {
		return err
	}
	sources := logSources(infos, c.options.Terminal && os.Getenv("NO_COLOR") == "")
	if search.used {
		search.count, search.raw = count, raw
		return c.searchLogs(sources, search, follow)
	}
	if count < 0 {
		count = defaultLines
	}
	if follow && len(sources) > 0 {
		c.followAll(sources, count, raw)
		return nil
	}
	for _, s := range sources {
		if err := c.printLines(s, count, raw); err != nil {
			return err
		}
	}
	return nil
}

// logSources returns the logs of the processes. The names in their prefixes are padded to the same width. With color, each
// process has one of six colors.
func logSources(infos []api.ProcessInfo, color bool) (sources []source) {
	width := 0
	for _, info := range infos {
		width = max(width, utf8.RuneCountInString(api.Namespec(info.Group, info.Name)))
	}
	for i, info := range infos {
		name := api.Namespec(info.Group, info.Name)
		for _, log := range []struct {
			channel    api.Channel
			file, mark string
		}{
			{api.Stdout, info.StdoutLogfile, "|"}, {api.Stderr, info.StderrLogfile, "!"},
		} {
			if log.file == "" {
				continue
			}
			prefix := fmt.Sprintf("%-*s %s ", width, name, log.mark)
			if color {
				prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m", 31+(i+1)%6, prefix)
			}
			sources = append(sources, source{name, log.channel, prefix})
		}
	}
	return sources
}

// printLines prints the last lines of a log. A missing log has none.
func (c *Controller) printLines(s source, count int, raw bool) error {
	for size := count * lineLength; size > 0; size *= 8 {
		text, err := c.readLog(s.name, s.channel, size)
		switch {
		case faultCode(err) == api.NoFile:
			return nil
		case err != nil:
			return err
		}
		lines, whole := lastLines(text, count, len(text) < size)
		if !whole {
			continue
		}
		for _, line := range lines {
			for _, shown := range c.shown(line, raw) {
				c.println(s.prefix + shown)
			}
		}
		return nil
	}
	return nil
}

// shown returns a line of a log as logs prints it.
func (c *Controller) shown(line string, raw bool) []string {
	if raw {
		return []string{line}
	}
	lines, _ := output.Readable(line)
	for i := range lines {
		lines[i] = c.visible(lines[i], raw)
	}
	return lines
}

// lastLines returns the last count lines of text, the end of a log. If text is not the complete log, whole is false if it has
// less than count whole lines.
func lastLines(text string, count int, complete bool) (lines []string, whole bool) {
	lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	if !complete && len(lines) <= count { // the first may have lost its beginning
		return nil, false
	}
	return lines[max(0, len(lines)-count):], true
}

// followAll prints the lines of the logs as they are written, until all streams have ended or an interrupt.
func (c *Controller) followAll(sources []source, count int, raw bool) {
	ctx, stop := c.untilInterrupt()
	defer stop()
	c.out.Flush()
	out := &sharedWriter{to: c.out, failed: stop}
	var followers sync.WaitGroup
	for _, s := range sources {
		followers.Go(func() {
			stream, err := c.server.FollowLog(ctx, s.name, s.channel.String())
			var status *client.HTTPError
			switch {
			case ctx.Err() != nil || errors.As(err, &status): // no such log yet
			case err != nil:
				_, text := classify(err)
				out.println(s.prefix + "ERROR: " + text)
			default:
				defer stream.Close()
				followLines(ctx, stream, count, func(line string) {
					for _, shown := range c.shown(line, raw) {
						out.println(s.prefix + shown)
					}
				})
			}
		})
	}
	followers.Wait()
	if ctx.Err() != nil {
		c.println("")
	}
}

// followLines passes the last count lines of the backlog to show, and every line after that.
func followLines(ctx context.Context, stream io.Reader, count int, show func(string)) {
	begin := make([]byte, backlogBytes)
	n, err := stream.Read(begin)
	if err != nil && n == 0 {
		return
	}
	text := string(begin[:n])
	cut := strings.LastIndexByte(text, '\n') + 1 // the rest of the last line is still to come
	lines := strings.SplitAfter(text[:cut], "\n")
	lines = lines[:len(lines)-1]
	if n == backlogBytes && len(lines) > 1 {
		lines = lines[1:]
	}
	for _, line := range lines[max(0, len(lines)-count):] {
		show(strings.TrimSuffix(line, "\n"))
	}
	rest := bufio.NewReader(io.MultiReader(strings.NewReader(text[cut:]), stream))
	for ctx.Err() == nil {
		line, err := rest.ReadString('\n')
		if line != "" {
			show(strings.TrimSuffix(line, "\n"))
		}
		if err != nil {
			return
		}
	}
}
