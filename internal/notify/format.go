package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"text/template"
	"unicode/utf8"
)

// The values of format=.
const (
	JSON    = "json"
	Slack   = "slack"
	Teams   = "teams"
	Discord = "discord"
	Text    = "text"
)

// Body returns a message in a format, and its media type. A template takes the place of the title and the text, and of the whole object
// of JSON; nil: there is none.
func (n *Notice) Body(format string, custom *template.Template) (mediaType string, body []byte, err error) {
	title, text := n.Title, n.Text
	if custom != nil {
		if text, err = n.execute(custom); err != nil {
			return "", nil, err
		}
		title = ""
	}
	const object = "application/json"
	switch format {
	case Slack:
		body, err = json.Marshal(slackMessage(title, text, custom == nil))
	case Teams:
		body, err = json.Marshal(teamsMessage(title, text, n.Status))
	case Discord:
		body, err = json.Marshal(discordMessage(title, text))
	case Text:
		return "text/plain; charset=utf-8", []byte(joined(title, "\n\n", text) + "\n"), nil
	default:
		if custom != nil {
			return object, []byte(text), nil
		}
		body, err = json.Marshal(n)
	}
	return object, body, err
}

// Plain returns a message as text without its title.
func (n *Notice) Plain(custom *template.Template) (string, error) {
	if custom != nil {
		return n.execute(custom)
	}
	return n.Text + "\n", nil
}

func joined(title, between, text string) string {
	if title == "" {
		return text
	}
	return title + between + text
}

// shorten cuts a text to a number of characters.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// fit cuts a text to a number of bytes as JSON.
func fit(text string, most int) string {
	size := 0
	for at, r := range text {
		escaped, _ := json.Marshal(string(r))
		if size += len(escaped) - 2; size > most {
			return text[:at] + "…"
		}
	}
	return text
}

// What Slack reads as markup.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func slackMessage(title, text string, escape bool) any {
	if escape {
		title, text = slackEscapes.Replace(title), slackEscapes.Replace(text)
	}
	if title != "" {
		title = "*" + title + "*"
	}
	const most = 30_000 // the service cuts at 40,000
	return map[string]any{"text": shorten(joined(title, "\n", text), most)}
}

func discordMessage(title, text string) any {
	if title != "" {
		title = "**" + title + "**"
	}
	const most = 2000 // the service refuses more
	return map[string]any{"content": shorten(joined(title, "\n", text), most), "allowed_mentions": map[string]any{"parse": []string{}}}
}

// teamsMessage is an adaptive card, which the webhooks of workflows accept.
func teamsMessage(title, text, status string) any {
	color := map[string]string{"problem": "Attention", "recovered": "Good"}[status]
	if color == "" {
		color = "Default"
	}
	const most = 20_000 // the service refuses messages of more than 28 KB
	var blocks []any
	if title != "" {
		blocks = append(blocks, map[string]any{"type": "TextBlock", "text": shorten(title, 1000), "weight": "Bolder", "color": color, "wrap": true})
	}
	blocks = append(blocks, map[string]any{"type": "TextBlock", "text": fit(strings.ReplaceAll(text, "\n", "\n\n"), most), "wrap": true})
	card := map[string]any{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": blocks}
	return map[string]any{"type": "message", "attachments": []any{
		map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}

// maxBody bounds what a template makes.
const maxBody = 1 << 20

// ParseTemplate reads a template, and tries it with an example.
func ParseTemplate(text string) (*template.Template, error) {
	t, err := template.New("template").Option("missingkey=error").Funcs(template.FuncMap{"json": quoted}).Parse(text)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// quoted returns a value as JSON.
func quoted(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// execute makes a text by a template, whose data are the JSON object.
func (n *Notice) execute(custom *template.Template) (string, error) {
	text, err := json.Marshal(n)
	if err != nil {
		return "", err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var data map[string]any
	if err := d.Decode(&data); err != nil {
		return "", err
	}
	b := &boundedBuffer{}
	if err := custom.Execute(b, data); err != nil {
		return "", err
	}
	return strings.ToValidUTF8(b.String(), "\ufffd"), nil
}

// boundedBuffer refuses what is too long.
type boundedBuffer struct{ bytes.Buffer }

var errTooLong = errors.New("the template makes more than 1 MiB")

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxBody {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}
