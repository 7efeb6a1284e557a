package childutils

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// fromValue converts a value to the Go type that Method.Do documents.
func fromValue(v xmlrpc.Value) any {
	switch v.Kind {
	case xmlrpc.Int:
		return v.Number
	case xmlrpc.Bool:
		return v.Number != 0
	case xmlrpc.String, xmlrpc.DateTime:
		return v.Text
	case xmlrpc.Double:
		return v.Float
	case xmlrpc.Base64:
		return []byte(v.Text)
	case xmlrpc.Array:
		items := []any{}
		for _, item := range v.Items {
			items = append(items, fromValue(item))
		}
		return items
	case xmlrpc.Struct:
		members := map[string]any{}
		for _, m := range v.Members {
			members[m.Name] = fromValue(m.Value)
		}
		return members
	}
	return nil
}

// toValue converts a result of Method.Do.
func toValue(x any) (xmlrpc.Value, error) {
	switch x := x.(type) {
	case int:
		return toValue(int64(x))
	case int64:
		if x != int64(int32(x)) {
			return xmlrpc.Value{}, fmt.Errorf("%d does not fit into the 32 bits of XML-RPC", x)
		}
		return xmlrpc.Value{Kind: xmlrpc.Int, Number: x}, nil
	case bool:
		v := xmlrpc.Value{Kind: xmlrpc.Bool}
		if x {
			v.Number = 1
		}
		return v, nil
	case string:
		return xmlrpc.Value{Kind: xmlrpc.String, Text: x}, nil
	case float64:
		return xmlrpc.Value{Kind: xmlrpc.Double, Float: x}, nil
	case []byte:
		return xmlrpc.Value{Kind: xmlrpc.Base64, Text: string(x)}, nil
	case []string:
		return array(x)
	case []any:
		return array(x)
	case map[string]string:
		return structure(x)
	case map[string]any:
		return structure(x)
	}
	return xmlrpc.Value{}, fmt.Errorf("XML-RPC has no type for a result of type %T", x)
}

func array[T any](items []T) (xmlrpc.Value, error) {
	v := xmlrpc.Value{Kind: xmlrpc.Array}
	for _, x := range items {
		item, err := toValue(x)
		if err != nil {
			return v, err
		}
		v.Items = append(v.Items, item)
	}
	return v, nil
}

func structure[T any](members map[string]T) (xmlrpc.Value, error) {
	v := xmlrpc.Value{Kind: xmlrpc.Struct}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member, err := toValue(members[name])
		if err != nil {
			return v, err
		}
		v.Members = append(v.Members, xmlrpc.Member{Name: name, Value: member})
	}
	return v, nil
}

// kinds are the kinds by the names of their types.
var kinds = map[string]xmlrpc.Kind{"int": xmlrpc.Int, "boolean": xmlrpc.Bool, "string": xmlrpc.String,
	"double": xmlrpc.Double, "base64": xmlrpc.Base64, "dateTime.iso8601": xmlrpc.DateTime, "array": xmlrpc.Array,
	"struct": xmlrpc.Struct}

// haveTypes reports whether the parameters have these types.
func haveTypes(types []string, params []xmlrpc.Value) bool {
	if len(types) != len(params) {
		return false
	}
	for i, v := range params {
		if kind, known := kinds[types[i]]; !known || v.Kind != kind {
			return false
		}
	}
	return true
}
