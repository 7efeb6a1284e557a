package xmlrpc

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func double(f float64) Value { return Value{Kind: Double, Float: f} }

// An encoded call is parsed to the same values.
func TestCallRoundTrip(t *testing.T) {
	params := []Value{
		integer(-5), boolean(1), boolean(0), text("a <b> & \"c\" €"), text(""), double(1.5), double(-1e300),
		{Kind: Base64, Text: "bytes\x00"}, {Kind: DateTime, Text: "20060102T15:04:05"}, {},
		{Kind: Array, Items: []Value{integer(1), {Kind: Array}, {Kind: Struct}}},
		{Kind: Struct, Members: []Member{{"<k>", integer(1)}, {"", text("v")}, {"n", Value{}}}},
	}
	body := AppendCall([]byte("x"), "my.<method>&", params)
	got, err := ParseCall(body[1:])
	if diff := cmp.Diff(Call{Method: "my.<method>&", Params: params}, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	e := NewEncoder(nil)
	e.Value(Value{Kind: Array, Items: []Value{double(math.NaN()), double(math.Inf(1)), text("\x1b\xff")}})
	v, _, err := ParseResponse(e.Finish())
	want := Value{Kind: Array, Items: []Value{double(0), double(0), text("\ufffd\ufffd")}}
	if diff := cmp.Diff(want, v); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
}

// A call is encoded in the layout of the original's client.
func TestAppendCall(t *testing.T) {
	const want = "<?xml version='1.0'?>\n<methodCall>\n<methodName>m</methodName>\n<params>\n<param>\n<value><int>5</int></value>\n" +
		"</param>\n<param>\n<value><string>a</string></value>\n</param>\n</params>\n</methodCall>\n"
	if got := string(AppendCall(nil, "m", []Value{integer(5), text("a")})); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestHasNil(t *testing.T) {
	for _, v := range []Value{{}, {Kind: Array, Items: []Value{integer(1), {}}},
		{Kind: Struct, Members: []Member{{"a", Value{Kind: Array, Items: []Value{{}}}}}}} {
		if !v.HasNil() {
			t.Errorf("no nil in %v", v)
		}
	}
	for _, v := range []Value{integer(0), {Kind: Array}, {Kind: Struct, Members: []Member{{"a", text("")}}}} {
		if v.HasNil() {
			t.Errorf("a nil in %v", v)
		}
	}
}

// The value of any response can be encoded again, and stays the same from then on. The first time, characters that XML does
// not allow and numbers that do not fit change.
func FuzzReencode(f *testing.F) {
	for _, inner := range []string{"<int>5</int>", "<string>a&amp;b</string>", "<double>1e9</double>",
		"<struct><member><name>a&lt;</name><value><nil/></value></member></struct>", "<base64>aGk=</base64>",
		"<dateTime.iso8601>20060102T15:04:05</dateTime.iso8601>", "<array><data><value/></data></array>"} {
		f.Add([]byte("<methodResponse><params><param><value>" + inner + "</value></param></params></methodResponse>"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, fault, err := ParseResponse(body)
		if err != nil || fault != nil {
			return
		}
		e := NewEncoder(nil)
		e.Value(v)
		first := e.Finish()
		again, _, err := ParseResponse(first)
		if err != nil {
			t.Fatalf("%v: %s", err, first)
		}
		e = NewEncoder(nil)
		e.Value(again)
		if diff := cmp.Diff(string(first), string(e.Finish())); diff != "" {
			t.Error(diff)
		}
	})
}
