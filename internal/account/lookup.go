package account

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/child"
)

// find looks an entry up, once.
func (d *Directory) find(q question) record {
	r, known := d.records[q]
	if !known {
		if r.fields = d.inFile(q); r.fields == nil {
			r.fields, r.err = d.inServices(q)
		}
		d.records[q] = r
	}
	return r
}

// inFile looks an entry up in the file.
func (d *Directory) inFile(q question) (found []string) {
	d.eachLine(q.file, func(line string) bool {
		if fields := valid(q.file, line); fields != nil && fields[q.field()] == q.key {
			found = fields
		}
		return found == nil
	})
	return found
}

// field is the index of the field that has the key.
func (q question) field() int {
	if q.byID {
		return 2
	}
	return 0
}

// eachLine calls f for each line of a file, until f returns false.
func (d *Directory) eachLine(file string, f func(line string) bool) {
	in, err := os.Open(filepath.Join(d.etc, file))
	if err != nil {
		return
	}
	defer in.Close()
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" && !f(strings.TrimRight(line, "\n")) || err != nil {
			return
		}
	}
}

// valid returns the fields of an entry, nil if it is none: a comment, a line for NIS, or a number that is none.
func valid(file, line string) []string {
	line = strings.TrimLeft(line, " \t")
	if line == "" || strings.ContainsRune("#+-", rune(line[0])) {
		return nil
	}
	numbers, n := []int{2, 3}, 7
	if file == "group" {
		numbers, n = numbers[:1], 4
	}
	fields := strings.Split(line, ":")
	if len(fields) < n || fields[0] == "" {
		return nil
	}
	for _, i := range numbers {
		id, err := strconv.ParseUint(fields[i], 10, 32)
		if err != nil {
			return nil
		}
		fields[i] = strconv.FormatUint(id, 10)
	}
	return fields
}

// inServices asks the name services for an entry.
func (d *Directory) inServices(q question) ([]string, error) {
	if !askable(q.key) {
		return nil, nil
	}
	answer, err := d.question("getent", q.file, q.key)
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(answer, "\n")
	fields := valid(q.file, line)
	if q.byID && fields != nil && fields[2] != q.key {
		return nil, nil
	}
	return fields, nil
}

// askable reports whether a name can be that of an account and is no option of a command.
func askable(name string) bool {
	return name != "" && name[0] != '-' && !strings.ContainsAny(name, ":/\n\x00")
}

// question runs a command, unless one has failed before. Without the command there is no answer.
func (d *Directory) question(name string, args ...string) (answer string, err error) {
	if d.failed != nil {
		return "", d.failed
	}
	if answer, err = d.ask(name, args...); errors.Is(err, child.ErrNoCommand) {
		return "", nil
	}
	d.failed = err
	return answer, err
}

// groups returns the groups of a user, the primary one first: those that list the user as a member, in the file and in what
// the name services list, and those that id finds, because a large directory may list nothing. If a name service fails, err
// says why, and the groups are those found until then.
func (d *Directory) groups(a *Account) (groups []int, err error) {
	groups = []int{a.GID}
	add := func(text string) {
		if gid, err := strconv.ParseUint(text, 10, 32); err == nil && !slices.Contains(groups, int(gid)) {
			groups = append(groups, int(gid))
		}
	}
	member := func(line string) bool {
		if g := valid("group", line); g != nil && slices.Contains(strings.Split(g[3], ","), a.Name) {
			add(g[2])
		}
		return true
	}
	d.eachLine("group", member)
	if !askable(a.Name) || !d.hasServices() {
		return groups, nil
	}
	answer, err := d.question("id", "-G", a.Name)
	for text := range strings.FieldsSeq(answer) {
		add(text)
	}
	if d.listed == nil && err == nil {
		answer, err = d.question("getent", "group")
		d.listed = &answer
	}
	if d.listed != nil {
		for line := range strings.Lines(*d.listed) {
			member(strings.TrimRight(line, "\n"))
		}
	}
	return groups, err
}

// hasServices reports whether nsswitch.conf names more than the file for groups. It is asked for each user, while getent
// is asked only for a name that the file does not have.
func (d *Directory) hasServices() (more bool) {
	if runtime.GOOS == "darwin" { // it has no nsswitch.conf, and no users in files
		return true
	}
	d.eachLine("nsswitch.conf", func(line string) bool {
		line, _, _ = strings.Cut(line, "#")
		database, sources, _ := strings.Cut(line, ":")
		if name := strings.TrimSpace(database); name == "group" || name == "initgroups" {
			for source := range strings.FieldsSeq(sources) {
				more = more || source != "files" && !strings.ContainsAny(source, "[]=")
			}
		}
		return !more
	})
	return more
}
