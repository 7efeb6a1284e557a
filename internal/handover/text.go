package handover

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// mark begins a string of a document that stands for other bytes: base64 follows. JSON has no strings that are not UTF-8, but a path
// or a variable of the environment may have any bytes.
const mark = "\x00base64,"

var (
	markInText = []byte(`\u0000base64,`)
	replaced   = []byte(`\ufffd`) // what package json writes for a byte that is no UTF-8
)

// Marshal is json.Marshal, but keeps the bytes of strings that are not UTF-8. A type with a MarshalJSON or UnmarshalJSON of
// its own must call Marshal or Unmarshal there.
func Marshal(state any) ([]byte, error) {
	text, err := json.Marshal(state)
	if err != nil || !bytes.Contains(text, replaced) && !bytes.Contains(text, markInText) {
		return text, err
	}
	v := reflect.New(reflect.TypeOf(state)).Elem()
	v.Set(reflect.ValueOf(state))
	r := rewriter{encode, []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()}}
	r.rewrite(v)
	return json.Marshal(v.Interface())
}

func encode(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, mark) {
		return s
	}
	return mark + base64.StdEncoding.EncodeToString([]byte(s))
}

// Unmarshal is json.Unmarshal for what Marshal has written. State points to a value that has no strings yet.
func Unmarshal(text []byte, state any) error {
	if err := json.Unmarshal(text, state); err != nil || !bytes.Contains(text, markInText) {
		return err
	}
	var wrong error
	decode := func(s string) string {
		rest, marked := strings.CutPrefix(s, mark)
		if !marked {
			return s
		}
		original, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			wrong = err
		}
		return string(original)
	}
	r := rewriter{decode, []reflect.Type{reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()}}
	r.rewrite(reflect.ValueOf(state).Elem())
	return wrong
}

// rewriter replaces the strings in values, but not in those of types that implement one of the interfaces: package json leaves their
// text to them.
type rewriter struct {
	replace func(string) string
	except  []reflect.Type
}

func (r *rewriter) leaves(t reflect.Type) bool {
	return slices.ContainsFunc(r.except, func(form reflect.Type) bool {
		return t.Implements(form) || reflect.PointerTo(t).Implements(form)
	})
}

// rewrite replaces the strings in an addressable value. What the value refers to is copied before.
func (r *rewriter) rewrite(v reflect.Value) {
	t := v.Type()
	if r.leaves(t) {
		return
	}
	switch t.Kind() {
	case reflect.String:
		v.SetString(r.replace(v.String()))
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() || t.Field(i).Anonymous && t.Field(i).Type.Kind() == reflect.Struct {
				r.rewrite(v.Field(i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			r.rewrite(v.Index(i))
		}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		v.Set(r.rewritten(v.Elem(), t.Kind() == reflect.Pointer))
	case reflect.Slice:
		if v.IsNil() || t.Elem().Kind() == reflect.Uint8 {
			return
		}
		list := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			r.rewrite(list.Index(i))
		}
		v.Set(list)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		m := reflect.MakeMapWithSize(t, v.Len())
		for key, value := range v.Seq2() {
			m.SetMapIndex(r.rewritten(key, false), r.rewritten(value, false))
		}
		v.Set(m)
	}
}

// rewritten returns a rewritten copy of a value, or a pointer to it.
func (r *rewriter) rewritten(v reflect.Value, pointer bool) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	r.rewrite(p.Elem())
	if pointer {
		return p
	}
	return p.Elem()
}
