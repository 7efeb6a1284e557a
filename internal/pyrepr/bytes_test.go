package pyrepr

import "testing"

// TestBytes compares with what Python prints.
func TestBytes(t *testing.T) {
	for data, want := range map[string]string{
		"":                    `b''`,
		"ok\xff\xfe":          `b'ok\xff\xfe'`,
		"a\nb\r\tc\x00\x1b~":  `b'a\nb\r\tc\x00\x1b~'`,
		"it's":                `b"it's"`,
		"it's \"so\"":         `b'it\'s "so"'`,
		"back\\slash \"q\" é": `b'back\\slash "q" \xc3\xa9'`,
	} {
		if got := Bytes([]byte(data)); got != want {
			t.Errorf("%q: got %s, want %s", data, got, want)
		}
	}
}
