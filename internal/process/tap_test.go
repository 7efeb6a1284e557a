package process

import "testing"

// TestIncomplete shows which bytes at the end of a piece of output wait for the next one.
func TestIncomplete(t *testing.T) {
	for data, want := range map[string]int{
		"": 0, "abc": 0, "a€": 0, "a\xe2": 1, "a\xe2\x82": 2, "\xf0\x9f\x98": 3, "😀": 0, "a\x82": 0, "\x82\x82\x82\x82": 0,
		"a\xff": 0, "\xe2\x28": 0, "€\xc3": 1,
	} {
		if got := incomplete([]byte(data)); got != want {
			t.Errorf("%q: got %d, want %d", data, got, want)
		}
	}
}
