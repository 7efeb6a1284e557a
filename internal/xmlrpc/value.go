// Package xmlrpc is the wire format of supervisord's XML-RPC interface: it parses and writes calls, responses and faults.
// It knows no methods, does no I/O and keeps no state between calls, so any goroutine may use it. The server uses
// ParseCall and Encoder, the client ParseResponse and ParseList.
package xmlrpc

// Kind is the type of a Value.
type Kind uint8

const (
	Nil      Kind = iota // also an empty element of an unknown name, such as <nil/>
	Int                  // <int>, <i4>
	Bool                 // <boolean>
	String               // <string>, and a <value> without an element
	Double               // <double>
	Base64               // <base64>
	DateTime             // <dateTime.iso8601>
	Array                // <array>
	Struct               // <struct>
)

// Value is a parameter or a result. The zero Value is nil.
type Value struct {
	Kind    Kind
	Text    string   // String; Base64: the decoded bytes; DateTime: as sent, such as 20060102T15:04:05
	Number  int64    // Int; Bool: 0 or 1
	Float   float64  // Double
	Items   []Value  // Array
	Members []Member // Struct, in the order sent
}

// Member is one named value of a struct.
type Member struct {
	Name  string
	Value Value
}

// Call is a method call as sent. The name of the method is not empty, and neither trimmed nor checked.
type Call struct {
	Method string
	Params []Value
	Binary bool // a <base64> is not UTF-8
}

// Get returns the last member of that name of a struct; false if there is none or v is not a struct.
func (v Value) Get(name string) (Value, bool) {
	for i := len(v.Members) - 1; i >= 0; i-- {
		if v.Members[i].Name == name {
			return v.Members[i].Value, true
		}
	}
	return Value{}, false
}

// Truth converts v to a boolean, for parameters that should be one: nil, zero and empty values are false, all others are
// true.
func (v Value) Truth() bool {
	switch v.Kind {
	case Nil:
		return false
	case Int, Bool:
		return v.Number != 0
	case Double:
		return v.Float != 0
	case Array:
		return len(v.Items) > 0
	case Struct:
		return len(v.Members) > 0
	case DateTime:
		return true
	}
	return v.Text != ""
}
