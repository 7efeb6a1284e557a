// Package docs_test tests the pages: it runs their commands, writes and checks the files that they show, follows their links, and
// compares the generated ones with the source.
package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/exefile"
	"github.com/gosupervisor/supervisor/internal/freeport"
)

// pages returns the paths of all pages, relative to this directory.
func pages(t *testing.T) []string {
	t.Helper()
	list := []string{"../README.md", "../CHANGELOG.md"}
	for _, pattern := range []string{"*.md", "reports/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	return list
}

// A block is a fenced block of a page.
type block struct {
	line     int    // of the first line of its text
	language string // behind the fence
	text     string
	file     string // the file to write it to
	skip     string // why it is not run, if it is not
	hidden   bool   // in a comment
}

var (
	writes = regexp.MustCompile("(?s)(?:Write|write|and) `([^`]+)`[^`]*:\\s*$")
	skips  = regexp.MustCompile(`(?s)<!-- not run: (.*?) -->\s*$`)
	needs  = regexp.MustCompile(`(?s)<!-- needs ([a-z0-9-]+) -->\s*$`)
	setups = regexp.MustCompile(`(?s)^<!-- run first\n(.*?)-->`)
)

// blocks returns the fenced blocks of a page. A block after "Write `FILE`:" is written to that file; one after <!-- not run: REASON -->
// is skipped, and one after <!-- needs PROGRAM --> where there is no such program; a comment that begins with <!-- run first is a script.
func blocks(page string) []block {
	var found []block
	lines := strings.SplitAfter(page, "\n")
	var before strings.Builder // the paragraph before
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if m := setups.FindStringSubmatch(strings.Join(lines[i:], "")); m != nil {
			found = append(found, block{line: i + 2, language: "sh", text: m[1], hidden: true})
			i += strings.Count(m[0], "\n")
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		language, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		if !fenced {
			if strings.TrimSpace(line) != "" && i > 0 && strings.TrimSpace(lines[i-1]) == "" {
				before.Reset()
			}
			before.WriteString(line)
			continue
		}
		b := block{line: i + 2, language: language}
		if m := writes.FindStringSubmatch(before.String()); m != nil {
			b.file = m[1]
		}
		if m := skips.FindStringSubmatch(before.String()); m != nil {
			b.skip = m[1]
		}
		if m := needs.FindStringSubmatch(before.String()); m != nil {
			if _, err := exec.LookPath(m[1]); err != nil {
				b.skip = err.Error()
			}
		}
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			b.text += strings.TrimPrefix(lines[i], indent)
		}
		found = append(found, b)
		before.Reset()
	}
	return found
}

// A session runs the blocks of a page from its top, in a directory of its own.
type session struct {
	t    *testing.T
	page string
	dir  string
	env  []string
	free *strings.Replacer // has free ports in place of those of the page
}

// TestCommands runs the commands of the pages, and compares their output with the output on the page.
func TestCommands(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "bin/supervisord")); err != nil {
		t.Fatalf("the programs are not built, make does it: %v", err)
	}
	bin := programs(t, filepath.Join(root, "bin"))
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			s := &session{t: t, page: page, dir: t.TempDir(), free: strings.NewReplacer("9001", freePort(t), "9090", freePort(t))}
			// Pages name the programs without a path, as if they were installed.
			if err := os.Symlink(bin, filepath.Join(s.dir, "bin")); err != nil {
				t.Fatal(err)
			}
			// Daemons of the same identifier remove automatic logs of each other from the directory that they share.
			s.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "TREE="+root, "TZ=UTC", "HOME="+s.dir,
				"TMPDIR="+t.TempDir())
			t.Cleanup(s.end)
			for _, b := range blocks(string(text)) {
				s.run(b)
			}
		})
	}
}

// programs returns a directory with the programs that are in bin. Supervisord is a copy: as root it upgrades only to a program that
// other users cannot replace, and the tree may belong to one.
func programs(t *testing.T, bin string) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(bin)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		from, to := filepath.Join(bin, e.Name()), filepath.Join(dir, e.Name())
		if e.Name() != "supervisord" {
			err = errors.Join(err, os.Symlink(from, to))
			continue
		}
		err = errors.Join(err, exefile.Copy(from, to, 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *session) run(b block) {
	s.t.Helper()
	text := s.free.Replace(b.text)
	switch {
	case b.skip != "" || s.t.Failed():
	case b.file != "":
		path := filepath.Join(s.dir, b.file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := exefile.Write(path, []byte(text), 0o755); err != nil {
			s.t.Fatal(err)
		}
	case b.language == "console":
		s.console(b.line, text)
	case b.language == "sh":
		if out, err := s.shell(text); err != nil {
			s.t.Errorf("%s:%d: %v\n%s", s.page, b.line, err, out)
		}
	case b.language == "ini":
		s.fragment(b.line, text)
	}
}

// lost are commands that change nothing but the shell that runs them.
var lost = regexp.MustCompile(`^(\w+=("[^"]*"|'[^']*'|\$\(.*\)|\S*)|(cd|export|set|unset|umask|ulimit|alias|\.|source) .*)$`)

// console runs the commands after "$ ", and compares their output with the lines below them. A backslash continues a command in the
// next line.
func (s *session) console(first int, text string) {
	s.t.Helper()
	status := 0 // of the previous command, for $?
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			s.t.Errorf("%s:%d: no command: %s", s.page, first+i, lines[i])
			return
		}
		at := first + i
		for i++; strings.HasSuffix(command, `\`) && i < len(lines); i++ {
			command = strings.TrimSuffix(command, `\`) + lines[i]
		}
		if lost.MatchString(command) {
			s.t.Errorf("%s:%d: %s: it has no effect on the next command, which runs in a shell of its own", s.page, at, command)
		}
		var want []string
		for ; i < len(lines) && !strings.HasPrefix(lines[i], "$ "); i++ {
			want = append(want, lines[i])
		}
		out, err := s.shell(fmt.Sprintf("set +e; (exit %d)\n%s", status, command))
		status = 0
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			status = exit.ExitCode()
		}
		if err != nil && !errorExpected(err) {
			s.t.Errorf("%s:%d: %v", s.page, at, err)
		}
		got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if out == "" {
			got = nil
		}
		if strings.Contains(command, " wait ") { // prints the processes in the order in which they reach the state
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.EqualFunc(got, want, func(a, b string) bool { return normalize(a) == normalize(b) }) {
			s.t.Errorf("%s:%d: %s\nprints\n%s\nbut the page has\n%s", s.page, at, command, out, strings.Join(want, "\n"))
		}
	}
}

// errorExpected reports whether a command ended by itself: pages show errors too, and their text is compared.
func errorExpected(err error) bool {
	exit, ok := err.(*exec.ExitError)
	return ok && exit.Exited() && exit.ExitCode() < 126
}

var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`pid \d+`), "pid N"},
	{regexp.MustCompile(`\d+ ms\b`), "N ms"},
	{regexp.MustCompile(`\b\d+:\d\d:\d\d\b`), "TIME"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ TIME [A-Z]+ \d{4}\b`), "DATE"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d TIME,\d{3}\b`), "DATE"},
	{regexp.MustCompile(`\s+$`), ""},
}

// normalize replaces what differs from run to run.
func normalize(line string) string {
	for _, c := range changing {
		line = c.pattern.ReplaceAllString(line, c.with)
	}
	return line
}

// shell runs a script in the session's directory. It does not wait for processes that the script leaves in the background.
func (s *session) shell(script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-e", "-c", script)
	cmd.Dir, cmd.Env, cmd.WaitDelay = s.dir, s.env, 5*time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// fragment checks sections that a page shows alone with supervisord --check. Paths on a page need not exist here.
func (s *session) fragment(line int, text string) {
	s.t.Helper()
	config := text
	if !strings.Contains(text, "[supervisord]") {
		config += "\n[supervisord]\n"
	}
	if strings.HasPrefix(strings.TrimSpace(text), "[") == strings.Contains(text, "[") {
		if !strings.HasPrefix(strings.TrimSpace(text), "[") && !strings.HasPrefix(strings.TrimSpace(text), ";") {
			config = "[program:page]\ncommand=/bin/cat\n" + config // keys of a program
		}
	}
	path := filepath.Join(s.dir, fmt.Sprintf("fragment-%d.conf", line))
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		s.t.Fatal(err)
	}
	out, _ := s.shell("bin/supervisord --check -c " + path)
	for problem := range strings.SplitSeq(out, "\n") {
		if problem != "" && !strings.HasSuffix(problem, ": no errors") && !aboutHost.MatchString(problem) {
			s.t.Errorf("%s:%d: %s", s.page, line, problem)
		}
	}
}

// aboutHost matches errors about files and users that exist only where a configuration is used, and about the rest of a file.
var aboutHost = regexp.MustCompile(`^\s|does not exist|will be made|cannot be found|not found|can't find|no such|Invalid user|invalid user|` +
	`not a directory|not an existing directory|runs as root|No file matches via include|there is no section|no event listener runs supervisor-notify`)

// end stops the daemons that the session started, also one that the page has shut down and that has removed its pid file: it still
// works in the directory, which is removed next.
func (s *session) end() {
	dirs, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range dirs {
		proc := filepath.Dir(link)
		cwd, err := os.Readlink(link)
		if err != nil || cwd != s.dir && !strings.HasPrefix(cwd, s.dir+"/") {
			continue
		}
		exe, err := os.Readlink(filepath.Join(proc, "exe"))
		if err != nil || filepath.Base(exe) != "supervisord" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil {
			continue
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue // it has ended
		}
		_ = syscall.Kill(pid, syscall.SIGTERM)
		ended := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ended, 60_000)
		for err == unix.EINTR {
			n, err = unix.Poll(ended, 60_000)
		}
		if n != 1 {
			s.t.Errorf("supervisord with pid %d does not end: %v", pid, err)
		}
		unix.Close(fd)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

var (
	link    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
)

// TestLinks follows every link between pages, with its anchor.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %s leads nowhere", page, m[1])
			} else if anchor != "" && !slices.Contains(anchors(read(t, path)), anchor) {
				t.Errorf("%s: %s: there is no such heading", page, m[1])
			}
		}
	}
}

// TestEveryPageIsLinked checks that the table of contents has every page, and README the table of contents.
func TestEveryPageIsLinked(t *testing.T) {
	const contents = "README.md"
	text := read(t, contents)
	for _, page := range pages(t) {
		if page != contents && page != "../README.md" && !strings.Contains(text, "]("+page) {
			t.Errorf("docs/%s has no link to %s", contents, page)
		}
	}
	if !strings.Contains(read(t, "../README.md"), "](docs/"+contents+")") {
		t.Errorf("README has no link to docs/%s", contents)
	}
}

// anchors are what the headings of a page are called in links.
func anchors(page string) []string {
	var list []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		var b strings.Builder
		for _, r := range strings.ToLower(m[1]) {
			switch {
			case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
				b.WriteRune(r)
			case r == ' ':
				b.WriteByte('-')
			}
		}
		list = append(list, b.String())
	}
	return list
}
