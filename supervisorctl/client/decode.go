package client

import (
	"fmt"
	"reflect"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// decode stores a value in what to is. What a struct has no field for is left out.
func decode(v xmlrpc.Value, to reflect.Value) error {
	switch to.Kind() {
	case reflect.Pointer:
		if to.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
		}
		return decode(v, to.Elem())
	case reflect.Interface:
		if to.NumMethod() == 0 {
			if x := plain(v); x != nil {
				to.Set(reflect.ValueOf(x))
			} else {
				to.SetZero()
			}
			return nil
		}
	case reflect.String:
		if v.Kind == xmlrpc.String || v.Kind == xmlrpc.Base64 || v.Kind == xmlrpc.DateTime {
			to.SetString(v.Text)
			return nil
		}
	case reflect.Bool:
		if v.Kind == xmlrpc.Bool {
			to.SetBool(v.Number != 0)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Kind == xmlrpc.Int && !to.OverflowInt(v.Number) {
			to.SetInt(v.Number)
			return nil
		}
	case reflect.Float32, reflect.Float64:
		if v.Kind == xmlrpc.Double {
			to.SetFloat(v.Float)
			return nil
		}
	case reflect.Slice:
		if v.Kind == xmlrpc.Array {
			list := reflect.MakeSlice(to.Type(), len(v.Items), len(v.Items))
			if len(v.Items) == 0 {
				list = reflect.Zero(to.Type())
			}
			for i, item := range v.Items {
				if err := decode(item, list.Index(i)); err != nil {
					return err
				}
			}
			to.Set(list)
			return nil
		}
	case reflect.Struct:
		if v.Kind == xmlrpc.Struct {
			return decodeStruct(v, to)
		}
	case reflect.Map:
		if v.Kind == xmlrpc.Struct && to.Type().Key().Kind() == reflect.String {
			to.Set(reflect.MakeMap(to.Type()))
			for _, m := range v.Members {
				item := reflect.New(to.Type().Elem()).Elem()
				if err := decode(m.Value, item); err != nil {
					return err
				}
				to.SetMapIndex(reflect.ValueOf(m.Name).Convert(to.Type().Key()), item)
			}
			return nil
		}
	}
	return fmt.Errorf("the result is no %s", to.Type())
}

func decodeStruct(v xmlrpc.Value, to reflect.Value) error {
	for _, f := range reflect.VisibleFields(to.Type()) {
		member, ok := v.Get(memberName(f))
		if !ok || !f.IsExported() {
			continue
		}
		if err := decode(member, to.FieldByIndex(f.Index)); err != nil {
			return fmt.Errorf("%s: %w", memberName(f), err)
		}
	}
	return nil
}

// plain is a value as an int64, string, bool, float64, []any or map[string]any; nil if it is nil.
func plain(v xmlrpc.Value) any {
	switch v.Kind {
	case xmlrpc.Int:
		return v.Number
	case xmlrpc.Bool:
		return v.Number != 0
	case xmlrpc.String, xmlrpc.Base64, xmlrpc.DateTime:
		return v.Text
	case xmlrpc.Double:
		return v.Float
	case xmlrpc.Array:
		list := make([]any, len(v.Items))
		for i, item := range v.Items {
			list[i] = plain(item)
		}
		return list
	case xmlrpc.Struct:
		fields := make(map[string]any, len(v.Members))
		for _, m := range v.Members {
			fields[m.Name] = plain(m.Value)
		}
		return fields
	}
	return nil
}
