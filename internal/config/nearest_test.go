package config

import "testing"

// Each of the three kinds of edit costs one, wherever it is.
func TestDistance(t *testing.T) {
	for pair, want := range map[[2]string]int{
		{"", ""}: 0, {"abc", "abc"}: 0, {"", "ab"}: 2, {"ab", ""}: 2,
		{"xab", "ab"}: 1, {"axb", "ab"}: 1, {"abx", "ab"}: 1,
		{"ab", "xab"}: 1, {"ab", "axb"}: 1, {"ab", "abx"}: 1,
		{"abc", "xbc"}: 1, {"abc", "axc"}: 1, {"abc", "abx"}: 1,
		{"kitten", "sitting"}: 3, {"abc", "cab"}: 2, {"abcd", "wxyz"}: 4,
	} {
		if got := distance(pair[0], pair[1]); got != want {
			t.Errorf("%q: %d, want %d", pair, got, want)
		}
	}
}
