package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// recordAt is a record of a test.
func recordAt(at time.Time, text string) string {
	return fmt.Sprintf(`{"time":"%s","group":"t","name":"t","channel":"stdout","message":"%s"}`, at.UTC().Format("2006-01-02T15:04:05.000000Z"), text)
}

// writeCompressed writes a file, compressed as its name says.
func writeCompressed(t *testing.T, path string, text []byte) {
	t.Helper()
	var b bytes.Buffer
	switch filepath.Ext(path) {
	case ".gz":
		w := gzip.NewWriter(&b)
		w.Write(text)
		w.Close()
	case ".zst":
		w, _ := zstd.NewWriter(&b)
		w.Write(text)
		w.Close()
	default:
		b.Write(text)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// searchAll searches until there is no more, and returns the texts. Each part goes on with a place alone if forget is true: files are not kept.
func searchAll(t *testing.T, s Search, forget bool) (texts []string) {
	t.Helper()
	for parts := 0; ; parts++ {
		found, err := s.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Problems) > 0 {
			t.Fatal(found.Problems)
		}
		for _, r := range found.Records {
			texts = append(texts, string(r.Text))
		}
		if !found.More {
			return texts
		}
		if found.Next == s.After || parts > 10_000 {
			t.Fatalf("no progress at %v", found.Next)
		}
		s.After = found.Next
		if p, ok := ParsePlace(found.Next.String()); !ok || p != found.Next {
			t.Fatalf("the place %v is read as %v", found.Next, p)
		}
		if forget {
			dropKept()
		}
	}
}

func dropKept() {
	keptFiles.mu.Lock()
	defer keptFiles.mu.Unlock()
	for len(keptFiles.files) > 0 {
		keptFiles.drop(0)
	}
}

// TestSearchFindsAll compares searches of random logs, in random parts, with a filter of all their records.
func TestSearchFindsAll(t *testing.T) {
	defer dropKept()
	start := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		path := filepath.Join(t.TempDir(), "t.log")
		type record struct {
			at   time.Time
			text string
		}
		var all []record
		at := start
		files := 1 + random.IntN(5)
		for n := files - 1; n >= 0; n-- {
			var file bytes.Buffer
			for range random.IntN(3000) {
				if random.IntN(20) == 0 { // many have the same time
					at = at.Add(time.Duration(random.IntN(3e6)) * time.Microsecond)
				}
				text := recordAt(at, fmt.Sprintf("number %d", len(all))+strings.Repeat("x", random.IntN(200)))
				if random.IntN(50) == 0 {
					text += "\n  a line of its own" + strings.Repeat("\n", random.IntN(3))
				}
				all = append(all, record{at, text})
				file.WriteString(text + "\n")
			}
			name := path
			if n > 0 {
				name += fmt.Sprintf(".%d%s", n, []string{"", ".gz", ".zst"}[random.IntN(3)])
			}
			writeCompressed(t, name, file.Bytes())
		}
		span := at.Sub(start) + 2*time.Second
		for range 5 {
			since, until := start.Add(rand.N(span)-time.Second), time.Time{}
			if random.IntN(2) == 0 {
				until = since.Add(rand.N(span))
			}
			s := Search{Log: Source{Path: path}, Since: since, Until: until, Bytes: 1 + random.IntN(50_000)}
			if random.IntN(3) == 0 {
				s.Match = regexp.MustCompile(`^number \d*7`)
			}
			var want []string
			for _, r := range all {
				if at := r.at; !at.Before(since) && (until.IsZero() || at.Before(until)) && (s.Match == nil || s.Match.Match(searched([]byte(r.text)))) {
					want = append(want, r.text)
				}
			}
			if diff := cmp.Diff(want, searchAll(t, s, random.IntN(2) == 0)); diff != "" {
				t.Fatalf("seed %d, since %v until %v: %s", seed, since, until, diff)
			}
		}
	}
	if n := budget.Searches.Held(); n > budget.Searches.Limit {
		t.Errorf("%d files are kept", n)
	}
}

// TestSearchGoesOnAfterRotation rotates a log and compresses its files between two parts of a search.
func TestSearchGoesOnAfterRotation(t *testing.T) {
	defer dropKept()
	for _, forget := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "t.log")
		at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
		var first, second bytes.Buffer
		for i := range 200 {
			file := &first
			if i >= 100 {
				file = &second
			}
			fmt.Fprintln(file, recordAt(at.Add(time.Duration(i)*time.Millisecond), fmt.Sprint(i)))
		}
		writeCompressed(t, path+".1", first.Bytes())
		writeCompressed(t, path, second.Bytes())
		s := Search{Log: Source{Path: path}, Bytes: 1000}
		var got []string
		for step := 0; ; step++ {
			found, err := s.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found.Records {
				got = append(got, string(searched(r.Text)))
			}
			if !found.More {
				break
			}
			s.After = found.Next
			if forget {
				dropKept()
			}
			switch step {
			case 2:
				os.Rename(path+".1", path+".2")
				os.Rename(path, path+".1")
				os.WriteFile(path, nil, 0o644)
			case 4:
				writeCompressed(t, path+".2.gz", first.Bytes())
				os.Remove(path + ".2")
			}
		}
		var want []string
		for i := range 200 {
			want = append(want, fmt.Sprint(i))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("forget %v: %s", forget, diff)
		}
	}
}

// TestSearchClockSetBack finds records in the hour that the clock shows twice.
func TestSearchClockSetBack(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	was := time.Local
	time.Local = zone
	defer func() { time.Local = was }()
	start := time.Date(2026, 10, 24, 23, 0, 0, 0, time.UTC) // 01:00; at 01:00 UTC the clock goes from 03:00 to 02:00
	var file bytes.Buffer
	var all []time.Time
	for at := start; at.Before(start.Add(4 * time.Hour)); at = at.Add(10 * time.Second) {
		all = append(all, at)
		fmt.Fprintf(&file, "%s t stdout | %s%s\n", at.In(zone).Format("2006-01-02 15:04:05,000"), at.Format(time.RFC3339), strings.Repeat("x", 500))
	}
	path := filepath.Join(t.TempDir(), "t.log")
	writeCompressed(t, path, file.Bytes())
	for since := start.Add(-time.Hour); since.Before(start.Add(5 * time.Hour)); since = since.Add(10 * time.Minute) {
		found, err := Search{Log: Source{Path: path}, Since: since, Bytes: 1}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := time.Time{}
		for _, at := range all {
			if !at.Before(since) {
				want = at
				break
			}
		}
		got := time.Time{}
		if len(found.Records) > 0 {
			got = found.Records[0].Time
			if text := got.UTC().Format(time.RFC3339); !strings.Contains(string(found.Records[0].Text), text) {
				t.Errorf("%s is taken for %s", found.Records[0].Text[:60], text)
			}
		}
		if !got.Equal(want) {
			t.Errorf("since %v: %v, want %v", since, got, want)
		}
		dropKept()
	}
}

// TestSearchIsBounded searches logs that are long, damaged, or of another form in part.
func TestSearchIsBounded(t *testing.T) {
	defer dropKept()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "t.log")
	log := Source{Path: path}
	if _, err := (Search{Log: log}).Run(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a log that does not exist: %v", err)
	}
	long := recordAt(at, strings.Repeat("y", 3<<20))
	writeCompressed(t, path+".3", []byte(strings.Repeat("no time\n", 1<<18)))
	os.WriteFile(path+".2.gz", []byte("not compressed"), 0o644)
	writeCompressed(t, path+".1", []byte("rest of a line\n"+long+"\n"+strings.Repeat("no time\n", 1<<18)+recordAt(at.Add(1), "next")+"\n"))
	writeCompressed(t, path, []byte(recordAt(at.Add(time.Second), "last")+"\n"+recordAt(at.Add(time.Second), "not comp")))
	found, err := Search{Log: log}.Run(t.Context())
	if err != nil || len(found.Records) != 1 || len(found.Records[0].Text) != maxSearchLine || !found.More {
		t.Fatalf("%d records, %v", len(found.Records), err)
	}
	if want := []string{"t.log.2.gz: gzip: invalid header"}; !cmp.Equal(want, found.Problems) {
		t.Error(found.Problems)
	}
	found, err = Search{Log: log, After: found.Next}.Run(t.Context())
	if err != nil || len(found.Records) != 2 || found.More || !bytes.Contains(found.Records[1].Text, []byte("last")) {
		t.Errorf("%v, %v", found, err)
	}
	if found, err = (Search{Log: log, Since: at.Add(time.Second)}).Run(t.Context()); err != nil || len(found.Records) != 1 || len(found.Problems) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Search{Log: log}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSearchStops has searches stop before they begin, and goes on with one of them.
func TestSearchStops(t *testing.T) {
	defer dropKept()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "l")
	writeCompressed(t, path, []byte(recordAt(at, "a")+"\n"+recordAt(at, "b")+"\n"))
	stop := make(chan struct{})
	close(stop)
	s := Search{Log: Source{Path: path}, Since: at, Stop: stop}
	for _, busy := range []bool{false, true} {
		if busy {
			searching <- struct{}{}
		}
		found, err := s.Run(t.Context())
		if busy {
			<-searching
		}
		if err != nil || len(found.Records) > 0 || !found.More || found.Next != (Place{Time: at.UnixMicro()}) {
			t.Errorf("busy %v: %v, %v", busy, found, err)
		}
		if texts := searchAll(t, Search{Log: s.Log, After: found.Next}, false); len(texts) != 2 {
			t.Errorf("%q", texts)
		}
	}
}

// TestSearchKeepsFewFiles has searches stop in more files than may be kept.
func TestSearchKeepsFewFiles(t *testing.T) {
	defer dropKept()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	for i := range 2 * budget.Searches.Limit {
		path := filepath.Join(dir, fmt.Sprint(i))
		writeCompressed(t, path, []byte(recordAt(at, "a")+"\n"+recordAt(at, "b")+"\n"))
		if found, err := (Search{Log: Source{Path: path}, Bytes: 1}).Run(t.Context()); err != nil || !found.More {
			t.Fatal(found, err)
		}
		if n := budget.Searches.Held(); n != min(i+1, budget.Searches.Limit) || int(n) != len(keptFiles.files) {
			t.Fatalf("%d files of %d are kept", n, len(keptFiles.files))
		}
	}
}

// TestPattern refuses patterns that would take long.
func TestPattern(t *testing.T) {
	for _, text := range []string{"(", strings.Repeat("a", maxPattern+1), `(a{500}){2}(b{500}){2}`} {
		if _, err := Pattern(text); err == nil {
			t.Errorf("%.20s is accepted", text)
		}
	}
	if _, err := Pattern(`^GET .*\b50[0-9]$`); err != nil {
		t.Error(err)
	}
}

// TestSearched extracts what a pattern is compared with.
func TestSearched(t *testing.T) {
	const head = `{"time":"2026-11-27T12:00:00.000000Z","group":"t","a":"\",\"message\":\"x",`
	for text, want := range map[string]string{
		head + `"message":"plain"}`:                             "plain",
		head + `"message":"a \"b\" \\\u0007\n","partial":true}`: "a \"b\" \\\a\n",
		head + `"message":""}` + "\nmore":                       "\nmore",
		head + `"data":{"message":"x","a":1}}`:                  `{"message":"x","a":1}`,
		head + `"data":{"a":1,"message":"x"}}`:                  `{"a":1,"message":"x"}`,
		head + `"message":"cut`:                                 "cut",
		head + `"message":"cut\`:                                head + `"message":"cut\`,
		"2026-11-27 12:00:00,000 t stdout | x":                  "2026-11-27 12:00:00,000 t stdout | x",
		`{"time":"2026"}`:                                       `{"time":"2026"}`,
	} {
		if got := string(searched([]byte(text))); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// FuzzRecordTime compares the times of lines with those that package time reads.
func FuzzRecordTime(f *testing.F) {
	for _, text := range []string{`{"time":"2026-11-27T12:00:00.000000Z","`, `{"time":"2026-11-27T12:00:00.000000+01:00",`, "2026-11-27 12:00:00,000 t",
		"2026-02-30 12:00:00,000 t", `{"time":"2026-11-27T12:00:00.000000+1:00"`, "2026-11-27 12:00:61,000"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c := recordClock{zone: time.UTC}
		at, _, ok := c.read(line)
		again, _, okAgain := c.read(line) // by memory
		if at != again || ok != okAgain {
			t.Fatalf("%q: %d and %d", line, at, again)
		}
		layout, text := "2006-01-02 15:04:05,000", line[:min(len(line), len(textTime))]
		if rest, found := bytes.CutPrefix(line, []byte(`{"time":"`)); found {
			layout = "2006-01-02T15:04:05.000000Z07:00"
			if text, _, found = bytes.Cut(rest, []byte(`"`)); !found {
				return // of a line that was cut off
			}
		}
		want, err := time.Parse(layout, string(text))
		if err == nil && want.Format(layout) != string(text) {
			return // package time reads other forms, too, such as an hour of one digit
		}
		if err == nil && (!ok || want.UnixMicro() != at) {
			t.Errorf("%q: %d, want %d", line, at, want.UnixMicro())
		}
		searched(line)
	})
}
