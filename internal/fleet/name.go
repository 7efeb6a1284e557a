// Package fleet has what agents, hubs and clients of a fleet share: how names are written in keys and subjects, the configuration file
// fleet.conf, events and states as they are sent and stored, how they are framed in a file, and the selectors of commands. It is pure:
// it opens no file and no connection, and reads no clock. Nothing of supervisord imports it, and any goroutine may call it.
package fleet

import (
	"errors"
	"fmt"
	"strings"
)

const upperHex = "0123456789ABCDEF"

// Escape writes a name so that it can be a part of a key or a subject: bytes other than letters, digits, _ and - become =XX. The empty
// name is a single =.
func Escape(name string) string {
	if name == "" {
		return "="
	}
	plain := 0
	for plain < len(name) && isPlain(name[plain]) {
		plain++
	}
	if plain == len(name) {
		return name
	}
	b := make([]byte, plain, len(name)+2*(len(name)-plain))
	copy(b, name)
	for _, c := range []byte(name[plain:]) {
		if isPlain(c) {
			b = append(b, c)
		} else {
			b = append(b, '=', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

// Unescape is the reverse of Escape. Text that Escape does not write is an error, so that two keys never mean one name.
func Unescape(text string) (string, error) {
	if text == "=" {
		return "", nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if isPlain(text[i]) {
			b.WriteByte(text[i])
			continue
		}
		if text[i] != '=' || i+2 >= len(text) {
			return "", fmt.Errorf("%q is not an escaped name", text)
		}
		high, low := strings.IndexByte(upperHex, text[i+1]), strings.IndexByte(upperHex, text[i+2])
		if high < 0 || low < 0 || isPlain(byte(high<<4|low)) {
			return "", fmt.Errorf("%q is not an escaped name", text)
		}
		b.WriteByte(byte(high<<4 | low))
		i += 2
	}
	if text == "" {
		return "", errors.New("an escaped name is empty")
	}
	return b.String(), nil
}

// Process names a process of a host.
type Process struct{ Host, Group, Name string }

// Key returns the key of the state of a process: HOST.GROUP.NAME, escaped.
func (p Process) Key() string { return Escape(p.Host) + "." + Escape(p.Group) + "." + Escape(p.Name) }

// ParseKey is the reverse of Process.Key.
func ParseKey(key string) (p Process, err error) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return p, fmt.Errorf("%q is not the key of a process", key)
	}
	for i, name := range []*string{&p.Host, &p.Group, &p.Name} {
		if *name, err = Unescape(parts[i]); err != nil {
			return Process{}, err
		}
	}
	return p, nil
}

// The names of what a hub keeps.
const (
	StateBucket = "fleet_state" // key: that of a process
	HostBucket  = "fleet_hosts" // key: the host
	AliveBucket = "fleet_alive" // key: the host
	EventStream = "FLEET_EVENTS"
	eventPrefix = "fleet.v1.ev."
)

// AllEvents is the subject of the events of all hosts.
const AllEvents = eventPrefix + ">"

// EventSubject returns the subject of an event of a host. The kind > means all kinds.
func EventSubject(host string, kind Kind) string {
	return eventPrefix + Escape(host) + "." + string(kind)
}

// ParseEventSubject returns the host and the kind of an event's subject.
func ParseEventSubject(subject string) (host string, kind Kind, err error) {
	rest, ok := strings.CutPrefix(subject, eventPrefix)
	token, last, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || last == "" || strings.Contains(last, ".") {
		return "", "", fmt.Errorf("%q is not the subject of an event", subject)
	}
	host, err = Unescape(token)
	return host, Kind(last), err
}
