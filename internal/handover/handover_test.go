package handover

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type sample struct {
	Name  string            `json:"name"`
	Env   map[string]string `json:"env"`
	List  []string          `json:"list"`
	Inner *inner            `json:"inner,omitempty"`
	Any   any               `json:"any,omitempty"`
	Bytes []byte            `json:"bytes"`
	inner
	Two [2]string `json:"two"`
}

type inner struct {
	Text string `json:"text"`
}

// write returns a document with one room.
func write(t *testing.T, state any, fill func(w *Writer)) []byte {
	t.Helper()
	w := NewWriter("5.1.0")
	if fill != nil {
		fill(w)
	}
	w.Put("room", state)
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestStringsKeepTheirBytes checks that strings that are not UTF-8, wherever they are, come back as they were.
func TestStringsKeepTheirBytes(t *testing.T) {
	latin := "caf\xe9"
	for name, state := range map[string]sample{
		"plain":       {Name: "ü\ufffd<&>\u2028", Env: map[string]string{"A": "\x00"}},
		"value":       {Name: latin, Bytes: []byte(latin)},
		"marked":      {Name: mark + "AAAA", List: []string{mark, "\\u0000base64,"}},
		"map":         {Env: map[string]string{latin: latin, "B": "b"}},
		"nested":      {List: []string{"a", latin}, Inner: &inner{latin}, inner: inner{"\xff"}, Two: [2]string{"a", "\xfe"}},
		"interface":   {Any: latin},
		"replacement": {Name: "\ufffd", List: []string{`\ufffd`}},
	} {
		t.Run(name, func(t *testing.T) {
			before, _ := json.Marshal(state)
			text := write(t, state, nil)
			r, err := Read(text, "5.1.0", true)
			if err != nil {
				t.Fatal(err)
			}
			var got sample
			r.Get("room", &got)
			if err := r.Complete(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(state, got, cmp.AllowUnexported(sample{}, inner{})); diff != "" {
				t.Error(diff)
			}
			if after, _ := json.Marshal(state); !bytes.Equal(before, after) {
				t.Error("writing has changed the state")
			}
		})
	}
}

// TestPurposeKeepsItsBytes: a purpose has the name of a process, which may have any bytes.
func TestPurposeKeepsItsBytes(t *testing.T) {
	text := write(t, sample{}, func(w *Writer) { w.Descriptor(0, "stdin of \xe9") })
	r, err := Read(text, "5.1.0", false)
	if err != nil {
		t.Fatal(err)
	}
	if fd := r.Descriptor(0, "stdin of \xe9"); fd != 0 {
		t.Errorf("%d, %v", fd, r.Err())
	}
}

// TestDescriptors checks what is reported about descriptors and rooms that do not fit.
// covers: L12-g
func TestDescriptors(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	fd := int(in.Fd())
	text := write(t, sample{}, func(w *Writer) { w.Descriptor(fd, "stdout of a") })
	for name, c := range map[string]struct {
		trial bool
		use   func(r *Reader)
		want  string
	}{
		"used":        {use: func(r *Reader) { r.Descriptor(fd, "stdout of a") }},
		"trial":       {trial: true, use: func(r *Reader) { r.Descriptor(fd, "stdout of a") }},
		"not used":    {use: func(*Reader) {}, want: "stdout of a): it is not used"},
		"twice":       {use: func(r *Reader) { r.Descriptor(fd, "stdout of a"); r.Descriptor(fd, "stdout of a") }, want: "it is used twice"},
		"purpose":     {use: func(r *Reader) { r.Descriptor(fd, "stderr of a") }, want: "it is for stdout of a"},
		"unknown":     {use: func(r *Reader) { r.Descriptor(fd+1000, "stdout of a") }, want: "it was not handed over"},
		"another one": {use: func(r *Reader) { r.doc.Descriptors[0].Inode++; r.Descriptor(fd, "stdout of a") }, want: "it is not what it was"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Read(text, "5.1.0", c.trial)
			if err != nil {
				t.Fatal(err)
			}
			r.Get("room", &sample{})
			c.use(r)
			err = r.Complete()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	w := NewWriter("5.1.0")
	w.Descriptor(fd, "a")
	w.Descriptor(fd, "b")
	if _, err := w.Text(); err == nil {
		t.Error("a descriptor was handed over twice")
	}
}

// TestRead checks which documents this version takes over.
// covers: L12-j
func TestRead(t *testing.T) {
	Feature("cron")
	Features(func(name string) bool { return name == "depends_on" })
	for text, want := range map[string]string{
		`{"format":1,"min":1,"version":"5.1.0","needs":["cron","depends_on"],"rooms":{}}`: "",
		`{"format":9,"min":1,"version":"9.0.0","later":{"a":1},"rooms":{}}`:               "",
		`{"format":9,"min":2,"version":"9.0.0","rooms":{}}`:                               "5.1.0 cannot take over: the state of 9.0.0 is too new",
		`{"format":0,"version":"4.9.0","rooms":{}}`:                                       "5.1.0 cannot take over: the state of 4.9.0 is too old",
		`{"format":1,"min":1,"needs":["cron","moon","sun"]}`:                              "5.1.0 cannot take over: this supervisord uses moon, sun",
		`{"format":1,"descriptors":["1 0 0 ","1 0 0 x"]}`:                                 "descriptor 1 (x): it was handed over twice",
		`{"format":1`: "the state cannot be read: unexpected end of JSON input",
	} {
		got := ""
		if _, err := Read([]byte(text), "5.1.0", true); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	r, err := Read([]byte(`{"format":1,"rooms":{"later":{}}}`), "5.1.0", true)
	if err != nil || r.Complete() == nil {
		t.Errorf("a room that is not read is complete (%v)", err)
	}
}

// TestTime checks that a time comes back as the same moment, with a monotonic reading.
// covers: L12-a
func TestTime(t *testing.T) {
	at := time.Now().Add(time.Second)
	var got, zero struct{ At Time }
	text, err := Marshal(struct{ At Time }{Time{at}})
	if err == nil {
		err = Unmarshal(text, &got)
	}
	if err != nil || got.At.Sub(at) != 0 || !strings.Contains(got.At.String(), " m=") {
		t.Errorf("%s: %v, want %v (%v)", text, got.At, at, err)
	}
	if text, _ = Marshal(zero); string(text) != `{"At":null}` {
		t.Errorf("%s", text)
	}
}

// FuzzRead reads arbitrary documents: an error at most.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format":1,"min":1,"descriptors":["0 1 2 a"],"rooms":{"room":{"name":"\u0000base64,AA==","env":{"a":"b"}}}}`))
	f.Add([]byte(`{"format":1,"rooms":{"room":{"at":-9223372036854775808,"any":{"x":["\u0000base64,!"]}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(text, "5.1.0", true)
		if err != nil {
			return
		}
		var got struct {
			sample
			At Time `json:"at"`
		}
		r.Get("room", &got)
		for _, d := range r.doc.Descriptors {
			if fd := r.Descriptor(d.FD, d.Purpose); fd != -1 {
				t.Errorf("a trial has descriptor %d", fd)
			}
		}
		_ = r.Complete()
	})
}

// FuzzReadDocument compares with package json, which has the last word about what is no document.
func FuzzReadDocument(f *testing.F) {
	for _, text := range []string{`{"format":1,"sizes":[16,5],"rooms":{"a":{"b":["}",1]},"c":"\\"{"}}`, ` { "rooms" : { } , "format" : 2 } `, `{"a":1,"rooms":{"a":1},"rooms":{}}`,
		`{"format":1,"rooms":null}`, `{"sizes":[3],"rooms":{"a":tru}}`, `{}`, `{"a":1,}`, `{"sizes":[1],"rooms":{"\u0061":1}}`, `{"sizes":[1,2],"rooms":{"a":1,"a":12}}`,
		`{"descriptors":["0 1 2 a b","1"]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want, got document
		if json.Unmarshal(text, &want) != nil {
			return
		}
		if err := got.read(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(document{}), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestSplit checks that the rooms of a Writer's document are found by their sizes, and that wrong ones are not.
func TestSplit(t *testing.T) {
	text := write(t, sample{Name: `a"},"rooms":{`}, func(w *Writer) { w.Put("another", 1) })
	_, rooms, ok := bytes.Cut(text, []byte(roomsMember))
	var d document
	if err := d.read(text); !ok || err != nil || len(d.Sizes) != 2 {
		t.Fatalf("%v, %v", d.Sizes, err)
	}
	found := document{Sizes: d.Sizes}
	if !found.split(rooms) || len(found.Rooms) != 2 || string(found.Rooms["another"]) != "1" || !json.Valid(found.Rooms["room"]) {
		t.Errorf("%s", found.Rooms)
	}
	for _, text := range []string{"", "{", `"a":1`, `"a":1}`, `"a":1}}x`, `"a":12}}`, `"a"1}}`, `"a":1,"b":2}}`, `a":1}}`, `"a:":1}`} {
		if d := (document{Sizes: []int{1}}); d.split([]byte(text)) {
			t.Errorf("%q is split", text)
		}
	}
	if d := (document{Sizes: []int{1, 1}}); d.split([]byte(`"a":1,"a":2}}`)) {
		t.Error("two rooms have one name")
	}
}

// FuzzStrings checks that any string comes back.
func FuzzStrings(f *testing.F) {
	f.Add("a", []byte("caf\xe9"))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		want := map[string]string{key: string(value)}
		text, err := Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
