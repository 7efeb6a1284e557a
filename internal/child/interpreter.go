package child

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// execDetail is what the number of the error of exec does not say, empty if nothing. For an interpreter that is missing the system
// reports what it reports for a missing command.
func execDetail(path string, err error) string {
	if errors.Is(err, syscall.ENOEXEC) {
		return "it is no program for this system, and does not begin with #!"
	}
	name := interpreter(path)
	if name == "" {
		return ""
	}
	for of, text := range map[error]string{syscall.ENOENT: "cannot be found", syscall.EACCES: "cannot be executed"} {
		if errors.Is(err, of) && errors.Is(unix.Access(name, unix.X_OK), of) {
			return fmt.Sprintf("its interpreter %q %s", name, text)
		}
	}
	return ""
}

// interpreter returns the program that the kernel executes for a file: that of the first line of a script, or the loader of a
// dynamic executable. It is empty if there is none, or if the file cannot be read.
func interpreter(path string) string {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO would wait for its writer
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, 256) // what the kernel looks at
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return ""
	}
	head = head[:n]
	if line, isScript := bytes.CutPrefix(head, []byte("#!")); isScript {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		name, _, _ := strings.Cut(strings.TrimLeft(string(line), " \t"), " ")
		name, _, _ = strings.Cut(name, "\t")
		return name
	}
	return loader(file, head)
}

// loader returns what the program header PT_INTERP of an ELF file names.
func loader(file io.ReaderAt, head []byte) string {
	const (
		magic     = "\x7fELF"
		headerLen = 64
		class64   = 2
		bigEndian = 2
		interp    = 3
		longest   = 4096
	)
	if len(head) < headerLen || string(head[:len(magic)]) != magic {
		return ""
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == bigEndian {
		order = binary.BigEndian
	}
	table, size, count := int64(order.Uint32(head[28:])), order.Uint16(head[42:]), order.Uint16(head[44:])
	place := func(entry []byte) (offset, length int64) {
		return int64(order.Uint32(entry[4:])), int64(order.Uint32(entry[16:]))
	}
	if head[4] == class64 {
		table, size, count = int64(order.Uint64(head[32:])), order.Uint16(head[54:]), order.Uint16(head[56:])
		place = func(entry []byte) (offset, length int64) {
			return int64(order.Uint64(entry[8:])), int64(order.Uint64(entry[32:]))
		}
	}
	for i := range int64(count) {
		var entry [56]byte // the larger one, of 64 bits
		if n, _ := file.ReadAt(entry[:], table+i*int64(size)); n < 32 {
			return ""
		}
		if order.Uint32(entry[:]) != interp {
			continue
		}
		offset, length := place(entry[:])
		name := make([]byte, min(max(length, 0), longest))
		if _, err := file.ReadAt(name, offset); err != nil {
			return ""
		}
		return string(bytes.TrimRight(name, "\x00"))
	}
	return ""
}
