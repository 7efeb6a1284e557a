package timezone

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// valid are strings of all forms.
var valid = []string{
	"JST-9", "CST-8", "UTC+3", "UTC3", "<+0330>-3:30", "<-03>3", "<UTC+5>-05:45:30", "PST8PDT,M3.2.0,M11.1.0",
	"CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST-2,M3.5.0/2,M10.5.0/3", "WET0WEST,M3.5.0/1,M10.5.0",
	"NZST-12NZDT,M9.5.0,M4.1.0/3", "AEST-10AEDT,M10.1.0,M4.1.0/3", "<-01>1<+00>,M3.5.0/0,M10.5.0/1", "IST-2IDT,M3.4.4/26,M10.5.0",
	"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "XXX-3YYY,J60,J300", "XXX-3YYY,J60/0,J300/23:30:15", "XXX3YYY,0/0,364", "XXX3YYY2:30,59,J365/24",
	"LHST-10:30LHDT-11,M10.1.0,M4.1.0", "EET-2EEST,M3.5.5/0,M10.5.5/0", "ABC24", "ABC-24", "abc-1def,M4.5.6,M9.3.3",
}

// covers: REP-F2
// The local time is that of date, all over several years.
func TestAsDate(t *testing.T) {
	if _, err := exec.LookPath("date"); err != nil {
		t.Skip("needs date")
	}
	var seconds strings.Builder
	var times []time.Time
	for year := 1999; year < 2045; year += 5 {
		for day := range 366 / 4 {
			at := time.Date(year, 1, 1+4*day, day%24, day%60, 0, 0, time.UTC)
			times = append(times, at)
			fmt.Fprintf(&seconds, "@%d\n", at.Unix())
		}
	}
	for _, tz := range valid {
		zone := parse(tz)
		if zone == nil {
			t.Errorf("%s is refused", tz)
			continue
		}
		cmd := exec.Command("date", "-f", "-", "+%Y-%m-%d %H:%M:%S %Z")
		cmd.Env = append(os.Environ(), "TZ="+tz, "LC_ALL=C")
		cmd.Stdin = strings.NewReader(seconds.String())
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("date reads no times: %v", err)
		}
		for i, want := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			name, _ := times[i].In(zone).Zone()
			if got := times[i].In(zone).Format("2006-01-02 15:04:05 ") + name; got != want {
				t.Errorf("%s: %s is %s, want %s", tz, times[i], got, want)
				break
			}
		}
	}
}

// Without a rule, daylight saving time has that of the United States. The C library has it from a file that hosts change.
func TestDefaultRule(t *testing.T) {
	for _, tz := range []string{"EST5EDT", "EST5EDT4", "CET-1CEST", "<-03>3<-02>"} {
		zone, same := parse(tz), parse(tz+",M3.2.0,M11.1.0")
		for day := range 366 {
			at := time.Date(2026, 1, 1+day, 0, 30, 0, 0, time.UTC)
			if got, want := at.In(zone).Format(time.RFC3339), at.In(same).Format(time.RFC3339); got != want {
				t.Fatalf("%s: %s, want %s", tz, got, want)
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	for _, tz := range []string{"", "UTC", "JST", "9", "JST-", "JST-9x", "JST-9\nCET-1", "CET-1CEST,", "CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J366", "<JST-9", "J9"} {
		if zone := parse(tz); zone != nil {
			t.Errorf("%q is accepted", tz)
		}
	}
}

// No string panics, and a time keeps its instant in every zone.
func FuzzParse(f *testing.F) {
	for _, tz := range valid {
		f.Add(tz, int64(1_700_000_000))
	}
	f.Fuzz(func(t *testing.T, tz string, seconds int64) {
		zone := parse(tz)
		if zone == nil {
			return
		}
		at := time.Unix(seconds%(1<<36), 0)
		if local := at.In(zone); !local.Equal(at) || local.Format(time.RFC1123Z) == "" {
			t.Errorf("%q: %v, %v", tz, at, local)
		}
	})
}
