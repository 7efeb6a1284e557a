// Package timezone has local time for values of TZ that the standard library does not know: POSIX strings, such as JST-9 and
// CET-1CEST,M3.5.0,M10.5.0/3. Call Set first in main, before other goroutines run.
package timezone

import (
	"encoding/binary"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // the zones, for hosts that have none, such as containers: schedules name them
)

// Set makes the zone of a POSIX string in TZ the local one. A file of that name takes precedence, as in the C library; the
// standard library has read it then. Any other value changes nothing.
func Set() {
	tz := strings.TrimPrefix(os.Getenv("TZ"), ":")
	if tz == "" || time.Local.String() != "UTC" { // UTC is the name if no file was found
		return
	}
	if zone := parse(tz); zone != nil {
		time.Local = zone
	}
}

// unknown is the name of the zone that a location has if the standard library does not accept its rule.
const unknown = "?"

// parse returns the zone of a POSIX string, nil if it is none. The standard library has no function for that, but
// LoadLocationFromTZData reads such a string at the end of a zone file, for the time after the last transition. So it gets
// the shortest file that has a rule.
func parse(rule string) *time.Location {
	if strings.Contains(rule, "\n") {
		return nil
	}
	zone, err := time.LoadLocationFromTZData("Local", zoneFile(rule))
	if err != nil {
		return nil
	}
	if name, _ := time.Unix(0, 0).In(zone).Zone(); name == unknown {
		return nil
	}
	return zone
}

// zoneFile returns a zone file of version 2 (RFC 9636) without transitions, with one type of local time and the rule.
func zoneFile(rule string) []byte {
	const names = unknown + "\x00"
	header := append([]byte("TZif2"), make([]byte, 15)...)
	for _, count := range []uint32{0, 0, 0, 0, 1, uint32(len(names))} { // of types and bytes of names; the others are zero
		header = binary.BigEndian.AppendUint32(header, count)
	}
	local := append(make([]byte, 6), names...) // no offset, no daylight saving time, the first name
	var file []byte
	for range 2 { // the same for 32 and for 64 bits
		file = append(append(file, header...), local...)
	}
	return append(file, "\n"+rule+"\n"...)
}
