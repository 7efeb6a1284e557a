package logs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// Search selects records of a log: of the file itself, and of the rotated ones, compressed or not. Their times are at their beginnings, in
// one of the forms of output.TextTemplate and output.JSON. Times ascend, but for those of runs of supervisord between which the clock was
// set back.
type Search struct {
	Log          Source
	UTC          bool           // times without a zone are in UTC, else those of the local clock
	Since, Until time.Time      // records from Since on and before Until; the zero value of each is no limit
	Match        *regexp.Regexp // nil: all records
	After        Place          // where the search before has ended; it takes the place of Since
	Bytes        int            // how much text is enough; 0, and more than the limit: the limit

	Stop <-chan struct{} // closes when the search is to return what it has found by then; nil: never
}

// Place is a place between two records: behind the first Count of those with a time, in microseconds since 1970.
type Place struct {
	Time  int64
	Count int
}

// String returns what ParsePlace reads.
func (p Place) String() string { return strconv.FormatInt(p.Time, 10) + "." + strconv.Itoa(p.Count) }

// ParsePlace reads a place. ok is false for any other text.
func ParsePlace(text string) (p Place, ok bool) {
	at, count, _ := strings.Cut(text, ".")
	var err error
	if p.Time, err = strconv.ParseInt(at, 10, 64); err == nil {
		p.Count, err = strconv.Atoi(count)
	}
	return p, err == nil && p.Count >= 0 && p.String() == text
}

// Record is a record of a log, as it is in the file, without the last line end.
type Record struct {
	Time time.Time
	Text []byte
}

// Found is what a search has found.
type Found struct {
	Records  []Record
	Next     Place    // behind what was read
	More     bool     // there is more to be read now
	Read     int64    // the bytes that were read from files
	Problems []string // files that cannot be read
}

// The bounds of one search, which stops at a record and says where to go on.
const (
	maxFoundBytes   = 1 << 20 // of text, or one record
	maxFoundRecords = 10_000
	maxPassed       = 16 << 20 // bytes of lines, as they are without compression
	maxSearchTime   = 2 * time.Second
)

// searching has one place: a search takes as much of a processor as it gets.
var searching = make(chan struct{}, 1)

// errChanged means that a file was renamed or replaced while it was to be opened.
var errChanged = errors.New("the log was rotated")

// Run searches. It returns after a bounded time with what it has found by then. The error of a log that does not exist is fs.ErrNotExist.
func (s Search) Run(ctx context.Context) (Found, error) {
	select {
	case searching <- struct{}{}:
		defer func() { <-searching }()
	case <-ctx.Done():
		return Found{}, context.Canceled
	case <-s.Stop:
		return Found{Next: s.begin(), More: true}, nil
	}
	if s.Bytes <= 0 || s.Bytes > maxFoundBytes {
		s.Bytes = maxFoundBytes
	}
	r := &searchRun{Search: s, ctx: ctx, end: time.Now().Add(maxSearchTime), zone: time.Local}
	if s.UTC {
		r.zone = time.UTC
	}
	r.from = s.begin()
	r.next = r.from
	var err error
	for range maxTries {
		if err = r.all(); err != errChanged || r.next != r.from {
			break
		}
	}
	if err == errChanged {
		err, r.found.More = nil, true
	}
	r.found.Next = r.next
	return r.found, err
}

// begin is the place where the search begins.
func (s *Search) begin() Place {
	if s.After == (Place{}) && !s.Since.IsZero() {
		return Place{Time: s.Since.Add(time.Microsecond - 1).UnixMicro()} // a record in between is before
	}
	return s.After
}

// maxTries is how often a search begins anew because a log is rotated.
const maxTries = 10

// searchRun is a search that goes on.
type searchRun struct {
	Search
	ctx   context.Context
	zone  *time.Location
	end   time.Time
	from  Place // where it begins
	next  Place
	found Found
	text  []byte

	skipped int   // records with the time of from that stand before it
	bytes   int   // of text that was found
	passed  int64 // bytes of lines in files that were read to their ends
}

// listed is a file of a log.
type listed struct {
	name    string
	info    safefile.Info
	form    rotation.Compression
	current bool // it is the log itself
}

// all searches in all files.
func (r *searchRun) all() error {
	files, err := r.files()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fs.ErrNotExist
	}
	f, at, err := r.start(files)
	if err != nil {
		return err
	}
	for {
		if f != nil {
			over, err := r.search(f)
			if r.found.More && r.ctx.Err() == nil {
				kept := keptFile{log: r.Log, next: r.next, skipped: r.skipped, file: f}
				if r.next != r.from { // it stands behind what next counts
					kept.skipped = r.next.Count
				}
				keptFiles.keep(kept)
			} else {
				f.close()
			}
			switch {
			case r.ctx.Err() != nil:
				return context.Canceled
			case err != nil:
				r.problem(files[at].name, err)
			case over:
				return nil
			}
		}
		if at++; at == len(files) {
			return nil
		}
		if f, err = r.open(files[at]); err == nil {
			err = f.begin(searchBlock)
			if err != nil {
				f.close()
			}
		}
		if err == errChanged {
			return err
		}
		if err != nil {
			r.problem(files[at].name, err)
			f = nil
		}
	}
}

// files returns the files of the log, the oldest first.
func (r *searchRun) files() (files []listed, err error) {
	dir, err := openRow(r.Log, 0)
	if err != nil {
		return nil, err
	}
	defer dir.close()
	names, err := dir.dir.Names()
	if err != nil {
		return nil, err
	}
	var rotated []rotation.Name
	for _, name := range names {
		if n, ok := rotation.Parse(dir.base, name); ok {
			rotated = append(rotated, n)
		}
	}
	slices.SortFunc(rotated, func(a, b rotation.Name) int { return rotation.CompareAge(b, a) })
	for _, n := range rotated {
		name := dir.name(n)
		if info, err := dir.dir.Lstat(name); err == nil && info.IsRegular() {
			files = append(files, listed{name: name, info: info, form: n.Form})
		}
	}
	files = onlyOneForm(files)
	if info, err := dir.dir.Lstat(dir.base); err == nil {
		files = append(files, listed{name: dir.base, info: info, current: true})
	}
	return files, nil
}

// onlyOneForm leaves out compressed files beside their sources: the source is about to be removed, or the compressed one is of a compression
// that was cut off.
func onlyOneForm(files []listed) []listed {
	bare := func(f listed) string { return strings.TrimSuffix(f.name, rotation.Endings[f.form]) }
	plain := map[string]bool{}
	for _, f := range files {
		plain[f.name] = true
	}
	return slices.DeleteFunc(files, func(f listed) bool { return f.form != rotation.Uncompressed && plain[bare(f)] })
}

// open opens a file by the rules by which the log is opened.
func (r *searchRun) open(l listed) (*recordFile, error) {
	file, err := Source{Path: filepath.Join(filepath.Dir(r.Log.Path), l.name), Owner: r.Log.Owner}.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errChanged
	}
	if err != nil {
		return nil, err
	}
	info, err := safefile.Stat(int(file.Fd()))
	if err == nil && !info.Same(l.info) && (l.info.IsRegular() || !l.current) {
		err = errChanged
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &recordFile{file: file, info: info, form: l.form, current: l.current, read: &r.found.Read, clock: recordClock{zone: r.zone}}, nil
}

// start returns the first file to read, ready at its place, and its index: the newest one whose first record is before the place where
// the search begins. The file is nil if it cannot be read.
func (r *searchRun) start(files []listed) (f *recordFile, at int, err error) {
	since := earlier(r.from.Time, r.zone)
	r.skipped = 0
	if kept, at := keptFiles.take(r.Log, r.next, files); kept.file != nil {
		r.skipped = kept.skipped
		kept.file.read, kept.file.current = &r.found.Read, files[at].current
		return kept.file, at, nil
	}
	for at = len(files) - 1; ; at-- {
		if f, err = r.open(files[at]); err == errChanged {
			return nil, at, err
		}
		var first int64
		timed := false
		if err == nil {
			first, timed, err = f.first()
		}
		if err == nil && (at == 0 || timed && first < since) {
			if err = f.seek(since, timed); err == nil {
				return f, at, nil
			}
		}
		if f != nil {
			f.close()
		}
		if at == 0 {
			if err != nil {
				r.problem(files[at].name, err)
			}
			return nil, at, nil
		}
	}
}

func (r *searchRun) problem(name string, err error) {
	text := name + ": " + reason(err).Error()
	if err == errNotRegular {
		text = name + " is no plain file"
	}
	if !slices.Contains(r.found.Problems, text) {
		r.found.Problems = append(r.found.Problems, text)
	}
}

// search searches in a file. Over is true if the search has ended, because of a limit or the end of the time.
func (r *searchRun) search(f *recordFile) (over bool, err error) {
	f.passed = 0
	for {
		if r.full(f.passed) {
			r.found.More = true
			return true, nil
		}
		at, text, err := f.next(r.text)
		r.text = text
		switch {
		case err != nil:
			r.passed += f.passed
			if err == io.EOF {
				err = nil
			}
			return false, err
		case at < r.from.Time:
			continue
		case at == r.from.Time && r.skipped < r.from.Count:
			r.skipped++
			continue
		case !r.Until.IsZero() && at >= r.Until.UnixMicro():
			return true, nil
		}
		r.add(at)
	}
}

// add adds the record that was read last, if it matches.
func (r *searchRun) add(at int64) {
	if at != r.next.Time {
		r.next = Place{Time: at}
	}
	r.next.Count++
	if r.Match == nil || r.Match.Match(searched(r.text)) {
		r.bytes += len(r.text)
		r.found.Records = append(r.found.Records, Record{time.UnixMicro(at), slices.Clone(r.text)})
	}
}

// full reports whether the search has done as much as one may. Passed is how much of the file has been read.
func (r *searchRun) full(passed int64) bool {
	select {
	case <-r.Stop:
		return true
	default:
	}
	return r.bytes >= r.Bytes || len(r.found.Records) >= maxFoundRecords || r.passed+passed >= maxPassed || r.ctx.Err() != nil ||
		time.Now().After(r.end)
}
