package child

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

// Of a reason that does not fit into a report, the middle is left out.
func TestReport(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report(&step.Failure{Report: int(w.Fd())}, "couldn't chdir to /"+strings.Repeat("x", 5000)+"\x00: ENAMETOOLONG")
	w.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	text := got.String()
	if len(text) > maxReport || !strings.HasPrefix(text, fmt.Sprintf("%d couldn't chdir to /x", os.Getpid())) ||
		!strings.HasSuffix(text, "x\\x00: ENAMETOOLONG\x00") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

// What a shim cannot execute for lack of an interpreter names it.
// covers: REP-G4
func TestExecDetail(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		content, want string
		err           error
	}{
		{"#!/nosuch -x\n", `its interpreter "/nosuch" cannot be found`, syscall.ENOENT},
		{"#! \t/bin/sh\r\n", `its interpreter "/bin/sh\r" cannot be found`, syscall.ENOENT},
		{"#!/nosuch\t-x", `its interpreter "/nosuch" cannot be found`, syscall.ENOENT},
		{"#!/bin/sh\n", "", syscall.EACCES},
		{"#!" + dir + "/plain\n", fmt.Sprintf("its interpreter %q cannot be executed", dir+"/plain"), syscall.EACCES},
		{"#!/nosuch\n", "", syscall.ETXTBSY},
		{"text\n", "it is no program for this system, and does not begin with #!", syscall.ENOEXEC},
		{"", "", syscall.ENOENT},
		{elf(2, binary.LittleEndian, "/lib/ld-nosuch"), `its interpreter "/lib/ld-nosuch" cannot be found`, syscall.ENOENT},
		{elf(1, binary.BigEndian, "/lib/ld-nosuch"), `its interpreter "/lib/ld-nosuch" cannot be found`, syscall.ENOENT},
		{elf(2, binary.LittleEndian, "/lib/ld-nosuch")[:70], "", syscall.ENOENT},
		{elf(2, binary.LittleEndian, "/lib/ld-nosuch")[:63], "", syscall.ENOENT},
	} {
		if err := os.WriteFile(path, []byte(c.content), 0o755); err != nil {
			t.Fatal(err)
		}
		if got := execDetail(path, c.err); got != c.want {
			t.Errorf("%q: %q, want %q", c.content, got, c.want)
		}
	}
	if got := execDetail(dir+"/none", syscall.ENOENT); got != "" {
		t.Errorf("of a missing file: %q", got)
	}
}

// elf is an executable of two program headers, of which the second names the interpreter.
func elf(class byte, order binary.AppendByteOrder, name string) string {
	var b bytes.Buffer
	b.WriteString("\x7fELF" + string([]byte{class, 1}))
	put := func(b *bytes.Buffer, at, size int, value uint64) {
		b.Write(make([]byte, at-b.Len()))
		full := order.AppendUint64(nil, value)
		if order.String() == binary.BigEndian.String() {
			b.Write(full[8-size:])
		} else {
			b.Write(full[:size])
		}
	}
	if order.String() == binary.BigEndian.String() {
		b.Bytes()[5] = 2
	}
	entry := 56
	if class == 2 {
		put(&b, 32, 8, 64)
		put(&b, 54, 2, 56)
	} else {
		entry = 32
		put(&b, 28, 4, 64)
		put(&b, 42, 2, 32)
	}
	put(&b, b.Len(), 2, 2)
	put(&b, 64, 4, 1) // PT_LOAD
	second := 64 + entry
	put(&b, second, 4, 3)
	end := uint64(second + entry)
	if class == 2 {
		put(&b, second+8, 8, end)
		put(&b, second+32, 8, uint64(len(name)+1))
	} else {
		put(&b, second+4, 4, end)
		put(&b, second+16, 4, uint64(len(name)+1))
	}
	put(&b, int(end), 1, uint64(name[0]))
	b.WriteString(name[1:] + "\x00")
	return b.String()
}
