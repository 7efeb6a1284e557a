package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/sock"
)

// Socket listens for the processes of a plug-in, which have it as their standard input and accept what comes. It is
// open as long as the plug-in's group is active: a call that comes while a process starts waits instead of failing. It
// stands in a directory that is open to nobody else.
type Socket struct {
	path string
	fd   int
}

// Parts of the directory's name, and of the socket in it.
const (
	mark     = "-plugin---"
	fileName = "s"
	longest  = 103 // bytes of a path that every system takes
	backlog  = 128
)

var errLong = errors.New("the path would be too long for a socket")

func listen(dirs []string, name, identifier string) (*Socket, error) {
	err := errLong
	for _, dir := range dirs {
		var s *Socket
		if s, err = listenIn(dir, name+mark+identifierPart(identifier)+"-*"); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// identifierPart is the identifier as a part of a file name.
func identifierPart(identifier string) string {
	return strings.NewReplacer("/", "_", "*", "_").Replace(identifier)
}

func listenIn(dir, pattern string) (*Socket, error) {
	made, err := os.MkdirTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	s := &Socket{path: filepath.Join(made, fileName)}
	if s.fd, err = bind(s.path); err != nil {
		os.RemoveAll(made)
		return nil, err
	}
	return s, nil
}

// bind makes the descriptor. It blocks, as programs expect of their standard input.
func bind(path string) (fd int, err error) {
	if len(path) > longest {
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

// Acquire gives the descriptor to a process that is to be started. It implements process.Socket.
func (s *Socket) Acquire() (fd int, err error) { return s.fd, nil }

// Release does nothing: the socket outlives its processes. It implements process.Socket.
func (s *Socket) Release() {}

func (s *Socket) close() {
	unix.Close(s.fd)
	os.RemoveAll(filepath.Dir(s.path))
}

// Clean removes what a supervisord of this identifier that was killed has left in dir.
func Clean(dir, identifier string) {
	left := regexp.MustCompile(regexp.QuoteMeta(mark+identifierPart(identifier)) + `-[0-9]+$`)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name(), fileName)
		if e.IsDir() && left.MatchString(e.Name()) && isSocket(path) && sock.IsStale(path) && os.Remove(path) == nil {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == os.ModeSocket
}
