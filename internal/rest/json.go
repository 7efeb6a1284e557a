package rest

import (
	"encoding/json"
	"strconv"
	"time"
)

// schema is a JSON schema.
type schema map[string]any

// The schemas of values.
var (
	texts    = schema{"type": "string"}
	integers = schema{"type": "integer"}
	numbers  = schema{"type": "number"}
	booleans = schema{"type": "boolean"}
	moments  = schema{"type": "string", "format": "date-time"}
)

// orNull returns the schema of a value that may be null.
func orNull(s schema) schema {
	if name, plain := s["type"].(string); plain {
		with := schema{}
		for k, v := range s {
			with[k] = v
		}
		with["type"] = []string{name, "null"}
		return with
	}
	return schema{"anyOf": []any{s, schema{"type": "null"}}}
}

func listOf(s schema) schema { return schema{"type": "array", "items": s} }

func mapOf(s schema) schema { return schema{"type": "object", "additionalProperties": s} }

func oneOf(words ...string) schema { return schema{"type": "string", "enum": words} }

// object is a kind of JSON object, made of a T. It is both how one is written and what the OpenAPI document says about it. All members are
// always there.
type object[T any] struct {
	name    string // in the OpenAPI document
	help    string
	members []member[T]
}

type member[T any] struct {
	name, help string
	schema     schema
	put        func(b []byte, v *T) []byte
}

// append writes an object.
func (o *object[T]) append(b []byte, v *T) []byte {
	b = append(b, '{')
	for i := range o.members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, o.members[i].name...)
		b = append(b, '"', ':')
		b = o.members[i].put(b, v)
	}
	return append(b, '}')
}

// documented is an object without its T.
type documented interface {
	title() string
	schema() schema
}

func (o *object[T]) title() string { return o.name }

// ref is the schema that refers to the object.
func (o *object[T]) ref() schema { return refTo(o.name) }

func refTo(name string) schema { return schema{"$ref": "#/components/schemas/" + name} }

func (o *object[T]) schema() schema {
	properties, required := schema{}, []string{}
	for _, m := range o.members {
		p := m.schema
		if m.help != "" {
			p = schema{}
			for k, v := range m.schema {
				p[k] = v
			}
			p["description"] = m.help
		}
		properties[m.name] = p
		required = append(required, m.name)
	}
	return schema{"type": "object", "description": o.help, "properties": properties, "required": required}
}

func appendNull(b []byte) []byte { return append(b, "null"...) }

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// appendText appends a string. What is not UTF-8 becomes U+FFFD.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic(err) // a string can always be encoded
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

// appendTextOrNull appends null for an empty text.
func appendTextOrNull(b []byte, text string) []byte {
	if text == "" {
		return appendNull(b)
	}
	return appendText(b, text)
}

func appendTexts(b []byte, list []string) []byte {
	return appendList(b, list, func(b []byte, text *string) []byte { return appendText(b, *text) })
}

// appendTime appends a time in UTC with milliseconds, null for the zero time.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return appendNull(b)
	}
	return t.UTC().AppendFormat(b, `"2006-01-02T15:04:05.000Z"`)
}

// appendSeconds appends seconds with milliseconds.
func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d.Milliseconds())/1000, 'f', -1, 64)
}

func appendList[T any](b []byte, list []T, put func(b []byte, v *T) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = put(b, &list[i])
	}
	return append(b, ']')
}
