package config

import (
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/history"
)

// eventHistoryKey has the size of the history: 0 in EventHistory is the default, so that a hand-over without it means that.
var eventHistoryKey = &daemonKey[int]{Key: Key{Name: "event_history", Topic: daemonTopic, Since: Ours, Other: "0", Default: "`4096`",
	Help: "how many changes of states are kept for `supervisorctl events` and for clients that follow them, up to 65536, of 40 bytes each; " +
		"0: none. They outlive a restart of programs and an upgrade, not supervisord"},
	Type: eventHistoryType, Field: func(s *settings) *int { return &s.EventHistory }}

// apiKey says whether there is a JSON API. NoAPI is its opposite, so that a hand-over without it means the default.
var apiKey = &daemonKey[bool]{Key: Key{Name: "api", Topic: daemonTopic, Since: Ours, Other: "false",
	Help: "whether the servers have the [JSON API](api.md), below `/api/v1`"},
	Type: notType, Field: func(s *settings) *bool { return &s.NoAPI }}

// notType is boolType for a field with the opposite of a key.
var notType = func() *Type[bool] {
	t := boolType.with(boolType.name, func(text string) (bool, error) {
		v, err := boolType.parse(text)
		return !v, err
	})
	t.text = func(v bool) string { return boolType.show(!v) }
	t.encode = nil
	return t
}()

func parseEventHistory(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	switch {
	case err != nil || n < 0 || n > history.MaxSize:
		return 0, errWord
	case n == 0:
		return -1, nil
	}
	return n, nil
}

func eventHistoryText(n int) string {
	s := Supervisord{EventHistory: n}
	return strconv.Itoa(s.HistorySize())
}
