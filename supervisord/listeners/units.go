package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseBytes reads a size such as 200MB: KB, MB and GB are powers of 1024.
func parseBytes(text string) (int64, error) {
	return parseUnit(text, []unit{{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}})
}

// parseDuration reads a time such as 10 or 5m, in seconds, minutes, hours or days.
func parseDuration(text string) (time.Duration, error) {
	n, err := parseUnit(text, []unit{{"s", 1}, {"m", 60}, {"h", 60 * 60}, {"d", 24 * 60 * 60}})
	return time.Duration(n) * time.Second, err
}

// unit is a suffix of a number, in lower case, and what it multiplies the number by.
type unit struct {
	suffix string
	factor int64
}

// parseUnit reads a whole number, which one of the units may follow.
func parseUnit(text string, units []unit) (int64, error) {
	number, factor := strings.ToLower(text), int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, factor = rest, u.factor
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return 0, fmt.Errorf("%q is neither a number nor one with a suffix", text)
	}
	return n * factor, nil
}
