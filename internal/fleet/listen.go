package fleet

import (
	"fmt"
	"net"
	"strconv"
)

// splitListen splits HOST:PORT. The host may be empty: all addresses.
func splitListen(text string) (host string, port int, err error) {
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not HOST:PORT", text)
	}
	n, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("%q has no port", text)
	}
	return host, int(n), nil
}

// Address returns host and port of a hub whose section has been checked.
func (h Hub) Address() (host string, port int) {
	host, port, _ = splitListen(h.Listen)
	return host, port
}

// nearest returns the name that differs from text in the fewest characters, two at most, or nothing.
func nearest(text string, names []string) (best string) {
	least := 3
	for _, name := range names {
		if d := distance(text, name); d < least && d < len(text) {
			best, least = name, d
		}
	}
	return best
}

// distance counts the characters that must be inserted, deleted or replaced.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
