package client

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	kolo "github.com/kolo/xmlrpc"
)

// TestEncodable checks which strings are sent as base64, at any depth, and that the caller's values stay as they are.
// covers: REP-F9
func TestEncodable(t *testing.T) {
	for text, want := range map[string]any{
		"": "", "ä\t\r\n<&>": "ä\t\r\n<&>", "\x7f\u0085": "\x7f\u0085", "\ufffd": "\ufffd",
		"\x1b": kolo.Base64("Gw=="), "\x00": kolo.Base64("AA=="), "\xff": kolo.Base64("/w=="), "\ufffe": kolo.Base64("77++"),
	} {
		args := []any{1, text, []any{text}, map[string]any{"a": []any{text, true}}}
		got := encodable(args)
		if diff := cmp.Diff([]any{1, want, []any{want}, map[string]any{"a": []any{want, true}}}, got); diff != "" {
			t.Errorf("%q: -want +got\n%s", text, diff)
		}
		if diff := cmp.Diff([]any{1, text, []any{text}, map[string]any{"a": []any{text, true}}}, args); diff != "" {
			t.Errorf("%q: the arguments have changed:\n%s", text, diff)
		}
	}
}
