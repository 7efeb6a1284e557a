package rotation

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Names of rotated files. Only files with names of exactly these forms are ever renamed, compressed or deleted:
//
//	web.log.1            the newest, with numbers
//	web.log.2026-11-27   by the date of their last line, or 2026-11-27T14 with the hour
//	web.log.2026-11-27.1 a further one of the same period, newer than the one without a number
//
// each also with .gz or .zst behind it, and such a name with .part while it is written.

// Compression is how rotated files are compressed.
type Compression uint8

// The compressions.
const (
	Uncompressed Compression = iota
	Gzip
	Zstd
)

// Endings are what the names of files of each compression end with.
var Endings = [...]string{Uncompressed: "", Gzip: ".gz", Zstd: ".zst"}

// PartEnding is the end of the name of a compressed file that is not complete.
const PartEnding = ".part"

// The layouts of dates in names, without and with the hour.
const (
	dayLayout  = "2006-01-02"
	hourLayout = "2006-01-02T15"
)

// Name is the name of a rotated file, without that of its log.
type Name struct {
	Date   string // empty: a numbered file
	Number int    // from 1; of a file with a date, 0 is the first of its period
	Form   Compression
}

// String returns what follows the name of the log.
func (n Name) String() string {
	var b strings.Builder
	if n.Date != "" {
		b.WriteString("." + n.Date)
	}
	if n.Number > 0 {
		b.WriteString("." + strconv.Itoa(n.Number))
	}
	return b.String() + Endings[n.Form]
}

// Parse reads the name of a rotated file of the log base. ok is false for any other name.
func Parse(base, name string) (n Name, ok bool) {
	rest, ok := strings.CutPrefix(name, base+".")
	if !ok {
		return n, false
	}
	for form, ending := range Endings {
		if bare, found := strings.CutSuffix(rest, ending); found && ending != "" {
			rest, n.Form = bare, Compression(form)
			break
		}
	}
	first, second, several := strings.Cut(rest, ".")
	if !several {
		if n.Number, ok = parseNumber(first); ok {
			return n, true
		}
	} else if n.Number, ok = parseNumber(second); !ok {
		return n, false
	}
	n.Date = first
	return n, isDate(first)
}

// IsPart reports whether a name is that of an incomplete compressed file of the log base.
func IsPart(base, name string) bool {
	whole, ok := strings.CutSuffix(name, PartEnding)
	if !ok {
		return false
	}
	n, ok := Parse(base, whole)
	return ok && n.Form != Uncompressed
}

// maxNumber is the largest number in a name. A larger one is something else, such as a date.
const maxNumber = 999_999

// parseNumber reads a number as it is written in names: without a sign or a zero before it.
func parseNumber(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && n <= maxNumber && strconv.Itoa(n) == text
}

// isDate reports whether text is a date as it is written in names.
func isDate(text string) bool {
	layout := dayLayout
	if len(text) == len(hourLayout) {
		layout = hourLayout
	}
	t, err := time.Parse(layout, text)
	return err == nil && t.Format(layout) == text
}

// CompareAge orders names from the newest to the oldest. Numbered files are older than those with a Date: dates are given to new files,
// and those with numbers are from before.
func CompareAge(a, b Name) int {
	switch {
	case a.Date == "" && b.Date == "":
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Form, b.Form))
	case a.Date == "":
		return 1
	case b.Date == "":
		return -1
	}
	return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(b.Number, a.Number), cmp.Compare(a.Form, b.Form))
}
