package output

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadable shows records in JSON as text, and leaves all other lines alone.
func TestReadable(t *testing.T) {
	const head = `{"time":"2026-11-27T14:49:08.123456+01:00","group":"g","name":"p","channel":"stdout","pid":7,`
	const date = "2026-11-27 14:49:08,123 "
	for line, want := range map[string][]string{
		head + `"message":"GET \"/\""}`:                       {date + `GET "/"`},
		head + `"message":"a\n b"}`:                           {date + "a", " b"},
		head + `"message":"a","partial":true}`:                {date + "+ a"},
		head + `"x":"y","data":{"a": 1}}`:                     {date + `{"a": 1}`},
		head + `"message":"exited: p","event":"exited"}`:      {date + "# exited: p"},
		head + `"other":1}`:                                   {head + `"other":1}`},
		head + `"message":"cut`:                               {head + `"message":"cut`},
		`{"time":"2026-11-27T14:49:08Z","message":"a"}`:       {`{"time":"2026-11-27T14:49:08Z","message":"a"}`},
		`{"time":"2026","group":"g","channel":"message":"a"}`: {`{"time":"2026","group":"g","channel":"message":"a"}`},
		"plain": {"plain"},
		"":      {""},
	} {
		got, is := Readable(line)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", line, d)
		}
		if is != (line != want[0]) {
			t.Errorf("%s: a record: %t", line, is)
		}
	}
}
