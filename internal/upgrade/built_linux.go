package upgrade

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"strings"
)

// mainPackage returns the path of the main package of a Go program in the ELF format, and of its module; empty for any other file.
// The error is that of opening it. Package debug/buildinfo does the same for all formats, and makes a program that uses it larger by a
// tenth.
func mainPackage(path string) (pkg, module string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	for line := range strings.Lines(buildInfo(f)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case fields[0] == "path" && len(fields) > 1:
			pkg = fields[1]
		case fields[0] == "mod" && len(fields) > 1:
			module = fields[1]
		}
	}
	return pkg, module, nil
}

// elfLayout has the offsets of what is needed of the headers of a file, and the number of bytes of a number in them.
type elfLayout struct {
	table, entrySize, entries  int // in the header of the file
	flags, offset, size, width int // in that of a segment
}

var elfLayouts = map[byte]elfLayout{1: {28, 42, 44, 24, 4, 16, 4}, 2: {32, 54, 56, 4, 8, 32, 8}}

// The header before the text of the build information: a magic, the size of a pointer, and flags.
const (
	infoMagic  = "\xff Go buildinf:"
	infoHeader = 32
	infoFlags  = 15
	infoInline = 2  // flag: the version of Go and the text follow the header
	infoMarks  = 16 // bytes before and after the text
	maxSegment = 64 << 20
)

// buildInfo returns the build information of a program: it is in the first segment of data that can be written.
func buildInfo(f io.ReaderAt) string {
	head := make([]byte, 64)
	if _, err := f.ReadAt(head, 0); err != nil || string(head[:4]) != "\x7fELF" {
		return ""
	}
	layout, ok := elfLayouts[head[4]]
	if !ok {
		return ""
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	number := func(b []byte, at int) int64 {
		if layout.width == 8 {
			return int64(order.Uint64(b[at:]))
		}
		return int64(order.Uint32(b[at:]))
	}
	const load, executable, writable = 1, 1, 2
	entry := make([]byte, max(56, int(order.Uint16(head[layout.entrySize:]))))
	for i := range int64(order.Uint16(head[layout.entries:])) {
		if _, err := f.ReadAt(entry, number(head, layout.table)+i*int64(order.Uint16(head[layout.entrySize:]))); err != nil {
			return ""
		}
		if order.Uint32(entry) != load || order.Uint32(entry[layout.flags:])&(executable|writable) != writable {
			continue
		}
		segment := io.NewSectionReader(f, number(entry, layout.offset), min(max(number(entry, layout.size), 0), maxSegment))
		data, err := io.ReadAll(segment)
		if err != nil {
			return ""
		}
		return infoText(data)
	}
	return ""
}

// infoText returns the text of the build information in the data of a program.
func infoText(data []byte) string {
	for at := 0; ; at++ {
		next := bytes.Index(data[at:], []byte(infoMagic))
		if at += next; next < 0 || len(data)-at < infoHeader {
			return ""
		}
		if at%16 != 0 || data[at+infoFlags]&infoInline == 0 {
			continue
		}
		_, rest := prefixed(data[at+infoHeader:])
		text, _ := prefixed(rest)
		if len(text) <= 2*infoMarks {
			return ""
		}
		return string(text[infoMarks : len(text)-infoMarks])
	}
}

// prefixed returns the text whose length is before it, and what follows.
func prefixed(data []byte) (text, rest []byte) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, nil
	}
	return data[size : size+int(n)], data[size+int(n):]
}
