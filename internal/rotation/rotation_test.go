package rotation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRotatedNames(t *testing.T) {
	for name, want := range map[string]Name{
		"web.log.1":                  {Number: 1},
		"web.log.12.gz":              {Number: 12, Form: Gzip},
		"web.log.3.zst":              {Number: 3, Form: Zstd},
		"web.log.2026-11-27":         {Date: "2026-11-27"},
		"web.log.2026-11-27T14":      {Date: "2026-11-27T14"},
		"web.log.2026-11-27.2":       {Date: "2026-11-27", Number: 2},
		"web.log.2026-11-27T14.1.gz": {Date: "2026-11-27T14", Number: 1, Form: Gzip},
	} {
		got, ok := Parse("web.log", name)
		if !ok || got != want {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
		if back := "web.log" + got.String(); back != name {
			t.Errorf("%s: back to %s", name, back)
		}
		if IsPart("web.log", name) || IsPart("web.log", name+".part") != (want.Form != Uncompressed) {
			t.Errorf("%s: wrong about parts", name)
		}
	}
	for _, name := range []string{"web.log", "web.log.", "web.log.0", "web.log.01", "web.log.+1", "web.log.-1", "web.log.old", "web.log.txt",
		"web.log.1.2", "web.log.1.gz.gz", "web.log.gz", "web.log.1.bz2", "web.log.1.gz.part", "web.log.2026-13-01", "web.log.2026-1-1",
		"web.log.20261127", "web.log.2026-11-27T24", "web.log.2026-11-27T1", "web.log.2026-11-27.0", "web.log.2026-11-27.1.1",
		"web.log1", "xweb.log.1", "web.log.99999999999999999999"} {
		if n, ok := Parse("web.log", name); ok {
			t.Errorf("%s is taken for %+v", name, n)
		}
	}
}

func FuzzRotatedNames(f *testing.F) {
	for _, name := range []string{"a.1", "a.2026-11-27T14.1.gz", "a.1.zst", "a.2026-02-29", "a..1"} {
		f.Add("a", name)
	}
	f.Fuzz(func(t *testing.T, base, name string) {
		if n, ok := Parse(base, name); ok && base+n.String() != name {
			t.Errorf("%q is %+v, which is %q", name, n, base+n.String())
		}
		if IsPart(base, name) && !strings.HasSuffix(name, ".part") {
			t.Errorf("%q is no part", name)
		}
	})
}

func TestRetention(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	age := func(text string) time.Time {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return now.Add(-d)
	}
	file := func(name string, size int64, old string) File {
		n, ok := Parse("l", name)
		if !ok {
			t.Fatalf("bad name %s", name)
		}
		return File{n, size, age(old)}
	}
	for what, c := range map[string]struct {
		r     Retention
		files []File
		want  []string
	}{
		"nothing": {Retention{Space: -1}, []File{file("l.1", 5, "1h"), file("l.900", 5, "90000h")}, nil},
		"age": {Retention{Space: -1, MaxAge: 24 * time.Hour},
			[]File{file("l.1", 5, "23h"), file("l.2.gz", 5, "25h"), file("l.3.zst", 5, "250h")}, []string{".2.gz", ".3.zst"}},
		"age, dates of others": {Retention{Space: -1, MaxAge: 24 * time.Hour},
			[]File{file("l.1", 5, "25h"), file("l.2026-11-20", 5, "250h")}, []string{".1"}},
		"space":          {Retention{Space: 10}, []File{file("l.10", 1, "1h"), file("l.2", 6, "1h"), file("l.1", 4, "1h")}, []string{".10"}},
		"space, a large": {Retention{Space: 10}, []File{file("l.3", 1, "1h"), file("l.2", 9, "1h"), file("l.1", 4, "1h")}, []string{".2", ".3"}},
		"no space":       {Retention{Space: 0}, []File{file("l.1", 4, "1h")}, []string{".1"}},
		"count": {Retention{Space: -1, Dated: true, Count: 2}, []File{file("l.1", 1, "1h"), file("l.2026-11-27", 1, "1h"),
			file("l.2026-11-27.1.gz", 1, "1h"), file("l.2026-11-28T01", 1, "1h")}, []string{".2026-11-27", ".1"}},
		"copy": {Retention{Space: 5}, []File{file("l.1", 4, "1h"), file("l.1.gz", 2, "1h"), file("l.2.gz", 1, "2h")}, []string{".1.gz"}},
		"two files of one number": {Retention{Space: -1}, []File{file("l.1", 4, "1h"), file("l.1.gz", 2, "2h")},
			nil},
	} {
		var got []string
		for _, f := range c.r.Surplus(c.r.Own(c.files), now) {
			got = append(got, f.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", what, diff)
		}
	}
	if n := NextNumber([]File{file("l.2026-11-27", 1, "1h"), file("l.2026-11-27.3.gz", 1, "1h"), file("l.5", 1, "1h")}, "2026-11-27"); n != 4 {
		t.Errorf("the next number is %d", n)
	}
	if n := NextNumber(nil, "2026-11-27"); n != 0 {
		t.Errorf("the first number is %d", n)
	}
}

func TestEveryNext(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	at := func(text string) time.Time {
		for _, layout := range []string{"2006-01-02 15:04 MST", "2006-01-02 15:04"} {
			if when, err := time.ParseInLocation(layout, text, berlin); err == nil {
				return when
			}
		}
		t.Fatal(text)
		return time.Time{}
	}
	hourly, daily, weekly := Every{Step: time.Hour}, Every{Step: day}, Every{Step: 7 * day, Offset: 4 * day}
	halfPastTwo, clumsy := Every{Step: day, Offset: 150 * time.Minute}, Every{Step: 7 * time.Hour}
	for _, c := range []struct {
		every Every
		from  string
		want  []string
	}{
		{daily, "2026-11-27 14:00", []string{"2026-11-28 00:00", "2026-11-29 00:00"}},
		{daily, "2026-11-27 00:00", []string{"2026-11-28 00:00"}},
		{weekly, "2026-11-27 14:00", []string{"2026-11-30 00:00", "2026-12-07 00:00"}}, // Mondays
		{halfPastTwo, "2026-11-27 02:29", []string{"2026-11-27 02:30", "2026-11-28 02:30"}},
		{clumsy, "2026-11-27 13:00", []string{"2026-11-27 14:00", "2026-11-27 21:00", "2026-11-28 00:00", "2026-11-28 07:00"}},
		{Every{Step: 36 * time.Hour}, "1970-01-01 00:00", []string{"1970-01-02 12:00", "1970-01-04 00:00"}},
		// The clock goes from 02:00 to 03:00.
		{halfPastTwo, "2026-03-28 12:00", []string{"2026-03-29 03:00", "2026-03-30 02:30"}},
		{hourly, "2026-03-29 00:30", []string{"2026-03-29 01:00", "2026-03-29 03:00", "2026-03-29 04:00"}},
		// It goes from 03:00 CEST back to 02:00 CET.
		{halfPastTwo, "2026-10-24 12:00", []string{"2026-10-25 02:30 CEST", "2026-10-26 02:30"}},
		{halfPastTwo, "2026-10-25 02:10 CET", []string{"2026-10-26 02:30"}},
		{hourly, "2026-10-25 01:30", []string{"2026-10-25 02:00 CEST", "2026-10-25 03:00", "2026-10-25 04:00"}},
	} {
		var got []string
		when := at(c.from)
		for range c.want {
			when = c.every.Next(when)
			got = append(got, when.UTC().Format(time.DateTime))
		}
		want := slices.Clone(c.want)
		for i := range want {
			want[i] = at(want[i]).UTC().Format(time.DateTime)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v from %s: (-want +got)\n%s", c.every, c.from, diff)
		}
	}
	if got := (Every{}).Next(at("2026-11-27 14:00")); !got.IsZero() {
		t.Errorf("never is %v", got)
	}
}
