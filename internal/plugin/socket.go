package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/safefile"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// Socket is the listening socket that the processes of a plug-in share as their standard input. It is open as long as the
// plug-in's group is active, so that a call waits while a process starts. Its directory can be entered by the user of
// supervisord only.
type Socket struct {
	path string
	fd   int
}

const (
	infix    = "-plugin---" // in the name of the directory, between the namespace and the identifier
	fileName = "s"
	maxPath  = 103 // bytes of a path that all systems allow
	backlog  = 128
)

var errLong = errors.New("the path would be too long for a socket")

// listen makes a socket in the first of the directories where it can. Those in which other users could replace it come last.
func listen(dirs []string, name, identifier string) (*Socket, error) {
	err := errLong
	exposed := func(dir string) int {
		if safefile.IsProtected(dir) {
			return 0
		}
		return 1
	}
	for _, dir := range slices.SortedStableFunc(slices.Values(dirs), func(a, b string) int { return exposed(a) - exposed(b) }) {
		var s *Socket
		if s, err = listenIn(dir, name+infix+identifierPart(identifier)+"-*"); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// identifierPart returns the identifier as a part of a file name.
func identifierPart(identifier string) string {
	return strings.NewReplacer("/", "_", "*", "_").Replace(identifier)
}

func listenIn(dir, pattern string) (*Socket, error) {
	private, err := os.MkdirTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	s := &Socket{path: filepath.Join(private, fileName)}
	if s.fd, err = bind(s.path); err != nil {
		os.RemoveAll(private)
		return nil, err
	}
	return s, nil
}

// bind returns a listening socket. It is a blocking one, as programs expect of their standard input.
func bind(path string) (fd int, err error) {
	if len(path) > maxPath {
		return -1, errLong
	}
	if fd, err = sock.New(unix.AF_UNIX, unix.SOCK_STREAM); err != nil {
		return -1, err
	}
	if err = unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Acquire returns the descriptor for a process that is to be started. It implements process.Socket.
func (s *Socket) Acquire() (fd int, err error) { return s.fd, nil }

// Release does nothing: the socket outlives its processes. It implements process.Socket.
func (s *Socket) Release() {}

func (s *Socket) close() {
	unix.Close(s.fd)
	os.RemoveAll(filepath.Dir(s.path))
}

// Clean removes the stale sockets in dir that a supervisord of this identifier left when it was killed.
// What is in a directory of another user stays: its names may lead elsewhere.
func Clean(dir, identifier string) {
	if !safefile.IsProtected(dir) {
		return
	}
	ours := regexp.MustCompile(regexp.QuoteMeta(infix+identifierPart(identifier)) + `-[0-9]+$`)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name(), fileName)
		if e.IsDir() && ours.MatchString(e.Name()) && isSocket(path) && sock.IsStale(path) && os.Remove(path) == nil {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == os.ModeSocket
}
