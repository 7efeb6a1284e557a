package handover

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	fileName = "supervisord-state"
	seals    = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	// maxText is the size of the largest document, which has what slow readers of logs have not taken yet.
	maxText = 1 << 30
)

var errTooLarge = errors.New("the state is larger than 1 GiB")

// Seal writes a document to a memory file that nothing can change any more, and returns its descriptor, which is closed on exec.
func Seal(text []byte) (fd int, err error) {
	if len(text) > maxText {
		return -1, errTooLarge
	}
	fd, err = unix.MemfdCreate(fileName, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate(fileName, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return -1, fmt.Errorf("cannot create a memory file: %w", err)
	}
	for rest := text; len(rest) > 0 && err == nil; {
		var n int
		if n, err = unix.Write(fd, rest); err == unix.EINTR {
			err = nil
		}
		rest = rest[max(n, 0):]
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("cannot write a memory file: %w", err)
	}
	return fd, nil
}

// Load returns the document in a memory file that Seal has made. The descriptor stays open.
func Load(fd int) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("cannot read the state from descriptor %d: %w", fd, err)
	}
	if !isSealed(fd) {
		return nil, fmt.Errorf("descriptor %d has no state of supervisord", fd)
	}
	if st.Size > maxText {
		return nil, errTooLarge
	}
	text := make([]byte, st.Size)
	for done := 0; done < len(text); {
		n, err := unix.Pread(fd, text[done:], int64(done))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, fmt.Errorf("cannot read the state: %w", err)
		case n == 0:
			return nil, errors.New("the state has a part only")
		}
		done += max(n, 0)
	}
	return text, nil
}

// isSealed reports whether a descriptor is of a memory file of Seal, so that nothing else of that number is read.
func isSealed(fd int) bool {
	have, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || have&seals != seals {
		return false
	}
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	return err == nil && strings.HasPrefix(name, "/memfd:"+fileName+" ")
}
