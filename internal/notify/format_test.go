package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// long is a message that is too long for all services.
func long() *Notice {
	n := &Notice{Host: "h", Incidents: []Incident{{Kind: Unhealthy, Time: start, Last: start, Count: 1, Process: "a", Text: "is <b> & " + strings.Repeat("ä", 20_000) + strings.Repeat("\n", 20_000)}}}
	n.finish()
	return n
}

func TestFormats(t *testing.T) {
	n := Example("h", "ops", "msg_1", start)
	const line = "2026-01-02 03:04:05Z this is a test of supervisor-notify"
	for format, want := range map[string]string{
		Slack:   `{"text":"*h: this is a test of supervisor-notify*\n` + line + `"}`,
		Discord: `{"allowed_mentions":{"parse":[]},"content":"**h: this is a test of supervisor-notify**\n` + line + `"}`,
		Text:    "h: this is a test of supervisor-notify\n\n" + line + "\n",
		Teams: `{"attachments":[{"content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","body":[{"color":"Default","text":` +
			`"h: this is a test of supervisor-notify","type":"TextBlock","weight":"Bolder","wrap":true},{"text":"` + line +
			`","type":"TextBlock","wrap":true}],"type":"AdaptiveCard","version":"1.4"},"contentType":"application/vnd.microsoft.card.adaptive"}],"type":"message"}`,
	} {
		_, body, err := n.Body(format, nil)
		if err != nil || string(body) != want {
			t.Errorf("%s: %v\n%s\n%s", format, err, body, want)
		}
	}
	for format, most := range map[string]int{Slack: 40_000, Discord: 2000, Teams: 28 << 10} {
		_, body, err := long().Body(format, nil)
		if err != nil || !json.Valid(body) {
			t.Fatalf("%s: %v", format, err)
		}
		var message struct{ Text, Content string }
		if err := json.Unmarshal(body, &message); err != nil {
			t.Fatal(err)
		}
		size := utf8.RuneCountInString(message.Text + message.Content)
		if format == Teams {
			size = len(body)
		}
		if size > most || format != Teams && size == 0 {
			t.Errorf("%s: %d of at most %d", format, size, most)
		}
		if format == Slack && !strings.Contains(message.Text, "&lt;b&gt; &amp;") {
			t.Errorf("%.100s", message.Text)
		}
	}
}

func TestTemplates(t *testing.T) {
	n := Example("h", "ops", "msg_1", start)
	for text, want := range map[string]string{
		`{{.host}} {{.held_back}} {{range .incidents}}{{.kind}}{{end}}`: "h 0 test",
		`{{json .title}}`: `"h: this is a test of supervisor-notify"`,
		`{{.nope}}`:       "error", `{{`: "error", `{{printf "%1048577d" 1}}`: "error",
	} {
		custom, err := ParseTemplate(text)
		got := ""
		if err == nil {
			got, err = n.Plain(custom)
		}
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: %q %v, want %q", text, got, err, want)
		}
	}
}
