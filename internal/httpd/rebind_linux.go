package httpd

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// rebindPause is the least time between two calls of Rebind by watch: what removes the file again and again must not keep us busy.
const rebindPause = time.Second

// watch calls Rebind when the file of a Unix socket is removed or moved. The kernel reports that; until then nothing runs. If
// it cannot, there is only SIGUSR2.
func (s *Servers) watch() {
	if len(s.files()) == 0 {
		return
	}
	if fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err == nil {
		s.watchBy(fd)
	}
}

// watchBy is watch with an inotify descriptor.
func (s *Servers) watchBy(fd int) {
	events := os.NewFile(uintptr(fd), "inotify")
	s.mu.Lock()
	s.watcher = fd
	s.mu.Unlock()
	context.AfterFunc(s.ctx, func() { _ = events.Close() })
	s.watchFiles(fd)
	go func() {
		event := make([]byte, 4*unix.SizeofInotifyEvent) // watches of files report no names
		for {
			if _, err := events.Read(event); err != nil {
				return
			}
			for made := true; made; { // the new file may be gone before it is watched
				made = s.Rebind()
				s.watchFiles(fd)
				select {
				case <-time.After(rebindPause):
				case <-s.ctx.Done():
					return
				}
			}
		}
	}()
}

// continueWatch goes on with a descriptor of the program before, which may have read an event on which it could not act any more.
func (s *Servers) continueWatch(fd int) {
	s.Rebind()
	s.watchBy(fd)
}

// watchFiles adds a watch for each socket file. One that exists stays as it is.
func (s *Servers) watchFiles(fd int) {
	for _, path := range s.files() {
		_, _ = unix.InotifyAddWatch(fd, path, unix.IN_ATTRIB|unix.IN_MOVE_SELF|unix.IN_DONT_FOLLOW)
	}
}

// files returns the paths of the socket files that are in their places.
func (s *Servers) files() (paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		if l.inPlace() {
			paths = append(paths, l.opened.File)
		}
	}
	return paths
}
