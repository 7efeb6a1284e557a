package childutils_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

const header = "ver:3.0 server:supervisor serial:21 pool:l poolserial:10 eventname:PROCESS_LOG_STDOUT len:"

// Example is a listener that prints the output of programs.
func Example() {
	in := strings.NewReader(header + "55\nprocessname:cat groupname:cat pid:7 channel:stdout\nmeow" +
		"ver:3.0 server:supervisor serial:22 pool:l poolserial:11 eventname:TICK_5 len:15\nwhen:1201063880")
	l := childutils.NewListener(in, io.Discard) // os.Stdin and os.Stdout in a real one
	err := l.Each(func(event childutils.Event) error {
		fields, data := event.Data()
		fmt.Printf("%s %q %q\n", event.Name(), fields, data)
		return nil
	})
	fmt.Println(err)
	// Output:
	// PROCESS_LOG_STDOUT map["channel":"stdout" "groupname":"cat" "pid":"7" "processname":"cat"] "meow"
	// TICK_5 map["when":"1201063880"] ""
	// <nil>
}

func ExampleCommunicate() {
	if err := childutils.Communicate(os.Stdout, "done"); err != nil {
		fmt.Println(err)
	}
	// Output: <!--XSUPERVISOR:BEGIN-->done<!--XSUPERVISOR:END-->
}

// TestEventData shows that only the first line feed separates, and that carriage returns are kept.
// covers: 3.0a7-15
func TestEventData(t *testing.T) {
	fields, data := childutils.EventData("a:1 b:2\nline1\r\nline2\n")
	if d := cmp.Diff(map[string]string{"a": "1", "b": "2"}, fields); d != "" || data != "line1\r\nline2\n" {
		t.Errorf("data %q, fields (-want +got):\n%s", data, d)
	}
}

// TestListener shows the input and output of a listener.
// covers: 3.0a3-19b
func TestListener(t *testing.T) {
	var out bytes.Buffer
	l := childutils.NewListener(strings.NewReader(header+"2\n€x"+header+"3\nabc"+header+"0\n"), &out)
	for _, c := range []struct {
		payload string
		answer  func() error
	}{
		{"€x", l.OK}, {"abc", l.Fail}, {"", func() error { return l.Send("hey") }},
	} {
		e, err := l.Next()
		if err != nil || e.Payload != c.payload || e.Header["serial"] != "21" {
			t.Fatalf("%v, %v", e, err)
		}
		if err := c.answer(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if want := "READY\nRESULT 2\nOKREADY\nRESULT 4\nFAILREADY\nRESULT 3\nheyREADY\n"; out.String() != want {
		t.Errorf("wrote %q", out.String())
	}
}

func TestBrokenInput(t *testing.T) {
	for _, in := range []string{header, header + "5\nabc", header + "x\n", header + "-1\n", header + "1\n\xff"} {
		if e, err := childutils.NewListener(strings.NewReader(in), io.Discard).Next(); err == nil || err == io.EOF {
			t.Errorf("%q: %v, %v", in, e, err)
		}
	}
	l := childutils.NewListener(strings.NewReader(header+"3\n€"), io.Discard)
	l.CountBytes = true
	if e, err := l.Next(); err != nil || e.Payload != "€" {
		t.Errorf("in bytes: %v, %v", e, err)
	}
}

// ExampleResultHandler accepts results in capital letters.
func ExampleResultHandler() {
	in := strings.NewReader(header + "15 listener:l_0 resultlen:2\nwhen:1201063880OK" +
		header + "0 listener:l_1 resultlen:4\nfine")
	h := childutils.NewResultHandler(in, os.Stdout) // os.Stdin in a real one
	for {
		r, err := h.Next()
		if err != nil {
			break
		}
		fmt.Printf("%s answered %s to %q\n", r.Listener, r.Text, r.Payload)
		answer := h.Reject
		if strings.ToUpper(r.Text) == r.Text {
			answer = h.Accept
		}
		if err := answer(); err != nil {
			break
		}
	}
	// Output:
	// l_0 answered OK to "when:1201063880"
	// ACCEPT
	// l_1 answered fine to ""
	// REJECT
}

func TestBrokenResults(t *testing.T) {
	const q = header + "1 listener:l resultlen:"
	for _, in := range []string{header, header + "1\nab", q + "x\na", q + "-1\na", q + "5\nab", header + "9\n"} {
		if r, err := childutils.NewResultHandler(strings.NewReader(in), io.Discard).Next(); err == nil || err == io.EOF {
			t.Errorf("%q: %v, %v", in, r, err)
		}
	}
}

// FuzzListener shows that the events in any input do not depend on how reads divide it.
func FuzzListener(f *testing.F) {
	for _, in := range []string{header + "2\n€x" + header + "0\n", header + "3\nab", "len:1\n\xff", "len:-1\nx",
		header + "1 listener:l resultlen:2\nabc", "len:1 resultlen:9\nab", "\n\n", "len:99999999999\nx"} {
		f.Add(in, false)
		f.Add(in, true)
	}
	f.Fuzz(func(t *testing.T, in string, countBytes bool) {
		if len(in) > 1<<16 {
			return
		}
		read := func(r io.Reader) (events []string) {
			l := childutils.NewListener(r, io.Discard)
			l.CountBytes = countBytes
			for {
				e, err := l.Next()
				if err != nil {
					return append(events, err.Error())
				}
				fields, data := e.Data()
				events = append(events, fmt.Sprint(e.Name(), e.Payload, fields, data))
			}
		}
		if d := cmp.Diff(read(strings.NewReader(in)), read(iotest.OneByteReader(strings.NewReader(in)))); d != "" {
			t.Errorf("(-whole +byte by byte):\n%s", d)
		}
		for h := childutils.NewResultHandler(strings.NewReader(in), io.Discard); ; {
			if r, err := h.Next(); err != nil {
				break
			} else if len(r.Payload)+len(r.Text) > len(in) {
				t.Errorf("%q was read from %q", r, in)
			}
		}
	})
}

// FuzzEventData shows that the data after the first line of any payload is unchanged, and that the fields are in it.
func FuzzEventData(f *testing.F) {
	for _, in := range []string{"a:1 b:2\nline1\r\nline2\n", "", "\n", "a b:c:d :e  f:\n"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		fields, data := childutils.EventData(payload)
		if head, rest, _ := strings.Cut(payload, "\n"); rest != data || cmp.Diff(childutils.Fields(head), fields) != "" {
			t.Errorf("%q: data %q, fields %v", payload, data, fields)
		}
		for key, value := range fields {
			if strings.ContainsAny(key, ": \n") || strings.ContainsAny(value, " \n") ||
				!strings.Contains(payload, key+":"+value) {
				t.Errorf("%q: %q=%q", payload, key, value)
			}
		}
	})
}

// TestEach shows that the answer depends on the result of the function, and that the end of the input is no error.
func TestEach(t *testing.T) {
	var out bytes.Buffer
	l := childutils.NewListener(strings.NewReader(header+"1\na"+header+"1\nb"), &out)
	var got string
	err := l.Each(func(e childutils.Event) error {
		got += e.Payload
		if e.Payload == "b" {
			return io.ErrShortWrite
		}
		return nil
	})
	if want := "READY\nRESULT 2\nOKREADY\nRESULT 4\nFAILREADY\n"; err != nil || got != "ab" || out.String() != want {
		t.Errorf("got %q, %v, wrote %q", got, err, out.String())
	}
	if err := childutils.NewListener(strings.NewReader("x"), io.Discard).Each(nil); err == nil {
		t.Error("an incomplete event returned no error")
	}
}

// TestCommunicate shows the output of Communicate.
// covers: 3.0a3-19c
func TestCommunicate(t *testing.T) {
	var out bytes.Buffer
	if err := childutils.Communicate(&out, "done"); err != nil {
		t.Fatal(err)
	}
	if want := "<!--XSUPERVISOR:BEGIN-->done<!--XSUPERVISOR:END-->"; out.String() != want {
		t.Errorf("wrote %q", out.String())
	}
}

// TestClient shows that address and credentials come from the environment.
// covers: 3.0a3-19a
func TestClient(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte("u:p"))
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("authorization %q", got)
		}
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, "<?xml version='1.0'?><methodResponse><params><param><value><int>42</int></value></param>"+
			"</params></methodResponse>")
	}))
	defer s.Close()
	t.Setenv("SUPERVISOR_SERVER_URL", "")
	if _, err := childutils.Client(); err == nil {
		t.Error("a client without an address returned no error")
	}
	t.Setenv("SUPERVISOR_SERVER_URL", s.URL)
	t.Setenv("SUPERVISOR_USERNAME", "u")
	t.Setenv("SUPERVISOR_PASSWORD", "p")
	c, err := childutils.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if pid, err := c.PID(context.Background()); err != nil || pid != 42 {
		t.Errorf("pid %d, %v", pid, err)
	}
}
