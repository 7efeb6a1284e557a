package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/shlex"
)

// CommandReason says why a command cannot be run.
type CommandReason int

const (
	NotFound CommandReason = iota
	NotExecutable
)

// CommandError is a command that cannot be run. Text is the original's, except that it never shows more than the first word, because
// arguments may be passwords.
type CommandError struct {
	Reason CommandReason
	Text   string
	word   string // the first word
}

func (e *CommandError) Error() string { return e.Text }

// Redacted returns the message without the first word.
func (e *CommandError) Redacted() string {
	return strings.Replace(e.Text, " "+pyrepr.Quote(e.word), "", 1)
}

// Find splits the command into words and finds the file to execute, as it is on the disk now. The error is a *CommandError.
// Source: startProcess.
func (r *Run) Find() (path string, args []string, err error) {
	args, err = shlex.Split(r.Command)
	if err != nil {
		return "", nil, &CommandError{Reason: NotExecutable, Text: fmt.Sprintf("can't parse command: %v", err)}
	}
	if len(args) == 0 {
		return "", nil, &CommandError{Reason: NotExecutable, Text: "command is empty"}
	}
	path, info := r.search(args[0])
	refuse := func(reason CommandReason, format string) (string, []string, error) {
		return "", nil, &CommandError{reason, fmt.Sprintf(format, pyrepr.Quote(path)), path}
	}
	switch {
	case info == nil:
		return refuse(NotFound, "can't find command %s")
	case info.IsDir():
		return refuse(NotExecutable, "command at %s is a directory")
	case info.Mode()&0o111 == 0:
		return refuse(NotExecutable, "command at %s is not executable")
	case unix.Access(path, unix.X_OK) != nil:
		return refuse(NotExecutable, "no permission to run command %s")
	}
	return path, args, nil
}

// Executables returns the absolute paths at which the file is looked for that the command executes, up to the one that counts; nil if it
// is no list of words.
func (r *Run) Executables() (paths []string) {
	words, err := shlex.Split(r.Command)
	if err != nil || len(words) == 0 {
		return nil
	}
	if strings.Contains(words[0], "/") {
		return []string{absolute(join(r.Directory, words[0]))}
	}
	for _, dir := range r.searched() {
		path := absolute(filepath.Join(dir, words[0]))
		paths = append(paths, path)
		if _, err := os.Stat(path); err == nil {
			break
		}
	}
	return paths
}

// search looks up name in PATH, which environment= may set, unless name has a slash. The first file of that name is taken, also
// if it cannot be executed. Info is nil if there is none.
func (r *Run) search(name string) (path string, info os.FileInfo) {
	if strings.Contains(name, "/") {
		info, _ = os.Stat(name)
		return name, info
	}
	for _, dir := range r.searched() {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil {
			return path, info
		}
	}
	return name, nil
}

// searched are the directories of PATH.
func (r *Run) searched() []string {
	search, own := r.Environment["PATH"]
	if !own {
		search = os.Getenv("PATH")
	}
	if search == "" {
		search = "/bin:/usr/bin:/usr/local/bin"
	}
	return strings.Split(search, ":")
}
