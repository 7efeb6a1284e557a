package handover

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSeal checks that a document comes back, that its file cannot be changed, and that no other file is read.
func TestSeal(t *testing.T) {
	for _, want := range [][]byte{{}, []byte("{}"), bytes.Repeat([]byte("0123456789"), 1<<18)} {
		fd, err := Seal(want)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if got, err := Load(fd); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, want %d (%v)", len(got), len(want), err)
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("it is not closed on exec (%v)", err)
		}
		if _, err := unix.Write(fd, []byte("x")); err != unix.EPERM {
			t.Errorf("write: %v", err)
		}
		if err := unix.Ftruncate(fd, 1<<20); err != unix.EPERM {
			t.Errorf("truncate: %v", err)
		}
	}
	plain, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	foreign, err := unix.MemfdCreate("other", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(foreign), unix.F_ADD_SEALS, seals)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(foreign)
	open, err := unix.MemfdCreate(fileName, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(open)
	for name, fd := range map[string]int{"a plain file": int(plain.Fd()), "another memory file": foreign, "one that is not sealed": open,
		"no descriptor": -1} {
		if _, err := Load(fd); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
