package orphans

import (
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse shows that no record makes the parser fail, that what it returns is plausible, and that format writes it so that it
// is read again.
// covers: SEC-2
func FuzzParse(f *testing.F) {
	const boot, now = "boot", 5000
	head := "supervisord 7 4000 boot\n"
	for _, text := range []string{
		"", head, head + "8 4000 999 999 15 true false 10 \"g\" \"n\" 0\n", head + "8 4000 999 999 15 true false 10 \"g\" \"n\"\n",
		head + "8 99999999999 999 999 15 true true 1 \"x\\n2026-01-01 00:00:00,000 CRIT forged\" \"y\" 0\n8 1 1",
		head + "1 1 1 1 1 true true 1 \"\" \"\" 1\n-1 1 1 1 1 true true 1 `a` `b` 1\n8 1 1 1 99 true true 99999999999 \"a\" \"b\" 1\n",
		"supervisord 1 99999999999 boot\n", "supervisord 1 1 other\n", "supervisord 7 4000 boot \"/etc/s.conf supervisor\"\n", "supervisord 7 4000 boot \"/etc\n",
	} {
		f.Add(text)
	}
	f.Add(head + "8 4000 999 999 15 true false 10 \"g\" \"n\" 0 \"15:300,2:-1\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		owner, children, wrong, err := parseAll(text, boot, now)
		if owner == nil && len(children) != 0 || err != nil && owner != nil || len(children)+wrong > strings.Count(text, "\n")+1 {
			t.Fatalf("%v, %v, %d, %v", owner, children, wrong, err)
		}
		if owner != nil && (owner.PID < 1 || owner.at > now) {
			t.Errorf("%+v", owner)
		}
		for _, e := range children {
			switch {
			case e.PID < 2, e.at < 0 || e.at > now, e.StopSignal < 1 || e.StopSignal > 64, e.StopWait < 0,
				e.StopWait > maxWait*time.Second, strings.ContainsFunc(e.String(), unicode.IsControl):
				t.Errorf("%+v", e)
			}
			again, ok := parse(string(e.format(nil, e.at)))
			if d := cmp.Diff(e, again, cmp.AllowUnexported(entry{})); !ok || d != "" {
				t.Errorf("%t (-want +got)\n%s", ok, d)
			}
		}
	})
}

// TestParse shows which lines are believed.
func TestParse(t *testing.T) {
	want := entry{Child{PID: 8, Group: "g", Name: `a "b"`, GroupPriority: -1, Priority: 999, StopSignal: syscall.SIGTERM,
		StopAsGroup: true, StopWait: 10 * time.Second, UID: 33}, 4000}
	for line, ok := range map[string]bool{
		`8 4000 -1 999 15 true false 10 "g" "a \"b\"" 33`:              true,
		`8 4000 -1 999 15 true false 10 "g" "a \"b\"" 33 later`:        true,
		`8 4000 -1 999 15 true false 10 "g" "a" 33 "99:1"`:             false,
		`8 4000 -1 999 15 true false 10 "g" "a" 33 "15:-2"`:            false,
		`8 4000 -1 999 15 true false 10 "g" "a" 33 "15:9999999999999"`: false,
		`8 4000 -1 999 15 true false 10 "g" "a" 33 "15"`:               false,
		`1 4000 -1 999 15 true false 10 "g" "a" 33`:                    false,
		`4194305 4000 -1 999 15 true false 10 "g" "a" 33`:              false,
		`-8 4000 -1 999 15 true false 10 "g" "a" 33`:                   false,
		`8 -1 -1 999 15 true false 10 "g" "a" 33`:                      false,
		`8 4000 -1 999 0 true false 10 "g" "a" 33`:                     false,
		`8 4000 -1 999 65 true false 10 "g" "a" 33`:                    false,
		`8 4000 -1 999 15 true false -1 "g" "a" 33`:                    false,
		`8 4000 -1 999 15 true false 9223372036854775807 "g" "a" 33`:   false,
		`8 4000 -1 999 15 true false 10 "g\nCRIT forged" "a" 33`:       false,
		`8 4000 -1 999 15 true false 10 "g" "\x1b]0;title\x07" 33`:     false,
		`8 4000 -1 999 15 true false 10 g a 33`:                        false,
		`8 4000 -1 999 15 true false 10 "g" "a`:                        false,
		`99999999999999999999 4000 -1 999 15 true false 10 "g" "a" 1`:  false,
	} {
		got, valid := parse(line)
		if valid != ok {
			t.Errorf("%s: %t", line, valid)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); ok && d != "" {
			t.Errorf("%s (-want +got)\n%s", line, d)
		}
	}
}
