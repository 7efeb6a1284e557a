package filewatch

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// inotify is a notifier whose descriptor goes on in the next program, with its watches and the events that have not been read: to close it
// takes the kernel 20 ms, in which nothing would go on. The package fsnotify has no access to its descriptor. The goroutine of the Watcher
// calls the methods; read has a goroutine of its own.
type inotify struct {
	fd   int
	file *os.File
	to   *inbox
	stop chan chan struct{} // has read wait until the channel closes that it is sent
	over chan struct{}      // closed when read has ended

	mu    sync.Mutex
	paths map[int32]string // by watches
	wds   map[string]int32 // the watches that count, by paths
}

// changesOfDirectories are the events of a watched directory. Those that fsnotify asks for.
const changesOfDirectories = unix.IN_CREATE | unix.IN_MODIFY | unix.IN_DELETE | unix.IN_DELETE_SELF | unix.IN_MOVED_TO | unix.IN_MOVED_FROM |
	unix.IN_MOVE_SELF | unix.IN_ATTRIB | unix.IN_ONLYDIR

func newNotifier(to *inbox) (notifier, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	n := newInotify(fd, to)
	n.begin()
	return n, nil
}

func newInotify(fd int, to *inbox) *inotify {
	return &inotify{fd: fd, to: to, stop: make(chan chan struct{}), over: make(chan struct{}), paths: map[int32]string{}, wds: map[string]int32{}}
}

// begin begins to read.
func (n *inotify) begin() {
	n.file = os.NewFile(uintptr(n.fd), "inotify")
	go n.read()
}

func (n *inotify) Close() error {
	if n.file == nil { // it was handed over, and nothing needs it any more
		return unix.Close(n.fd)
	}
	return n.file.Close()
}

// Add watches a directory. If it is known by another path, it has been moved: what comes from now on is about the new path, and what waits is
// about the one before.
func (n *inotify) Add(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	wd, err := n.add(dir)
	if err != nil {
		return err
	}
	if before, known := n.paths[wd]; known && before != dir {
		_, _ = unix.InotifyRmWatch(n.fd, uint32(wd))
		if wd, err = n.add(dir); err != nil {
			return err
		}
	}
	n.paths[wd], n.wds[dir] = dir, wd
	return nil
}

func (n *inotify) add(dir string) (wd int32, err error) {
	number, err := unix.InotifyAddWatch(n.fd, dir, changesOfDirectories)
	return int32(number), err
}

// Remove ends a watch.
func (n *inotify) Remove(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.remove(dir)
}

func (n *inotify) remove(dir string) error {
	wd, known := n.wds[dir]
	if !known {
		return fsnotify.ErrNonExistentWatch
	}
	delete(n.wds, dir)
	delete(n.paths, wd)
	_, err := unix.InotifyRmWatch(n.fd, uint32(wd))
	return err
}

func (n *inotify) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Keys(n.wds))
}

// pause has no more events be read, when it has returned, until resume is called.
func (n *inotify) pause() (resume func()) {
	hold := make(chan struct{})
	_ = n.file.SetReadDeadline(time.Unix(1, 0))
	select {
	case n.stop <- hold:
	case <-n.over:
	}
	_ = n.file.SetReadDeadline(time.Time{})
	return func() { close(hold) }
}

// read passes events on. It does nothing that waits, so that few are lost while a file system is slow.
func (n *inotify) read() {
	defer close(n.over)
	buf := make([]byte, 64<<10)
	for {
		size, err := n.file.Read(buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			<-<-n.stop
			continue
		case errors.Is(err, os.ErrClosed):
			return
		case err != nil:
			n.to.lose()
			return // the descriptor has no errors of its own
		}
		n.events(buf[:size])
	}
}

// events handles what was read.
func (n *inotify) events(text []byte) {
	for len(text) >= unix.SizeofInotifyEvent {
		e := (*unix.InotifyEvent)(unsafe.Pointer(&text[0]))
		end := unix.SizeofInotifyEvent + int(e.Len)
		name, _, _ := bytes.Cut(text[unix.SizeofInotifyEvent:end], []byte{0})
		n.event(e.Wd, e.Mask, string(name))
		text = text[end:]
	}
}

func (n *inotify) event(wd int32, mask uint32, name string) {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		n.to.lose()
		return
	}
	n.mu.Lock()
	dir, known := n.paths[wd]
	_, parent := n.wds[filepath.Dir(dir)]
	if known && mask&(unix.IN_IGNORED|unix.IN_UNMOUNT|unix.IN_DELETE_SELF|unix.IN_MOVE_SELF) != 0 {
		n.ended(wd, mask)
	}
	n.mu.Unlock()
	switch {
	case !known, mask&(unix.IN_IGNORED|unix.IN_UNMOUNT) != 0:
		return
	case mask&unix.IN_DELETE_SELF != 0 && parent: // that has an event of its own
		return
	}
	if name != "" {
		dir += "/" + name
	}
	n.to.event(fsnotify.Event{Name: dir, Op: changeOf(mask)})
}

// ended forgets a watch whose directory is not there any more.
func (n *inotify) ended(wd int32, mask uint32) {
	dir := n.paths[wd]
	delete(n.paths, wd)
	if n.wds[dir] == wd {
		delete(n.wds, dir)
	}
	if mask&unix.IN_MOVE_SELF != 0 { // it would be watched as if it were still there
		_, _ = unix.InotifyRmWatch(n.fd, uint32(wd))
	}
}

func changeOf(mask uint32) (op fsnotify.Op) {
	for _, c := range []struct {
		mask uint32
		op   fsnotify.Op
	}{
		{unix.IN_CREATE | unix.IN_MOVED_TO, fsnotify.Create},
		{unix.IN_DELETE | unix.IN_DELETE_SELF, fsnotify.Remove},
		{unix.IN_MODIFY, fsnotify.Write},
		{unix.IN_MOVED_FROM | unix.IN_MOVE_SELF, fsnotify.Rename},
		{unix.IN_ATTRIB, fsnotify.Chmod},
	} {
		if mask&c.mask != 0 {
			op |= c.op
		}
	}
	return op
}

// State is a frozen Watcher as data.
type State struct {
	FD      int              `json:"fd"`      // of inotify, whose events go on to wait in it
	Watches map[int32]string `json:"watches"` // the directories, by the numbers of their watches
}

const purpose = "watch of files"

// Export returns the state of a frozen Watcher, nil if it is not frozen or watches nothing. The next program then finds what has changed
// meanwhile by the times of files.
func (w *Watcher) Export(to *handover.Writer) *State {
	if !w.frozen() {
		return nil
	}
	n, ok := w.notify.(*inotify)
	if !ok {
		return nil
	}
	return &State{to.Descriptor(n.fd, purpose), n.paths}
}

// Import makes a Watcher of its state. Begin, Add for each set, and Resume come next; nothing happens before.
func Import(r *handover.Reader, s *State) *Watcher {
	w := newWatcher()
	n := newInotify(r.Descriptor(s.FD, purpose), &w.inbox)
	for wd, dir := range s.Watches {
		n.paths[wd], n.wds[dir] = dir, wd
	}
	w.notify, w.imported = n, map[string]bool{}
	for _, dir := range s.Watches {
		w.imported[dir] = true
	}
	return w
}
