package client

import (
	"cmp"
	"fmt"
	"reflect"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// encodeCall writes a call. Parameters are numbers, strings, booleans, and slices, maps with string keys and structs
// of these.
func encodeCall(method string, args []any) ([]byte, error) {
	e := xmlrpc.NewCall(method)
	for _, arg := range args {
		e.BeginParam()
		if err := encode(e, reflect.ValueOf(arg)); err != nil {
			return nil, err
		}
		e.EndParam()
	}
	return e.FinishCall(), nil
}

func encode(e *xmlrpc.Encoder, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return encode(e, v.Elem())
		}
	case reflect.Bool:
		e.Bool(v.Bool())
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.Int(v.Int())
		return nil
	case reflect.Float32, reflect.Float64:
		e.Double(v.Float())
		return nil
	case reflect.String:
		e.String(v.String())
		return nil
	case reflect.Slice, reflect.Array:
		e.BeginArray()
		for i := range v.Len() {
			if err := encode(e, v.Index(i)); err != nil {
				return err
			}
		}
		e.EndArray()
		return nil
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String {
			e.BeginStruct()
			for _, key := range v.MapKeys() {
				e.MemberText(key.String())
				if err := encode(e, v.MapIndex(key)); err != nil {
					return err
				}
			}
			e.EndStruct()
			return nil
		}
	case reflect.Struct:
		e.BeginStruct()
		for _, f := range reflect.VisibleFields(v.Type()) {
			if !f.IsExported() {
				continue
			}
			e.MemberText(memberName(f))
			if err := encode(e, v.FieldByIndex(f.Index)); err != nil {
				return err
			}
		}
		e.EndStruct()
		return nil
	}
	if !v.IsValid() {
		return fmt.Errorf("nil cannot be a parameter")
	}
	return fmt.Errorf("a %s cannot be a parameter", v.Type())
}

// memberName is the name that a field has on the wire.
func memberName(f reflect.StructField) string { return cmp.Or(f.Tag.Get("xmlrpc"), f.Name) }
