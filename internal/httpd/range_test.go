package httpd

import (
	"net/http/httptest"
	"testing"
)

// TestSuffix parses the ranges that are answered, and those that are ignored.
func TestSuffix(t *testing.T) {
	for value, want := range map[string]int64{
		"bytes=-100": 100, "": 0, "bytes=0-99": 0, "bytes=5-": 0, "bytes=--5": 0, "bytes=-5,-6": 0, "bytes=-": 0, "lines=-5": 0,
		"bytes=-99999999999999999999": 0,
	} {
		r := httptest.NewRequest("GET", "/mainlogfile", nil)
		r.Header.Set("Range", value)
		if got := suffix(r); got != want {
			t.Errorf("%q: %d, not %d", value, got, want)
		}
	}
}
