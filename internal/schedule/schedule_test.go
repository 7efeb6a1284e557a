package schedule

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

// upTo are the times of an expression in a zone from a local time on, as many as are wanted.
func upTo(t *testing.T, text, zone, from string, n int) (times []string) {
	t.Helper()
	where, err := Zone(zone)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(text, where)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	at, err := time.ParseInLocation(time.DateTime, from, where)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		next := s.Next(at)
		if !next.After(at) {
			t.Fatalf("%s: %v is not after %v", text, next, at)
		}
		at = next
		times = append(times, at.Format("2006-01-02 15:04:05 MST"))
	}
	return times
}

// covers: L7-e
// TestNext shows the times of expressions, also where clocks are set.
func TestNext(t *testing.T) {
	for _, c := range []struct {
		name, text, zone, from string
		want                   []string
	}{
		{"five fields", "30 3 * * *", "UTC", "2026-01-31 03:30:00", []string{"2026-02-01 03:30:00 UTC", "2026-02-02 03:30:00 UTC"}},
		{"six fields", "*/20 0 3 * * *", "UTC", "2026-01-31 03:00:19", []string{"2026-01-31 03:00:20 UTC", "2026-01-31 03:00:40 UTC", "2026-02-01 03:00:00 UTC"}},
		{"names in capitals", "0 0 * JAN THU,SUN", "UTC", "2026-01-01 00:00:00", []string{"2026-01-04 00:00:00 UTC", "2026-01-08 00:00:00 UTC"}},
		{"Sunday is 0 and 7", "0 0 * * 7", "UTC", "2026-01-01 00:00:00", []string{"2026-01-04 00:00:00 UTC"}},
		{"a range over the end of the week", "0 0 * * FRI-MON", "UTC", "2026-01-05 00:00:00", []string{"2026-01-09 00:00:00 UTC"}},
		{"either day matches", "0 0 13 * 5", "UTC", "2026-01-10 00:00:00", []string{"2026-01-13 00:00:00 UTC", "2026-01-16 00:00:00 UTC"}},
		{"both match if one begins with *", "0 0 */2 * 5", "UTC", "2026-01-01 00:00:00", []string{"2026-01-09 00:00:00 UTC", "2026-01-23 00:00:00 UTC"}},
		{"leap days over 2100", "0 0 29 2 *", "UTC", "2096-03-01 00:00:00", []string{"2104-02-29 00:00:00 UTC"}},
		{"@daily", "@daily", "UTC", "2026-01-01 00:00:00", []string{"2026-01-02 00:00:00 UTC"}},
		{"@weekly", "@weekly", "UTC", "2026-01-01 00:00:00", []string{"2026-01-04 00:00:00 UTC"}},
		{"@every", "@every 90s", "UTC", "2026-01-01 00:00:00", []string{"2026-01-01 00:01:30 UTC", "2026-01-01 00:03:00 UTC"}},
		{"a zone in the expression", "CRON_TZ=Asia/Tokyo 0 3 * * *", "UTC", "2026-01-01 00:00:00", []string{"2026-01-02 03:00:00 JST"}},

		{"a missing hour comes when the clocks are set", "30 2 * * *", "Europe/Berlin", "2026-03-28 02:30:00",
			[]string{"2026-03-29 03:00:00 CEST", "2026-03-30 02:30:00 CEST"}},
		{"once for all its minutes", "*/20 2 * * *", "Europe/Berlin", "2026-03-29 01:00:00",
			[]string{"2026-03-29 03:00:00 CEST", "2026-03-30 02:00:00 CEST"}},
		{"once with the hour after it", "0 2,3 * * *", "Europe/Berlin", "2026-03-29 01:00:00",
			[]string{"2026-03-29 03:00:00 CEST", "2026-03-30 02:00:00 CEST"}},
		{"not with * in the hour", "30 * * * *", "Europe/Berlin", "2026-03-29 00:30:00",
			[]string{"2026-03-29 01:30:00 CET", "2026-03-29 03:30:00 CEST"}},
		{"not with a step in the hour", "30 */2 * * *", "Europe/Berlin", "2026-03-29 00:30:00", []string{"2026-03-29 04:30:00 CEST"}},
		{"a missing midnight", "30 0 * * *", "Africa/Cairo", "2026-04-23 12:00:00",
			[]string{"2026-04-24 01:00:00 EEST", "2026-04-25 00:30:00 EEST"}},
		{"@daily without midnight", "@daily", "Africa/Cairo", "2026-04-23 12:00:00",
			[]string{"2026-04-24 01:00:00 EEST", "2026-04-25 00:00:00 EEST"}},
		{"half an hour is missing", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00:00",
			[]string{"2026-10-04 02:30:00 +11", "2026-10-05 02:15:00 +11"}},
		{"the other half is not", "45 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00:00",
			[]string{"2026-10-04 02:45:00 +11", "2026-10-05 02:45:00 +11"}},
		{"a missing day", "0 12 30 12 *", "Pacific/Apia", "2011-12-29 12:00:00",
			[]string{"2011-12-31 00:00:00 +14", "2012-12-30 12:00:00 +14"}},

		{"a repeated hour comes once", "30 2 * * *", "Europe/Berlin", "2026-10-25 00:00:00",
			[]string{"2026-10-25 02:30:00 CEST", "2026-10-26 02:30:00 CET"}},
		{"so do all its minutes", "*/30 2 * * *", "Europe/Berlin", "2026-10-25 00:00:00",
			[]string{"2026-10-25 02:00:00 CEST", "2026-10-25 02:30:00 CEST", "2026-10-26 02:00:00 CET"}},
		{"the end of the repetition", "0 3 * * *", "Europe/Berlin", "2026-10-25 02:00:00",
			[]string{"2026-10-25 03:00:00 CET", "2026-10-26 03:00:00 CET"}},
		{"twice with * in the hour", "30 * * * *", "Europe/Berlin", "2026-10-25 01:30:00",
			[]string{"2026-10-25 02:30:00 CEST", "2026-10-25 02:30:00 CET", "2026-10-25 03:30:00 CET"}},
		{"twice with a step in the hour", "30 */2 * * *", "Europe/Berlin", "2026-10-25 00:30:00",
			[]string{"2026-10-25 02:30:00 CEST", "2026-10-25 02:30:00 CET", "2026-10-25 04:30:00 CET"}},
		{"@hourly goes by real time", "@hourly", "Europe/Berlin", "2026-10-25 01:00:00",
			[]string{"2026-10-25 02:00:00 CEST", "2026-10-25 02:00:00 CET", "2026-10-25 03:00:00 CET"}},
		{"half an hour is repeated", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00:00",
			[]string{"2026-04-05 01:45:00 +11", "2026-04-06 01:45:00 +1030"}},
		{"and the half before it not", "15 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00:00",
			[]string{"2026-04-05 01:15:00 +11", "2026-04-06 01:15:00 +1030"}},
		{"midnight is repeated", "30 23 * * *", "Africa/Cairo", "2026-10-29 12:00:00",
			[]string{"2026-10-29 23:30:00 EEST", "2026-10-30 23:30:00 EET"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, upTo(t, c.text, c.zone, c.from, len(c.want))); d != "" {
				t.Errorf("%s in %s (-want +got):\n%s", c.text, c.zone, d)
			}
		})
	}
}

// TestNextInARepeatedHour begins in the second of two equal hours.
func TestNextInARepeatedHour(t *testing.T) {
	berlin, _ := Zone("Europe/Berlin")
	second := time.Date(2026, 10, 25, 1, 10, 0, 0, time.UTC) // 02:10 CET
	for text, want := range map[string]string{"30 2 * * *": "2026-10-26 02:30 CET", "30 * * * *": "2026-10-25 02:30 CET",
		"30 3 * * *": "2026-10-25 03:30 CET"} {
		s, err := Parse(text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(second).Format("2006-01-02 15:04 MST"); got != want {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

// covers: L7-k
// TestParseRefuses shows the errors of bad expressions.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "empty spec string",
		"61 * * * *":                            "end of range (61) above maximum (59)",
		"* * * *":                               "expected 5 to 6 fields, found 4",
		"* * * * * * *":                         "expected 5 to 6 fields, found 7",
		"0 0 31 2 *":                            "it never comes",
		"0 0 31 4,6,9,11 *":                     "it never comes",
		", * * * *":                             "it never comes",
		", 0 0 * * *":                           "it never comes",
		"x * * * *":                             "x is no number and no name",
		"0 0 L * *":                             "L, W and # are not supported",
		"0 0 * * 5#2":                           "L, W and # are not supported",
		"*/0 * * * *":                           "step of range must be a positive number",
		"@reboot":                               "unrecognized descriptor",
		"@every 10ms":                           "@every duration must be at least 1s",
		"@every -1s":                            "@every duration must be at least 1s",
		"CRON_TZ=X/Y 0 3 * * *":                 "unknown time zone X/Y",
		"CRON_TZ= 0 3 * * *":                    "unknown time zone ",
		"TZ=../../etc 0 3 * * *":                "unknown time zone ../../etc",
		"CRON_TZ=UTC":                           "empty spec string",
		strings.Repeat("1,", 600) + "1 * * * *": "spec too long: 1209 > 1024",
	} {
		_, err := Parse(text, time.UTC)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, not %s", text, err, want)
		}
	}
}

// FuzzParse checks that no expression panics, takes long, or gives times that go back.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"30 3 * * *", "*/20 0 3 * * *", "0 0 29 2 1-5/2", "@every 90s", "CRON_TZ=Europe/Berlin 0 2 * * *", ",", "0 0 * * ?", "5-1 22-3 * NOV-FEB FRI-MON"} {
		f.Add(text, int64(1774746000))
	}
	zone, err := Zone("Africa/Cairo")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		s, err := Parse(text, zone)
		if err != nil {
			return
		}
		at := time.Unix(seconds%(1<<32), 0)
		for range 5 {
			next := s.Next(at)
			if next.IsZero() {
				break
			}
			if !next.After(at) {
				t.Fatalf("%q: %v is not after %v", text, next, at)
			}
			at = next
		}
	})
}
