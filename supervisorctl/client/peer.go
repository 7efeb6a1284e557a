package client

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/sock"
)

// TrustPeer adds users that supervisord may run as, besides root and the user of this process. It is called before the first
// call. It matters only for sockets in directories that all users can write to, where anyone can listen while supervisord
// does not.
func (c *Client) TrustPeer(uids ...int) { c.trusted = append(c.trusted, uids...) }

// maxPath is the longest path of a Unix socket, in bytes.
const maxPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// dialUnix connects to a Unix socket, and looks who listens there before a password is sent.
func (c *Client) dialUnix(ctx context.Context, path string) (net.Conn, error) {
	if len(path) > maxPath {
		return nil, ErrLongPath
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if c.authorization == "" {
		return &httpConn{Conn: conn}, nil
	}
	if uid, known := sock.PeerUID(conn); known && !c.trusts(uid, path) {
		conn.Close()
		return nil, &PeerError{Path: path, UID: uid}
	}
	return &httpConn{Conn: conn}, nil
}

// trusts reports whether a process of a user may be the supervisord that listens at path.
func (c *Client) trusts(uid int, path string) bool {
	return uid == 0 || uid == os.Geteuid() || slices.Contains(c.trusted, uid) || !isShared(path)
}

// isShared reports whether any user may have made the socket at path: whether all users can write to its directory, or could make
// a directory on the way to it, as written and without links.
func isShared(path string) bool {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return true
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil && isSharedDir(resolved) {
		return true
	}
	return isSharedDir(dir)
}

// isSharedDir reports whether all users can write to a directory, or can have made it or one above it.
func isSharedDir(dir string) bool {
	for safe := false; ; {
		info, err := os.Stat(dir)
		if err == nil && info.Mode().Perm()&0o002 != 0 && !(safe && info.Mode()&os.ModeSticky != 0) {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		safe = err == nil && isOurs(info) // then others cannot replace it in a sticky directory
		dir = parent
	}
}

// isOurs reports whether a file belongs to root or to the user of this process.
func isOurs(info os.FileInfo) bool {
	uid := int(info.Sys().(*syscall.Stat_t).Uid)
	return uid == 0 || uid == os.Geteuid()
}
