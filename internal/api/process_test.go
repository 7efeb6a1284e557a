package api

import (
	"reflect"
	"testing"
)

// TestMembers holds the fields of each struct against the table of its members: each field has a row that leads to it, of
// the name in its tags.
func TestMembers(t *testing.T) {
	checkMembers(t, ProcessMembers[:])
	checkMembers(t, StatusMembers[:])
	checkMembers(t, UpdateMembers[:])
}

func checkMembers[T any](t *testing.T, members []Member[T]) {
	var v T
	rows := map[any]string{} // from the address of a field to the name of its member
	for _, m := range members {
		if (m.Text == nil) == (m.Number == nil) {
			t.Fatalf("%s: a member has a text or a number", m.Name)
		}
		if m.Text != nil {
			rows[m.Text(&v)] = m.Name
		} else {
			rows[m.Number(&v)] = m.Name
		}
	}
	fields := reflect.ValueOf(&v).Elem()
	n := 0
	for i := range fields.NumField() {
		field := fields.Type().Field(i)
		if field.Name == "More" { // TestMoreMembers
			continue
		}
		n++
		var at any
		if field.Type.Kind() == reflect.String {
			at = fields.Field(i).Addr().Interface()
		} else {
			at = fields.Field(i).Addr().Convert(reflect.TypeFor[*int]()).Interface()
		}
		name := field.Tag.Get("xmlrpc")
		if rows[at] != name || name == "" {
			t.Errorf("%T.%s: tag %q, member %q", v, field.Name, name, rows[at])
		}
		if json := field.Tag.Get("json"); json != "" && json != "-" && json != name {
			t.Errorf("%T.%s: tags %q and %q", v, field.Name, name, json)
		}
	}
	if n != len(members) {
		t.Errorf("%T has %d fields and %d members", v, n, len(members))
	}
}
