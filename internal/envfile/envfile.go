// Package envfile reads files of variables, KEY=value in each line, for the environment of programs. It never waits for a FIFO, and
// no error shows a value. Any goroutine may call it.
package envfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/hashicorp/go-envparse"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// File is a file of variables.
type File struct {
	Path     string `json:"path"`
	Optional bool   `json:"optional,omitempty"` // it may be missing
}

// String returns the file as it is written in a list, without what made its path absolute.
func (f File) String() string {
	if f.Optional {
		return "-" + f.Path
	}
	return f.Path
}

// Read returns the variables of the file. Owner is the user of the program that gets them, or safefile.None: as root, a link that an
// unprivileged user made is followed only by the rules of safefile.Open.
func (f File) Read(owner int) (map[string]string, error) {
	fd, info, err := safefile.OpenRead(f.Path, owner)
	switch {
	case f.Optional && (err == syscall.ENOENT || err == syscall.ENOTDIR):
		return nil, nil
	case err != nil:
		return nil, f.unreadable(err)
	}
	defer unix.Close(fd)
	switch {
	case !info.IsRegular():
		return nil, fmt.Errorf("envfile %s is not a plain file", f.quoted())
	case info.Size > budget.EnvFile.Limit:
		return nil, f.tooLarge()
	}
	text, err := io.ReadAll(io.LimitReader(reader(fd), budget.EnvFile.Limit+1))
	switch {
	case err != nil:
		return nil, f.unreadable(err)
	case int64(len(text)) > budget.EnvFile.Limit: // it grows
		return nil, f.tooLarge()
	}
	env, line, problem := parse(text)
	switch {
	case problem == "":
	case line == 0:
		return nil, fmt.Errorf("envfile %s: %s", f.quoted(), problem)
	default:
		return nil, fmt.Errorf("envfile %s line %d: %s", f.quoted(), line, problem)
	}
	return env, nil
}

func (f File) quoted() string { return pyrepr.Quote(f.Path) }

func (f File) tooLarge() error { return fmt.Errorf("envfile %s is larger than 1 MiB", f.quoted()) }

func (f File) unreadable(err error) error {
	reason := child.ErrnoName(err)
	if refused := (*safefile.Refused)(nil); errors.As(err, &refused) {
		reason = refused.Error()
	}
	return fmt.Errorf("can't read envfile %s: %s", f.quoted(), reason)
}

// reader reads from a descriptor.
type reader int

func (fd reader) Read(p []byte) (n int, err error) {
	for err = syscall.EINTR; err == syscall.EINTR; {
		n, err = unix.Read(int(fd), p)
	}
	if n == 0 && err == nil {
		err = io.EOF
	}
	return max(n, 0), err
}

// problems are what may be wrong with a line, in words of the parser that contain no part of the line.
var problems = []error{envparse.ErrMissingSeparator, envparse.ErrEmptyKey, envparse.ErrUnmatchedDouble, envparse.ErrUnmatchedSingle,
	envparse.ErrIncompleteEscape, envparse.ErrIncompleteHex, envparse.ErrIncompleteSur, envparse.ErrMultibyteEscape}

// parse reads the text of a file. Problem says what is wrong with a line, counted from 1, or 0 if it is not known; it is empty if
// nothing is wrong.
func parse(text []byte) (env map[string]string, line int, problem string) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	env, err := envparse.Parse(bytes.NewReader(withoutComments(text)))
	if failed := (*envparse.ParseError)(nil); errors.As(err, &failed) {
		if errors.Is(failed.Err, bufio.ErrTooLong) { // it is the line after the last that was read
			return nil, failed.Line + 1, "a line is longer than 64 KiB"
		}
		problem = "a name or an escape sequence is not valid"
		for _, known := range problems {
			if errors.Is(failed.Err, known) {
				problem = known.Error()
			}
		}
		return nil, failed.Line, problem
	}
	for name, value := range env {
		if strings.IndexByte(value, 0) >= 0 {
			return nil, 0, "the value of " + name + " has a NUL character" // by an escape sequence
		}
	}
	return env, 0, ""
}

// withoutComments removes comments behind values with other than ASCII characters: the parser (0.1.0) loses the last byte of such a
// value if a comment follows.
func withoutComments(text []byte) []byte {
	if bytes.IndexByte(text, '#') < 0 || !bytes.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
		return text
	}
	var out []byte
	for line := range bytes.Lines(text) {
		if at := comment(line); at >= 0 {
			line = append(line[:at:at], '\n')
		}
		out = append(out, line...)
	}
	return out
}

// comment returns the index of the comment in a line, -1 if there is none. A # in quotes begins none.
func comment(line []byte) int {
	var quote byte
	for i := bytes.IndexByte(line, '=') + 1; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		case quote == 0 && c == '#':
			return i
		}
	}
	return -1
}
