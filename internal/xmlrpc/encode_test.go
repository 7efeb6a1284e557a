package xmlrpc

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kolo "github.com/kolo/xmlrpc"
)

func TestEncodeBytes(t *testing.T) {
	e := NewEncoder([]byte("before "))
	e.BeginArray()
	e.Int(-3)
	e.BeginStruct()
	e.Member("ab")
	e.Bool(true)
	e.Member("c")
	e.BeginArray()
	e.String("<x>")
	e.EndArray()
	e.EndStruct()
	e.Bytes([]byte("y"))
	e.EndArray()
	want := "before <?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n" +
		"<value><int>-3</int></value>\n<value><struct>\n<member>\n<name>ab</name>\n" +
		"<value><boolean>1</boolean></value>\n</member>\n<member>\n<name>c</name>\n<value><array><data>\n" +
		"<value><string>&lt;x&gt;</string></value>\n</data></array></value>\n</member>\n</struct></value>\n" +
		"<value><string>y</string></value>\n</data></array></value>\n</param>\n</params>\n</methodResponse>\n"
	if diff := cmp.Diff(want, string(e.Finish())); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestEncodeFaultBytes(t *testing.T) {
	want := "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n" +
		"<value><int>1</int></value>\n</member>\n<member>\n<name>faultString</name>\n" +
		"<value><string>UNKNOWN_METHOD</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n"
	if diff := cmp.Diff(want, string(AppendFault(nil, 1, "UNKNOWN_METHOD"))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestEncodeText(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"plain\ttext\n":   "plain\ttext\n",
		"é€\U0001F600":    "é€\U0001F600",
		"\x1b[31m\x00":    "\ufffd[31m\ufffd",
		"\xffa\xc3":       "\ufffda\ufffd",
		"\xe2\x82":        "\ufffd\ufffd",
		"\xed\xa0\x80":    "\ufffd\ufffd\ufffd",
		"\ufffe\uffff":    "\ufffd\ufffd",
		"\ufffd kept":     "\ufffd kept",
		"\x7f\u0085":      "\x7f\u0085",
		"a & b <c> \"'":   "a & b <c> \"'",
		"]]>":             "]]>",
		"end\xe2\x82\xac": "end€",
	} {
		for _, body := range [][]byte{response(func(e *Encoder) { e.String(in) }), response(func(e *Encoder) { e.Bytes([]byte(in)) })} {
			v, fault, err := ParseResponse(body)
			if err != nil || fault != nil || v.Kind != String || v.Text != want {
				t.Errorf("%q: %q, %v, %v", in, v.Text, fault, err)
			}
		}
		var got string
		if err := kolo.Response(response(func(e *Encoder) { e.String(in) })).Unmarshal(&got); err != nil || got != want {
			t.Errorf("%q as kolo reads it: %q, %v", in, got, err)
		}
	}
}

// A character that cannot be copied as it is is found at any position of a text.
func TestEncodeTextAnywhere(t *testing.T) {
	const long = "0123456789abcdefghijklmnopqrstuvwxyz"
	for special, want := range map[string]string{"&": "&amp;", "<": "&lt;", ">": "&gt;", "\x01": "\ufffd", "\x7f": "\x7f",
		"\xff": "\ufffd", "é": "é", "\n": "\n", "\x1f": "\ufffd", "\ufffe": "\ufffd", "~": "~", " ": " "} {
		for i := range len(long) {
			got := string(appendText(nil, long[:i]+special+long[i:]))
			if got != long[:i]+want+long[i:] {
				t.Errorf("%q at %d: %q", special, i, got)
			}
		}
	}
}

// response is a response with the value that write writes.
func response(write func(*Encoder)) []byte {
	e := NewEncoder(nil)
	write(e)
	return e.Finish()
}

// A member written by its tag is the same as one written by Member.
func TestMemberTags(t *testing.T) {
	long := response(func(e *Encoder) {
		e.BeginStruct()
		e.Member("text")
		e.String("<a>")
		e.Member("number")
		e.Int(math.MaxInt64)
		e.EndStruct()
	})
	short := response(func(e *Encoder) {
		e.BeginStruct()
		e.StringMember(StringTag("text"), "<a>")
		e.IntMember(IntTag("number"), math.MaxInt64)
		e.EndStruct()
	})
	if diff := cmp.Diff(string(long), string(short)); diff != "" {
		t.Errorf("-Member +tag\n%s", diff)
	}
}

func TestEncodeCapsIntegers(t *testing.T) {
	for in, want := range map[int64]int64{0: 0, -1: -1, math.MaxInt64: math.MaxInt32, math.MinInt64: -math.MaxInt32} {
		if v, _, err := ParseResponse(response(func(e *Encoder) { e.Int(in) })); err != nil || v.Number != want {
			t.Errorf("%d: %v, %v", in, v, err)
		}
	}
}

// kolo/xmlrpc decodes what we encode to the same values as we do.
func TestEncodeForKolo(t *testing.T) {
	type info struct {
		Name  string `xmlrpc:"name"`
		State int    `xmlrpc:"state"`
		InUse bool   `xmlrpc:"inuse"`
		Codes []int  `xmlrpc:"exitcodes"`
	}
	e := NewEncoder(nil)
	e.BeginArray()
	e.BeginStruct()
	e.Member("name")
	e.String("a & b")
	e.Member("state")
	e.Int(20)
	e.Member("inuse")
	e.Bool(true)
	e.Member("exitcodes")
	e.BeginArray()
	e.Int(0)
	e.Int(2)
	e.EndArray()
	e.EndStruct()
	e.EndArray()
	body := e.Finish()
	var got []info
	if err := kolo.Response(body).Unmarshal(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]info{{"a & b", 20, true, []int{0, 2}}}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	err := kolo.Response(AppendFault(nil, 30, "FAILED: x")).Err()
	if diff := cmp.Diff(error(kolo.FaultError{Code: 30, String: "FAILED: x"}), err); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if v, _, err := ParseResponse(response(func(e *Encoder) { e.Bool(true) })); err != nil || v.Kind != Bool || v.Number != 1 {
		t.Errorf("%v, %v", v, err)
	}
}

// Any string is encoded as well-formed XML.
func FuzzEncodeString(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b<&>\xff")
	f.Fuzz(func(t *testing.T, s string) {
		call := "<c><methodName>m</methodName><params><param>" + string(encodeValue(s)) + "</param></params></c>"
		if _, err := ParseCall([]byte(call)); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func encodeValue(s string) []byte {
	var e Encoder
	e.String(s)
	return e.buf
}

// allInfo is a response of getAllProcessInfo for n processes.
func allInfo(dst []byte, n int) []byte {
	e := NewEncoder(dst)
	e.BeginArray()
	for range n {
		e.BeginStruct()
		for _, name := range []string{"name", "group", "statename", "spawnerr", "logfile", "stdout_logfile",
			"stderr_logfile", "description"} {
			e.Member(name)
			e.String("/var/log/supervisor/program.log")
		}
		for _, name := range []string{"start", "stop", "now", "state", "exitstatus", "pid"} {
			e.Member(name)
			e.Int(1700000000)
		}
		e.EndStruct()
	}
	e.EndArray()
	return e.Finish()
}

func BenchmarkEncodeAllProcessInfo(b *testing.B) {
	var buf []byte
	for b.Loop() {
		buf = allInfo(buf[:0], 1000)
	}
}

func BenchmarkParseAllProcessInfo(b *testing.B) {
	body := allInfo(nil, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseResponse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAllProcessInfoKolo(b *testing.B) {
	body := allInfo(nil, 1000)
	for b.Loop() {
		var infos []struct {
			Name string `xmlrpc:"name"`
			PID  int    `xmlrpc:"pid"`
		}
		if err := kolo.Response(body).Unmarshal(&infos); err != nil {
			b.Fatal(err)
		}
	}
}

// TestIsText compares IsText with what writeText leaves as it is.
func TestIsText(t *testing.T) {
	for _, text := range []string{"", "a<&>\t\r\n", "é€😀", "\x1b[0m", "\xff", "\uFFFD", "\uFFFE", "a\x00"} {
		e := NewLimited(nil, 0)
		e.Bytes([]byte(text))
		kept := strings.Contains(string(e.buf), "<string>"+strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)+"</string>")
		if got := IsText([]byte(text)); got != kept {
			t.Errorf("%q: %v, want %v", text, got, kept)
		}
	}
	e := NewLimited(nil, 0)
	e.Base64([]byte("\x1b\xff"))
	if !strings.Contains(string(e.buf), "<value><base64>G/8=</base64></value>") {
		t.Errorf("%s", e.buf)
	}
	e = NewLimited(nil, 100)
	mark := e.Mark()
	e.Base64(make([]byte, 200))
	if e.Fits(mark) {
		t.Error("a long text fits")
	}
}
