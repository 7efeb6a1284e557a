package events

import (
	"fmt"
	"strings"
)

// Message is a parsed event as a listener receives it.
type Message struct {
	Server, Pool       string
	Serial, PoolSerial int64
	Name               string
	Payload            string
}

// ParseMessage parses what a pool sent. It takes both names because the identifier may contain blanks.
func ParseMessage(text, identifier, pool string) (Message, error) {
	header, payload, _ := strings.Cut(text, "\n")
	m := Message{Server: identifier, Pool: pool, Payload: payload}
	rest, ok := strings.CutPrefix(header, "ver:3.0 server:"+identifier+" ")
	if !ok {
		return Message{}, fmt.Errorf("not an event: %q", header)
	}
	length := 0
	_, err := fmt.Sscanf(rest, "serial:%d pool:"+strings.ReplaceAll(pool, "%", "%%")+" poolserial:%d eventname:%s len:%d",
		&m.Serial, &m.PoolSerial, &m.Name, &length)
	if err != nil {
		return Message{}, fmt.Errorf("not an event: %q: %w", header, err)
	}
	return m, nil
}
