package xmlrpc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/api"
)

func text(s string) Value { return Value{Kind: String, Text: s} }
func integer(n int64) Value {
	return Value{Kind: Int, Number: n}
}
func boolean(n int64) Value { return Value{Kind: Bool, Number: n} }

// param is a call with one parameter, whose <value> holds inner.
func param(inner string) string {
	return `<?xml version="1.0"?><methodCall><methodName>m</methodName><params><param><value>` + inner +
		`</value></param></params></methodCall>`
}

func TestParseCallValues(t *testing.T) {
	for inner, want := range map[string]Value{
		`<int>5</int>`:            integer(5),
		`<i4> -7 </i4>`:           integer(-7),
		`<int>1_000</int>`:        integer(1000),
		`<boolean>1</boolean>`:    boolean(1),
		`<boolean>0</boolean>`:    boolean(0),
		`<boolean>true</boolean>`: boolean(0),
		`<string>a b</string>`:    text("a b"),
		`<string/>`:               text(""),
		`<string></string>`:       text(""),
		`bare text`:               text("bare text"),
		``:                        text(""),
		` `:                       text(" "),
		"\n  <int>5</int>\n":      integer(5),
		`<string>a&amp;b&lt;&gt;&quot;&apos;</string>`:           text(`a&b<>"'`),
		`<string>&#65;&#x42;&#x1F600;</string>`:                  text("AB\U0001F600"),
		`<string>a<![CDATA[<b>&amp;]]>c</string>`:                text("a<b>&amp;c"),
		`<string>a<!-- no -->b<?p i?>c</string>`:                 text("abc"),
		"<string>a\r\nb\rc</string>":                             text("a\nb\nc"),
		`<string>é</string>`:                                     text("é"),
		`<double>1.5</double>`:                                   {Kind: Double, Float: 1.5},
		`<dateTime.iso8601>20060102T15:04:05</dateTime.iso8601>`: {Kind: DateTime, Text: "20060102T15:04:05"},
		"<base64>aGV\nsbG8=</base64>":                            {Kind: Base64, Text: "hello"},
		`<base64/>`:                                              {Kind: Base64},
		`<nil/>`:                                                 {},
		`<ex:nil/>`:                                              {},
		`<i8>5</i8>`:                                             text("5"),
		`<array><data/></array>`:                                 {Kind: Array},
		`<array><data><value>a</value> <value><int>1</int></value></data></array>`: {
			Kind: Array, Items: []Value{text("a"), integer(1)}},
		`<struct/>`: {Kind: Struct},
		`<struct><member><name>a</name><value><int>1</int></value></member></struct>`: {
			Kind: Struct, Members: []Member{{"a", integer(1)}}},
		`<int a="1" b = '>'>5</int >`: integer(5),
	} {
		call, err := ParseCall([]byte(param(inner)))
		if err != nil || len(call.Params) != 1 {
			t.Errorf("%s: %v, %v", inner, call, err)
			continue
		}
		if diff := cmp.Diff(want, call.Params[0]); diff != "" {
			t.Errorf("%s: -want +got\n%s", inner, diff)
		}
	}
}

func TestParseCallShape(t *testing.T) {
	for doc, want := range map[string]Call{
		`<methodCall><methodName>a.b</methodName></methodCall>`:                        {Method: "a.b"},
		`<methodCall><methodName>a.b</methodName><params/></methodCall>`:               {Method: "a.b"},
		`<other><methodName> a.b </methodName><params></params></other>`:               {Method: " a.b "},
		"\ufeff<c><methodName>a&amp;b</methodName></c>\n":                              {Method: "a&b"},
		`<!DOCTYPE c [<!ENTITY x "y>">]><c><methodName>a</methodName></c>`:             {Method: "a"},
		`<methodName>a</methodName>`:                                                   {Method: "a"},
		`<c><params><value>x</value></params><methodName>a</methodName></c>`:           {Method: "a", Params: []Value{text("x")}},
		`<?xml version="1.0" encoding="iso-8859-1"?><c><methodName>é</methodName></c>`: {Method: "é"},
		`<c><methodName>a</methodName><params><param><value>1</value></param>` +
			`<param><value><boolean>1</boolean></value></param></params></c>`: {Method: "a", Params: []Value{text("1"), boolean(1)}},
	} {
		call, err := ParseCall([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", doc, err)
		}
		if diff := cmp.Diff(want, call); diff != "" {
			t.Errorf("%s: -want +got\n%s", doc, diff)
		}
	}
}

// TestParseCallBinary checks that bytes that are no text are noted.
func TestParseCallBinary(t *testing.T) {
	for inner, want := range map[string]bool{"<base64>/w==</base64>": true, "<base64>aGk=</base64>": false, "/w==": false} {
		call, err := ParseCall([]byte("<c><methodName>m</methodName><params><param><value>" + inner + "</value></param></params></c>"))
		if err != nil || call.Binary != want {
			t.Errorf("%s: %+v, %v", inner, call, err)
		}
	}
}

func TestParseCallErrors(t *testing.T) {
	deep := strings.Repeat("<value><array><data>", maxDepth)
	bad := []string{
		"", " ", "hello", "<", "<a", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a/>x", "<a b></a>", "<a b=c/>", "<a b='c/>",
		"<a><!-- </a>", "<a><![CDATA[</a>", "<?xml", "<!DOCTYPE a", "<1/>", "< a/>", `<a b="<"/>`, `<a b="c"d="e"/>`,
		param("<int>x</int>"), param("<int></int>"), param("<int/>"), param("<int>1.5</int>"),
		param("<int>99999999999999999999</int>"), param("<double>x</double>"), param("<double>1e999</double>"),
		param("<double>0x1p4</double>"), param("<int>1__0</int>"), param("<int>_1</int>"),
		param("<dateTime.iso8601>now</dateTime.iso8601>"), param("<base64>a</base64>"),
		param("&nbsp;"), param("&amp"), param("&#0;"), param("&#x1b;"), param("&#xD800;"), param("&#99999999999;"),
		param("&#-5;"), param("\x1b"), param("\xff"), param("\x00"), param("<array/>"),
		param("<struct><member><name>a</name></member></struct>"), param("<struct>x<member/></struct>"),
		param("<struct><member><name>a</name><value/><value/></member></struct>"),
		param("<struct><member><int>1</int><value/></member></struct>"),
		param("<struct></a>"), param("<array></a>"), param("<array><data></a></array>"), param("<int>1</a>"), param("<int>1</int></a>"),
		param("<struct><member><name>a</name><value/></a></struct>"), param("<a><b></c></a>"),
		"<c><methodName>a</methodName><params><param/></params></c>",
		"<c><methodName>a</methodName><params>" + deep,
	}
	for _, doc := range bad {
		if call, err := ParseCall([]byte(doc)); !errors.Is(err, ErrUnmarshallable) {
			t.Errorf("%.90q: %v, %v", doc, call, err)
		}
	}
	for _, doc := range []string{"<c/>", "<c><methodName/></c>", "<c><methodName></methodName><params/></c>"} {
		if call, err := ParseCall([]byte(doc)); !errors.Is(err, ErrNoMethodName) {
			t.Errorf("%q: %v, %v", doc, call, err)
		}
	}
}

func TestParseCallOfKolo(t *testing.T) {
	body, err := kolo.EncodeMethodCall("supervisor.m", "a<&>\"\n", 42, true, 1.25,
		[]any{"x", 1}, map[string]any{"methodName": "y"})
	if err != nil {
		t.Fatal(err)
	}
	call, err := ParseCall(body)
	if err != nil {
		t.Fatal(err)
	}
	want := Call{Method: "supervisor.m", Params: []Value{text("a<&>\"\n"), integer(42), boolean(1), {Kind: Double, Float: 1.25},
		{Kind: Array, Items: []Value{text("x"), integer(1)}},
		{Kind: Struct, Members: []Member{{"methodName", text("y")}}}}}
	if diff := cmp.Diff(want, call); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestParseResponse(t *testing.T) {
	v, fault, err := ParseResponse(response(func(e *Encoder) { e.String("a\x1bb") }))
	if err != nil || fault != nil || v.Text != "a\ufffdb" {
		t.Errorf("%v, %v, %v", v, fault, err)
	}
	v, fault, err = ParseResponse(AppendFault(nil, 10, "BAD_NAME: <x>"))
	if err != nil || fault == nil || *fault != (api.Fault{Code: 10, Text: "BAD_NAME: <x>"}) {
		t.Errorf("%v, %v, %v", v, fault, err)
	}
	raw := "<methodResponse><params><param><value><string>\x1b[0m\xff&#27;</string></value></param></params>" +
		"</methodResponse>"
	if v, _, err = ParseResponse([]byte(raw)); err != nil || v.Text != "\x1b[0m\xff\ufffd" {
		t.Errorf("illegal characters: %q, %v", v.Text, err)
	}
	for _, doc := range []string{"", "<html><body>401</body></html>", "<methodResponse><params/></methodResponse>"} {
		if v, fault, err := ParseResponse([]byte(doc)); err == nil {
			t.Errorf("%q: %v, %v", doc, v, fault)
		}
	}
}

// ParseList finds the same items as ParseResponse, in any layout.
func TestParseList(t *testing.T) {
	const (
		short = "<value><struct>\n<member>\n<name>a</name>\n<value><int>-7</int></value>\n</member>\n" +
			"<member>\n<name>b</name>\n<value><string>x &amp; y</string></value>\n</member>\n</struct></value>\n"
		long = "<value><struct><member> <name>a</name><value> <i4>1</i4></value></member><member>\n<name>b</name>\n" +
			"<value><array><data><value>z</value></data></array></value>\n</member></struct></value>"
		odd = "<value><struct>\n<member>\n<name>a&amp;b</name>\n<value><int>1</int></value>\n</member>\n</struct></value>"
	)
	for _, items := range []string{"", short, short + short + long + short, long + odd, "<value>text</value>" + short} {
		doc := "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n" + items +
			"</data></array></value>\n</param>\n</params>\n</methodResponse>\n"
		want, _, err := ParseResponse([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		var got []Value
		fault, err := ParseList(doc, func(v Value) {
			v.Members = slices.Clone(v.Members)
			got = append(got, v)
		})
		if diff := cmp.Diff(want.Items, got, cmpopts.EquateEmpty()); diff != "" || err != nil || fault != nil {
			t.Errorf("%v, %v, -want +got\n%s", fault, err, diff)
		}
	}
	for _, doc := range []string{"", "<a>", string(response(func(e *Encoder) { e.String("x") })), "<methodResponse><params/></methodResponse>"} {
		if fault, err := ParseList(doc, nil); err == nil || fault != nil {
			t.Errorf("%q: %v, %v", doc, fault, err)
		}
	}
	fault, err := ParseList(string(AppendFault(nil, 10, "BAD_NAME: <x>")), nil)
	if err != nil || fault == nil || *fault != (api.Fault{Code: 10, Text: "BAD_NAME: <x>"}) {
		t.Errorf("%v, %v", fault, err)
	}
}

func TestTruth(t *testing.T) {
	for _, v := range []Value{{}, integer(0), boolean(0), text(""), {Kind: Double}, {Kind: Array}, {Kind: Struct},
		{Kind: Base64}} {
		if v.Truth() {
			t.Errorf("%v is true", v)
		}
	}
	for _, v := range []Value{integer(1), boolean(1), text("0"), {Kind: Double, Float: .5},
		{Kind: Array, Items: make([]Value, 1)}, {Kind: DateTime}, {Kind: Struct, Members: make([]Member, 1)}} {
		if !v.Truth() {
			t.Errorf("%v is false", v)
		}
	}
}

func TestGetTakesTheLast(t *testing.T) {
	v := Value{Kind: Struct, Members: []Member{{"a", integer(1)}, {"a", integer(2)}}}
	if got, ok := v.Get("a"); !ok || got.Number != 2 {
		t.Errorf("%v, %v", got, ok)
	}
	if _, ok := v.Get("b"); ok {
		t.Error("a member that does not exist")
	}
}

// Any input is parsed or refused, and a value that is valid in a call is valid in a response.
func FuzzParseCall(f *testing.F) {
	for _, inner := range []string{"<int>5</int>", "<string>a&amp;b</string>", "&#x41;",
		"<array><data><value/></data></array>",
		"<struct><member><name>a</name><value><nil/></value></member></struct>", "<base64>aGk=</base64>", "<![CDATA[x]]>"} {
		f.Add([]byte(param(inner)))
	}
	f.Add([]byte("<!DOCTYPE c [<!ENTITY x \"y>\">]><c><methodName>a</methodName></c>"))
	f.Add(AppendFault(nil, 10, "BAD_NAME"))
	f.Fuzz(func(t *testing.T, body []byte) {
		call, err := ParseCall(body)
		if (err == nil) != (call.Method != "") {
			t.Errorf("%q, %v", call.Method, err)
		}
		if _, _, lenient := ParseResponse(body); err == nil && len(call.Params) == 1 && lenient != nil {
			t.Errorf("a call with one parameter is not valid as a response: %v", lenient)
		}
	})
}

// TestDepth shows that ParseResponse and ParseList have the same limit of nesting.
func TestDepth(t *testing.T) {
	nested := func(n int) string {
		return "<methodResponse><params><param>" + strings.Repeat("<value><array><data>", n) + strings.Repeat("</data></array></value>", n) +
			"</param></params></methodResponse>"
	}
	deepest := (maxDepth - 3) / 3
	for _, n := range []int{1, deepest, deepest + 1} {
		_, _, err := ParseResponse([]byte(nested(n)))
		_, errList := ParseList(nested(n), func(Value) {})
		if (err == nil) != (n <= deepest) || (errList == nil) != (n <= deepest) {
			t.Errorf("%d arrays: ParseResponse: %v; ParseList: %v", n, err, errList)
		}
	}
}

// TestTruncated shows that a document cut off at any byte is refused.
func TestTruncated(t *testing.T) {
	const call = "<?xml version='1.0' ?><!-- c --><methodCall a = \"b\" c='d'><methodName>m</methodName><params ><param><value>" +
		"<struct><member>\n<name>n&amp;&#65;&#x41;</name>\n<value><string>s</string></value>\n</member><member>\n<name>i</name>\n<value>" +
		"<int>5</int></value>\n</member></struct></value></param><param><value><![CDATA[x]]></value></param><param><value><array>" +
		"<data><value><boolean>1</boolean></value><value><base64>aGk=</base64></value></data></array></value></param></params></methodCall>"
	const response = "<methodResponse><params><param><value><array><data><value><struct><member>\n<name>n</name>\n<value><string>s</string>" +
		"</value>\n</member></struct></value><value><int>5</int></value></data></array></value></param></params></methodResponse>"
	for n := range len(call) {
		if c, err := ParseCall([]byte(call[:n])); err == nil {
			t.Errorf("%q: %+v", call[:n], c)
		}
	}
	if _, err := ParseCall([]byte(call)); err != nil {
		t.Error(err)
	}
	for n := range len(response) {
		_, _, err := ParseResponse([]byte(response[:n]))
		_, errList := ParseList(response[:n], func(Value) {})
		if err == nil || errList == nil {
			t.Errorf("%q: %v, %v", response[:n], err, errList)
		}
	}
}
