package xmlrpc

import (
	"encoding/base64"
	"math"
	"strconv"
)

// AppendCall appends a whole method call, for calls from the daemon to a plug-in. Any method name and any values give
// well-formed XML.
func AppendCall(dst []byte, method string, params []Value) []byte {
	e := Encoder{buf: append(dst, "<?xml version='1.0'?>\n<methodCall>\n<methodName>"...)}
	e.buf = appendText(e.buf, method)
	e.buf = append(e.buf, "</methodName>\n<params>\n"...)
	for _, v := range params {
		e.buf = append(e.buf, "<param>\n"...)
		e.Value(v)
		e.buf = append(e.buf, "</param>\n"...)
	}
	return append(e.buf, "</params>\n</methodCall>\n"...)
}

// Value writes any value. NaN and infinities become 0.
func (e *Encoder) Value(v Value) {
	switch v.Kind {
	case Int:
		e.Int(v.Number)
	case Bool:
		e.Bool(v.Number != 0)
	case String:
		e.String(v.Text)
	case Double:
		number := v.Float
		if math.IsNaN(number) || math.IsInf(number, 0) {
			number = 0
		}
		e.element("double", strconv.FormatFloat(number, 'f', -1, 64))
	case Base64:
		e.element("base64", base64.StdEncoding.EncodeToString([]byte(v.Text)))
	case DateTime:
		e.element("dateTime.iso8601", v.Text)
	case Array:
		e.BeginArray()
		for _, item := range v.Items {
			e.Value(item)
		}
		e.EndArray()
	case Struct:
		e.BeginStruct()
		for _, m := range v.Members {
			e.buf = append(e.buf, "<member>\n<name>"...)
			writeText(e, m.Name)
			e.buf = append(e.buf, "</name>\n"...)
			e.Value(m.Value)
		}
		e.EndStruct()
	default:
		e.buf = append(e.buf, "<value><nil/></value>\n"...)
		e.endMember()
	}
}

// HasNil reports whether v is nil or contains nil, which the protocol cannot express.
func (v Value) HasNil() bool {
	for _, item := range v.Items {
		if item.HasNil() {
			return true
		}
	}
	for _, m := range v.Members {
		if m.Value.HasNil() {
			return true
		}
	}
	return v.Kind == Nil
}

// element writes a scalar.
func (e *Encoder) element(name, text string) {
	e.buf = append(e.buf, "<value><"...)
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '>')
	writeText(e, text)
	e.buf = append(e.buf, "</"...)
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, "></value>\n"...)
	e.endMember()
}
