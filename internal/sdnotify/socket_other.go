//go:build unix && !linux

package sdnotify

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/sock"
)

const cloexec = 0

// controlSize is the size of maxRights descriptors.
var controlSize = unix.CmsgSpace(4 * maxRights)

// bind makes the socket, with a file that only root and the user of the child may use.
func (s *Socket) bind(o Options) (fd int, err error) {
	fd, err = sock.New(unix.AF_UNIX, unix.SOCK_DGRAM)
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if err := unix.SetNonblock(fd, true); err != nil {
		return -1, err
	}
	uid := o.UID
	if uid == os.Geteuid() {
		uid = -1
	}
	path := filepath.Join(o.Dir, "notify-"+rand.Text()[:10])
	f, err := sock.Create(fd, path, "", sock.Attributes{Mode: 0o600, UID: uid, GID: -1})
	if err != nil {
		return -1, err
	}
	defer f.Close()
	if err := f.Replace(); err != nil {
		return -1, err
	}
	s.Address = path
	s.remove = func() { sock.Remove(path, o.UID, f.Info) }
	return fd, nil
}

// sender knows nothing here: the mode of the file decides who may send.
func sender(*unix.SocketControlMessage) (uid int, known bool) { return 0, false }
