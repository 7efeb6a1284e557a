package config

import (
	"encoding/binary"
	"hash"
	"hash/fnv"
	"os"
	"time"
)

// Sources say which files a configuration was read from, in little memory: there may be thousands.
type Sources struct {
	At       int64    `json:"at,omitempty"`       // when they were read, in milliseconds since 1970; 0: it is not known
	Main     string   `json:"main,omitempty"`     // absolute path
	Patterns []string `json:"patterns,omitempty"` // of [include], absolute
	Sum      uint64   `json:"sum,omitempty"`      // of paths, sizes and times of all files
}

// Changed reports whether a file has another size or time now, or a pattern matches other files. It waits for the file system.
func (s *Sources) Changed() bool {
	sum := newSourceSum()
	sum.add(s.Main)
	for _, pattern := range s.Patterns {
		for _, path := range glob(pattern) {
			sum.add(path)
		}
	}
	return sum.value() != s.Sum
}

// sourceSum adds up files.
type sourceSum struct{ hash.Hash64 }

func newSourceSum() sourceSum { return sourceSum{fnv.New64a()} }

func (s sourceSum) value() uint64 { return s.Sum64() }

// add adds a file, before it is read: a change while it is read is one afterwards. Of what is no plain file the path alone counts.
func (s sourceSum) add(path string) {
	var stamp [16]byte
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		binary.LittleEndian.PutUint64(stamp[:], uint64(info.Size()))
		binary.LittleEndian.PutUint64(stamp[8:], uint64(info.ModTime().UnixNano()))
	}
	_, _ = s.Write(append([]byte(path), 0))
	_, _ = s.Write(stamp[:])
}

// noteMain begins the list of files that are read.
func (r *reader) noteMain(path string) {
	r.sources, r.sum = Sources{At: time.Now().UnixMilli(), Main: absolute(path)}, newSourceSum()
	r.sum.add(r.sources.Main)
}

// notePattern adds a pattern whose files will be read.
func (r *reader) notePattern(pattern string) {
	r.sources.Patterns = append(r.sources.Patterns, pattern)
}

// readSources is the list of the files that were read.
func (r *reader) readSources() Sources {
	if r.sum.Hash64 != nil {
		r.sources.Sum = r.sum.value()
	}
	return r.sources
}
