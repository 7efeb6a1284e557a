package orphans

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// entry is a line: a child, or supervisord itself, and a time at which it was running, in the kernel's ticks since boot.
type entry struct {
	Child
	at int64
}

// alive reports whether the process still runs. One that began after the entry was written is another with the same id.
func (e entry) alive() bool {
	began, ok := startOf(e.PID)
	return ok && began <= e.at+1
}

// header is the first word of the file. The process id of supervisord, a time, the id of the boot and the instance follow.
const header = "supervisord"

// owner is the supervisord of the first line.
type owner struct {
	entry
	instance string
}

// parseOwner reads the first line. It is nil if the file is older than the last boot. No time is later than now.
func parseOwner(line, boot string, now int64) (*owner, error) {
	fields := strings.SplitN(line, " ", 5)
	if len(fields) < 4 || fields[0] != header {
		return nil, errors.New("it is not a record")
	}
	if fields[3] != boot {
		return nil, nil
	}
	o := &owner{}
	var err1, err2, err3 error
	o.PID, err1 = strconv.Atoi(fields[1])
	o.at, err2 = strconv.ParseInt(fields[2], 10, 64)
	if len(fields) == 5 {
		o.instance, err3 = strconv.Unquote(fields[4])
	}
	if err1 != nil || err2 != nil || err3 != nil || o.PID < 1 || o.at < 0 || o.at > now {
		return nil, errors.New("its first line is implausible")
	}
	return o, nil
}

// format appends the line of a child. A new field goes to its end, where an older supervisord ignores it.
func (c *Child) format(b []byte, at int64) []byte {
	b = fmt.Appendf(b, "%d %d %d %d %d %t %t %d %q %q %d", c.PID, at, c.GroupPriority, c.Priority, int(c.StopSignal),
		c.StopAsGroup, c.KillAsGroup, int64(c.StopWait/time.Second), c.Group, c.Name, c.UID)
	if c.Plan != nil {
		b = fmt.Appendf(b, " %q", formatPlan(c.Plan))
	}
	return append(b, '\n')
}

// Limits of what is believed. A line has about 80 bytes, and the file at most two lines for each child that runs.
const (
	maxSize   = 4 << 20 // bytes
	maxPID    = 1 << 22 // of the kernel
	maxSignal = 64
	maxWait   = 1 << 31 // seconds
)

// parse reads a line that format wrote.
func parse(line string) (e entry, ok bool) {
	var signal int
	var wait int64
	var plan string
	e.UID = -1
	n, _ := fmt.Sscanf(line, "%d %d %d %d %d %t %t %d %q %q %d %q", &e.PID, &e.at, &e.GroupPriority, &e.Priority, &signal,
		&e.StopAsGroup, &e.KillAsGroup, &wait, &e.Group, &e.Name, &e.UID, &plan)
	if n < 10 || wait < 0 || wait > maxWait || signal < 1 || signal > maxSignal {
		return e, false
	}
	if e.Plan, ok = parsePlan(plan); !ok {
		return e, false
	}
	e.StopSignal, e.StopWait = syscall.Signal(signal), time.Duration(wait)*time.Second
	return e, e.PID > 1 && e.PID <= maxPID && e.at >= 0 && !strings.ContainsFunc(e.Group+e.Name, unicode.IsControl)
}

// read returns what the file says about this boot, nothing if it is missing or cannot be ours. What is wrong is one warning.
// No time in it is later than now.
func read(path, boot string, now int64, log *logs.Main) (owner *entry, children []entry) {
	text, err := safefile.ReadOwn(path, maxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	wrong := 0
	if err == nil {
		owner, children, wrong, err = parseAll(string(text), boot, now)
	}
	switch {
	case err != nil:
		log.Warnf("the record of children %q is ignored: %v", path, err)
	case wrong > 0:
		log.Warnf("%d lines of the record of children %q are implausible and ignored", wrong, path)
	}
	return owner, children
}

// parseAll reads the lines. There is nothing in them if the file is older than the last boot. Of two lines with the same
// process id it takes the later. Wrong counts lines that format did not write, without the last one if it is cut off, as it
// is when supervisord is killed while it writes.
func parseAll(text, boot string, now int64) (owner *entry, children []entry, wrong int, err error) {
	head, text, _ := strings.Cut(text, "\n")
	o, err := parseOwner(head, boot, now)
	if o == nil {
		return nil, nil, 0, err
	}
	indexes := map[int]int{}
	for line := range strings.Lines(text) {
		e, ok := parse(line)
		if !ok || e.at > now {
			if strings.HasSuffix(line, "\n") {
				wrong++
			}
			continue
		}
		if i, known := indexes[e.PID]; known {
			children[i] = e
			continue
		}
		indexes[e.PID] = len(children)
		children = append(children, e)
	}
	return &o.entry, children, wrong, nil
}

// Exposed returns which user beside root and ours can replace the record at path by another one of ours; "" if there is none.
// Only the directory is looked at. In one with the sticky bit the files of others stay.
func Exposed(path string) (reason string) {
	dir := filepath.Dir(path)
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return ""
	}
	switch {
	case st.Uid != 0 && int(st.Uid) != os.Geteuid():
		return fmt.Sprintf("%q belongs to uid %d", dir, st.Uid)
	case st.Mode&0o022 != 0 && st.Mode&unix.S_ISVTX == 0:
		return fmt.Sprintf("others can write %q", dir)
	}
	return ""
}
