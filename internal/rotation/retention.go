package rotation

import (
	"slices"
	"time"
)

// File is a rotated file that exists.
type File struct {
	Name
	Size     int64
	Modified time.Time // its last line
}

// Retention is what is kept of the rotated files of a log.
type Retention struct {
	Dated  bool          // files with dates are the log's, too
	Count  int           // of files; only files with dates are counted, numbers are shifted out
	MaxAge time.Duration // 0: any
	Space  int64         // bytes; negative: any
}

// Own returns the files that are the log's. One with a date is not, unless dates are in use: it may be another program's.
func (r Retention) Own(files []File) []File {
	files = slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.Date != "" && !r.Dated })
	slices.SortFunc(files, func(a, b File) int { return CompareAge(a.Name, b.Name) })
	return files
}

// Surplus returns the files that are not kept, of those of a log from the newest to the oldest: what is too old or beyond the count, and
// all from the first one that does not fit. A compressed file beside its source is a copy whose compression was cut off.
func (r Retention) Surplus(files []File, now time.Time) (gone []File) {
	var total int64
	full := false
	kept := 0
	for i, f := range files {
		if IsCopy(files, i) {
			gone = append(gone, f)
			continue
		}
		full = full || r.Space >= 0 && total+f.Size > r.Space
		if full || r.Dated && kept >= r.Count || r.MaxAge > 0 && now.Sub(f.Modified) > r.MaxAge {
			gone = append(gone, f)
			continue
		}
		kept++
		total += f.Size
	}
	return gone
}

// IsCopy reports whether a file is compressed and its source is there, too: the same name and the time of the same last line.
func IsCopy(files []File, i int) bool {
	f := files[i]
	return f.Form != Uncompressed && slices.ContainsFunc(files, func(s File) bool {
		return s.Form == Uncompressed && s.Date == f.Date && s.Number == f.Number && s.Modified.Equal(f.Modified)
	})
}

// NextNumber returns the number of a new file with a Date: one above those of the same period, 0 if there is none.
func NextNumber(files []File, date string) int {
	next := 0
	for _, f := range files {
		if f.Date == date {
			next = max(next, f.Number+1)
		}
	}
	return next
}
