package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/cpus"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// host looks up what a configuration refers to: directories, users and built-in plug-ins.
type host struct {
	isDir    func(path string) bool
	accounts accounts               // nil: those of this host, asked anew each time
	plugin   func(spec string) bool // whether the factory or handler is built in
	cpus     func() int             // the number of processors; nil: it is not known

	makesLogDirs bool // missing directories of logs are made
}

// accounts looks up users and groups, see account.Directory.
type accounts interface {
	Lookup(nameOrUID string) (*account.Account, error)
	LookupOwner(owner string) (uid, gid int, err error)
	LookupGroup(nameOrGID string) (gid int, err error)
	Login(uid int) (name, home, shell string, err error)
	Home(user string) (string, error)
	OwnHome() (string, error)
}

// thisHost remembers nothing.
var thisHost = host{isDir: isDir, plugin: isBuiltIn, cpus: cpus.Count}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// remembering returns a host that looks up the same name only once.
func (h host) remembering() host {
	dirs := map[string]bool{}
	known := h
	known.accounts = h.directory()
	if h.cpus != nil {
		known.cpus = sync.OnceValue(h.cpus)
	}
	known.isDir = func(path string) bool {
		answer, ok := dirs[path]
		if !ok {
			answer = h.isDir(path)
			dirs[path] = answer
		}
		return answer
	}
	return known
}

// directory returns the accounts of the host.
func (h host) directory() accounts {
	if h.accounts == nil {
		return account.New()
	}
	return h.accounts
}

// account looks up an account by name or uid.
func (h host) account(nameOrUID string) (*account.Account, error) {
	return h.directory().Lookup(nameOrUID)
}

// owner is the owner of a file; -1: unchanged.
type owner struct{ uid, gid int }

var unchanged = owner{-1, -1}

// ownerOf reads user or user:group.
func (h host) ownerOf(text string) (o owner, err error) {
	o.uid, o.gid, err = h.directory().LookupOwner(text)
	return o, err
}

// existingDirectory expands ~ and checks that the path is a directory. Source: directory, childlogdir.
func (h host) existingDirectory(path string) (string, error) {
	expanded := h.expandUser(path)
	if !h.isDir(expanded) {
		return "", fmt.Errorf("%s is not an existing directory", path)
	}
	return expanded, nil
}

// pathInDirectory expands ~ and checks that the directory part exists. Source: logfile, pidfile.
func (h host) pathInDirectory(path string) (string, error) {
	expanded := h.expandUser(path)
	if dir := dirname(expanded); dir != "" && !h.isDir(dir) {
		return "", fmt.Errorf("The directory named as part of the path %s does not exist", path)
	}
	return expanded, nil
}

// logPath is pathInDirectory for a log, whose directory may be made.
func (h host) logPath(path string) (string, error) {
	expanded := h.expandUser(path)
	if dir := dirname(expanded); h.makesLogDirs && dir != "" && !h.isDir(dir) {
		return expanded, h.makable(dir)
	}
	return h.pathInDirectory(path)
}

// logDirectory is existingDirectory for a directory of logs, which may be made.
func (h host) logDirectory(path string) (string, error) {
	expanded := h.expandUser(path)
	if h.makesLogDirs && expanded != "" && !h.isDir(expanded) {
		return expanded, h.makable(expanded)
	}
	return h.existingDirectory(path)
}

// makable returns why a missing directory cannot be made, as far as that is known: something on the way to it is no directory.
func (h host) makable(dir string) error {
	for at := dir; at != "" && at != "/" && !h.isDir(at); at = dirname(at) {
		if _, err := os.Lstat(at); err == nil {
			return fmt.Errorf("The directory %s cannot be made: %s: Not a directory", dir, at)
		}
	}
	return nil
}

// dirname returns the part before the last slash: unlike filepath.Dir, it is empty for a name without a slash.
func dirname(path string) string {
	head := path[:strings.LastIndexByte(path, '/')+1]
	if trimmed := strings.TrimRight(head, "/"); trimmed != "" {
		return trimmed
	}
	return head
}

// join prepends dir to a relative path, without changes to either.
func join(dir, path string) string {
	switch {
	case dir == "" || strings.HasPrefix(path, "/"):
		return path
	case strings.HasSuffix(dir, "/"):
		return dir + path
	}
	return dir + "/" + path
}

// expandUser replaces ~ and ~user at the start by the home directory, if there is one.
func (h host) expandUser(path string) string {
	if !strings.HasPrefix(path, "~") {
		return path
	}
	name, rest := path[1:], ""
	if slash := strings.IndexByte(path, '/'); slash >= 0 {
		name, rest = path[1:slash], path[slash:]
	}
	home, err := h.homeOf(name)
	if err != nil {
		return path
	}
	if expanded := strings.TrimRight(home, "/") + rest; expanded != "" {
		return expanded
	}
	return "/"
}

func (h host) homeOf(name string) (string, error) {
	if name != "" {
		return h.directory().Home(name)
	}
	if home, ok := os.LookupEnv("HOME"); ok {
		return home, nil
	}
	return h.directory().OwnHome()
}

// normalize expands ~ and makes the path absolute and clean.
func (h host) normalize(path string) string { return absolute(h.expandUser(path)) }

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}

// tempDir returns the first usable directory of $TMPDIR, $TEMP, $TMP, /tmp, /var/tmp, /usr/tmp and the current one.
// Source: childlogdir.
func tempDir(env map[string]string, usable func(dir string) bool) string {
	for _, dir := range []string{env["TMPDIR"], env["TEMP"], env["TMP"], "/tmp", "/var/tmp", "/usr/tmp", "."} {
		if dir != "" && usable(dir) {
			return absolute(dir)
		}
	}
	return "/tmp"
}

// takesFiles reports whether files can be created in a directory.
func takesFiles(dir string) bool { return isDir(dir) && syscall.Access(dir, writeAndSearch) == nil }

// writeAndSearch is the mode for access(2): may files be created in a directory?
const writeAndSearch = 2 | 1

// readFile reads a file. The error is one of two that the original has.
func readFile(path, shown string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return string(text), nil
	}
	if _, statErr := os.Stat(path); errors.Is(statErr, os.ErrNotExist) || errors.Is(statErr, syscall.ENOTDIR) {
		return "", &ini.Error{File: shown, Text: "could not find config file " + shown}
	}
	return "", &ini.Error{File: shown, Text: "could not read config file " + shown}
}
