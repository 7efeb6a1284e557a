package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUptime(t *testing.T) {
	got := map[int64]string{}
	want := map[int64]string{
		-5: "0:00:00", 0: "0:00:00", 5: "0:00:05", 65: "0:01:05", 3600: "1:00:00", 86399: "23:59:59",
		86405: "1 day, 0:00:05", 10*86400 + 3661: "10 days, 1:01:01",
	}
	for secs := range want {
		got[secs] = string(AppendUptime(nil, secs))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
