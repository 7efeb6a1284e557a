package config

import (
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSequence reads lists of signals, and writes them.
func TestSequence(t *testing.T) {
	for text, want := range map[string]StopSequence{
		"TERM": {Signals: []StopSignal{{syscall.SIGTERM, -1}}},
		"term:0.3, sigint:1m KILL": {Signals: []StopSignal{{syscall.SIGTERM, 300 * time.Millisecond}, {syscall.SIGINT, time.Minute},
			{syscall.SIGKILL, -1}}},
		"15,WAIT": {Signals: []StopSignal{{syscall.SIGTERM, -1}}, Endless: true},
		"KILL":    {Signals: []StopSignal{{syscall.SIGKILL, -1}}},
		"INT:0":   {Signals: []StopSignal{{syscall.SIGINT, 0}}},
	} {
		got, err := parseSequence(text)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, d)
		}
		if again, err := parseSequence(got.String()); err != nil || !sequenceType.same(again, got) {
			t.Errorf("%s is written as %s: %v, %v", text, got, again, err)
		}
	}
	for text, want := range map[string]string{
		"TERN":          "value 'TERN' is not a valid signal name",
		"TERM,TERN":     "value 'TERN' is not a valid signal name",
		"":              "value '' is not a valid signal name",
		" , ":           "value ' , ' is not a valid signal name",
		"KILL,INT":      "nothing can follow KILL in 'KILL,INT'",
		"TERM,WAIT,INT": "WAIT must be the last in 'TERM,WAIT,INT'",
		"WAIT":          "value 'WAIT' is not a valid signal name",
		"TERM:soon":     "value 'soon' is not a valid duration",
		"TERM:-1":       "value '-1' is not a valid duration",
		"TERM:":         "value '' is not a valid duration",
	} {
		if got, err := parseSequence(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v, want %s", text, got, err, want)
		}
	}
}
