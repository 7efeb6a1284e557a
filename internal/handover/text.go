package handover

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
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

// Marshal is json.Marshal, but keeps the bytes of strings that are not UTF-8. A type with a MarshalJSON of its own must call it, too.
func Marshal(state any) ([]byte, error) {
	text, err := json.Marshal(state)
	if err != nil || !bytes.Contains(text, replaced) && !bytes.Contains(text, markInText) {
		return text, err
	}
	v := reflect.New(reflect.TypeOf(state)).Elem()
	v.Set(reflect.ValueOf(state))
	rewrite(v, func(s string) string {
		if utf8.ValidString(s) && !strings.HasPrefix(s, mark) {
			return s
		}
		return mark + base64.StdEncoding.EncodeToString([]byte(s))
	})
	return json.Marshal(v.Interface())
}

// Unmarshal is json.Unmarshal for what Marshal has written. State points to a value that has no strings yet.
func Unmarshal(text []byte, state any) error {
	if err := json.Unmarshal(text, state); err != nil || !bytes.Contains(text, markInText) {
		return err
	}
	var wrong error
	rewrite(reflect.ValueOf(state).Elem(), func(s string) string {
		rest, marked := strings.CutPrefix(s, mark)
		if !marked {
			return s
		}
		original, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			wrong = err
		}
		return string(original)
	})
	return wrong
}

var ownForm = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler](),
	reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()}

// hasOwnForm reports whether package json leaves the text of a value to its type.
func hasOwnForm(t reflect.Type) bool {
	for _, form := range ownForm {
		if t.Implements(form) || reflect.PointerTo(t).Implements(form) {
			return true
		}
	}
	return false
}

// rewrite replaces the strings in an addressable value by f of them. What the value refers to is copied before.
func rewrite(v reflect.Value, f func(string) string) {
	t := v.Type()
	if hasOwnForm(t) {
		return
	}
	switch t.Kind() {
	case reflect.String:
		v.SetString(f(v.String()))
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() || t.Field(i).Anonymous && t.Field(i).Type.Kind() == reflect.Struct {
				rewrite(v.Field(i), f)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			rewrite(v.Index(i), f)
		}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		v.Set(rewritten(v.Elem(), t.Kind() == reflect.Pointer, f))
	case reflect.Slice:
		if v.IsNil() || t.Elem().Kind() == reflect.Uint8 {
			return
		}
		list := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			rewrite(list.Index(i), f)
		}
		v.Set(list)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		m := reflect.MakeMapWithSize(t, v.Len())
		for key, value := range v.Seq2() {
			m.SetMapIndex(rewritten(key, false, f), rewritten(value, false, f))
		}
		v.Set(m)
	}
}

// rewritten returns a rewritten copy of a value, or a pointer to it.
func rewritten(v reflect.Value, pointer bool, f func(string) string) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	rewrite(p.Elem(), f)
	if pointer {
		return p
	}
	return p.Elem()
}
