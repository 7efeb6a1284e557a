package events

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/api"
)

var update = flag.Bool("update", false, "write docs/events.md")

// Between these lines docs/events.md is generated. make docs writes it.
const (
	generatedFrom = "<!-- generated from the table of event types: make docs -->\n"
	generatedTo   = "<!-- end of the generated part -->\n"
)

// TestReference compares the table of types in docs/events.md with api.EventTypes and with the payloads that are made.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "events.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), generatedFrom)
	_, after, foundEnd := strings.Cut(rest, generatedTo)
	if !found || !foundEnd {
		t.Fatalf("%s lacks the line %q or %q", path, generatedFrom, generatedTo)
	}
	want := before + generatedFrom + reference() + generatedTo + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the table of event types: make docs", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference is the table of event types as Markdown: each family before what is below it.
func reference() string {
	var b strings.Builder
	b.WriteString("\n| Type | Sent when | Payload |\n|---|---|---|\n")
	payloads := samplePayloads()
	var below func(parent string)
	below = func(parent string) {
		for i, row := range api.EventTypes {
			if row.Parent != parent {
				continue
			}
			payload := ""
			if i < int(api.SentEventTypes) {
				payload = "`" + strings.ReplaceAll(payloads[i], "\n", "`, a line feed, `") + "`"
				payload = strings.TrimSuffix(payload, ", ``") + " "
			}
			if payload == "`` " {
				payload = "empty "
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s|\n", row.Name, row.When, payload)
			below(row.Name)
		}
	}
	below("")
	b.WriteString("\n")
	return b.String()
}

func samplePayloads() (texts [api.SentEventTypes]string) {
	for _, m := range []Move{
		{From: api.Stopped, To: api.Starting}, {From: api.Starting, To: api.Running}, {From: api.Starting, To: api.Backoff, Tries: 1},
		{From: api.Running, To: api.Stopping}, {From: api.Running, To: api.Exited}, {From: api.Stopping, To: api.Stopped},
		{From: api.Backoff, To: api.Fatal}, {From: api.Running, To: api.Unknown},
	} {
		m.Process, m.Group, m.PID = "P", "G", 2766
		typ, text := m.Payload()
		texts[typ] = text
	}
	texts[api.ProcessCommunicationStdout] = Communication("P", "G", 2766, []byte("MESSAGE"))
	texts[api.ProcessCommunicationStderr] = texts[api.ProcessCommunicationStdout]
	texts[api.ProcessLogStdout] = Log("P", "G", 2766, api.Stdout, []byte("OUTPUT"))
	texts[api.ProcessLogStderr] = Log("P", "G", 2766, api.Stderr, []byte("OUTPUT"))
	texts[api.RemoteCommunication] = Remote("TYPE", "DATA")
	for _, typ := range []Type{api.Tick5, api.Tick60, api.Tick3600} {
		texts[typ] = Tick(1201063200)
	}
	_, texts[api.ProcessHealthUp] = Health("P", "G", "liveness", 2766, true, "")
	_, texts[api.ProcessHealthDown] = Health("P", "G", "liveness", 2766, false, "REASON")
	texts[api.ProcessMemberAdded], texts[api.ProcessMemberRemoved] = Member("P", "G"), Member("P", "G")
	texts[api.ProcessHeld], texts[api.SupervisorUpgraded] = Held("P", "G", "db:ready, cache"), Upgraded("5.1.0", "5.2.0")
	texts[api.ProcessGroupAdded], texts[api.ProcessGroupRemoved] = Group("G"), Group("G")
	return texts
}
