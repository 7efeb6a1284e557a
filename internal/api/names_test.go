package api

import "testing"

// TestLevelNames checks that both names of each level are found again, in any case.
func TestLevelNames(t *testing.T) {
	for _, c := range []struct {
		level         Level
		name, tag     string
		written, line string
	}{
		{Critical, "critical", "CRIT", "Critical", "crit"},
		{Error, "error", "ERRO", "ERROR", "ERRO"},
		{Warn, "warn", "WARN", "warn", "Warn"},
		{Info, "info", "INFO", "iNFO", "info"},
		{Debug, "debug", "DEBG", "debug", "debg"},
		{Trace, "trace", "TRAC", "trace", "trac"},
		{Blather, "blather", "BLAT", "blather", "blat"},
	} {
		if c.level.String() != c.name || c.level.Tag() != c.tag {
			t.Errorf("%d: got %s and %s", int(c.level), c.level, c.level.Tag())
		}
		if got, ok := ParseLevel(c.written); got != c.level || !ok {
			t.Errorf("ParseLevel(%s): got %d, %v", c.written, int(got), ok)
		}
		if got, ok := ParseTag(c.line); got != c.level || !ok {
			t.Errorf("ParseTag(%s): got %d, %v", c.line, int(got), ok)
		}
	}
	for _, s := range []string{"", "crit", "warning", "10"} {
		if got, ok := ParseLevel(s); ok {
			t.Errorf("ParseLevel(%q): got %d", s, int(got))
		}
	}
	for _, s := range []string{"", "critical", "20"} {
		if got, ok := ParseTag(s); ok {
			t.Errorf("ParseTag(%q): got %d", s, int(got))
		}
	}
	if s := Level(11).String() + Level(0).Tag(); s != "" {
		t.Errorf("unknown levels have the name %q", s)
	}
}

func TestChannelNames(t *testing.T) {
	for c, want := range map[Channel]string{Stdout: "stdout", Stderr: "stderr"} {
		if c.String() != want {
			t.Errorf("got %s, want %s", c, want)
		}
		if got, ok := ParseChannel(want); got != c || !ok {
			t.Errorf("ParseChannel(%s): got %s, %v", want, got, ok)
		}
	}
	for _, s := range []string{"", "STDOUT", "stdin"} {
		if got, ok := ParseChannel(s); ok {
			t.Errorf("ParseChannel(%q): got %s", s, got)
		}
	}
}
