// Package xmlrpc is the wire format of supervisord's XML-RPC interface: it reads calls and responses and writes
// responses and faults. It is pure text work: it knows no method, opens nothing and keeps nothing between two calls.
// The server uses ParseCall and Encoder; the client uses ParseList for the lists that can be large.
package xmlrpc

// Kind is the type of a Value.
type Kind uint8

const (
	Nil      Kind = iota // also what an unknown, empty element such as <nil/> becomes
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

// Call is a method call as sent. The method's name is neither trimmed nor checked, and never empty.
type Call struct {
	Method string
	Params []Value
}

// Fault is the error that a server answers with instead of a result.
type Fault struct {
	Code int
	Text string
}

// Get is the member of that name of a struct; of several, the last one. It is false for other kinds, too.
func (v Value) Get(name string) (Value, bool) {
	for i := len(v.Members) - 1; i >= 0; i-- {
		if v.Members[i].Name == name {
			return v.Members[i].Value, true
		}
	}
	return Value{}, false
}

// Truth is whether v counts as true where a client sends something else than a boolean: nil, zero, and what is empty do
// not, everything else does.
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
