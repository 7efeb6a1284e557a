package xmlrpc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
)

const (
	// maxDepth bounds how deep elements are nested; each array counts three.
	maxDepth = 300
	// maxValues bounds the values and members of a call: the shortest takes four bytes to send and a hundred in memory.
	maxValues = 1 << 16
)

// The errors of ParseCall. The caller logs their texts, which are the original's.
var (
	ErrUnmarshallable = errors.New("unmarshallable")
	ErrNoMethodName   = errors.New("no method name")
)

// ParseCall parses a method call. The name of the root element is not checked, <params> may be missing, and an unknown
// element is a string of its text, or nil if it has none. ErrUnmarshallable is returned for text that is not well-formed
// or not UTF-8, malformed scalars, too deep nesting and too many values; ErrNoMethodName for an empty or missing
// <methodName>. Source: supervisor.xmlrpc.loads.
func ParseCall(body []byte) (Call, error) {
	p := parser{scanner: scanner{doc: string(body)}, most: maxValues}
	if err := p.document(); err != nil {
		return Call{}, fmt.Errorf("%w: %w", ErrUnmarshallable, err)
	}
	if p.method == "" {
		return Call{}, ErrNoMethodName
	}
	return Call{Method: p.method, Params: p.params, Binary: p.binary}, nil
}

// ParseResponse parses the response to a call and returns the result or the fault. Characters that XML does not allow and
// bytes that are not UTF-8 are accepted: the original sends them in logs.
func ParseResponse(body []byte) (Value, *api.Fault, error) { return ParseBounded(body, 0) }

// ParseBounded is ParseResponse for a response of at most so many values and members, each of which takes a hundred bytes in
// memory. 0 is any number.
func ParseBounded(body []byte, values int) (Value, *api.Fault, error) {
	p := parser{scanner: scanner{doc: string(body), lenient: true}, most: values}
	if err := p.document(); err != nil {
		return Value{}, nil, err
	}
	if fault := p.faultOf(); fault != nil {
		return Value{}, fault, nil
	}
	if len(p.params) != 1 {
		return Value{}, nil, errors.New("xmlrpc: a response without a result")
	}
	return p.params[0], nil, nil
}

// ParseList is ParseResponse for a result that is an array. It calls each with one item at a time, which is valid until
// each returns, so that the memory of one item is enough for a list of any length.
func ParseList(body string, each func(Value)) (*api.Fault, error) {
	p := parser{scanner: scanner{doc: body, lenient: true}, each: each}
	if err := p.document(); err != nil {
		return nil, err
	}
	if fault := p.faultOf(); fault != nil {
		return fault, nil
	}
	if len(p.params) != 1 || p.params[0].Kind != Array {
		return nil, errNoList
	}
	return nil, nil
}

// parser collects the values of a document.
type parser struct {
	scanner
	method string
	params []Value
	fault  Value
	binary bool        // see Call
	count  int         // values and members so far
	most   int         // how many there may be; 0: any number
	each   func(Value) // gets the items of a result that is an array; nil: they are kept
}

// resultDepth is the depth of the <data> of a result, below methodResponse, params, param, value and array.
const resultDepth = 6

// faultOf returns the fault of a response, nil if there is none.
func (p *parser) faultOf() *api.Fault {
	code, ok := p.fault.Get("faultCode")
	if !ok {
		return nil
	}
	text, _ := p.fault.Get("faultString")
	return &api.Fault{Code: int(code.Number), Text: text.Text}
}

var (
	errShape  = errors.New("xmlrpc: an element is missing or in the wrong place")
	errCount  = errors.New("xmlrpc: too many values")
	errDepth  = errors.New("xmlrpc: elements are nested too deep")
	errScalar = errors.New("xmlrpc: malformed scalar")
	errNoList = errors.New("xmlrpc: the result is not an array")
)

// document parses one root element. Beside it, only white space is allowed.
func (p *parser) document() error {
	p.doc = strings.TrimPrefix(p.doc, "\ufeff")
	if !p.lenient && !isText(p.doc) {
		return errors.New("xml: illegal character")
	}
	for rooted := false; ; {
		tok, err := p.next()
		switch {
		case err != nil:
			return err
		case tok.kind == end && rooted:
			return nil
		case tok.kind == startTag && !rooted:
			rooted = true
			if err := p.element(tok.text, 1, new(Value)); err != nil {
				return err
			}
		case tok.kind == chars && strings.TrimLeft(tok.text, " \t\r\n") == "":
		default:
			return errShape
		}
	}
}

// isText reports whether doc is UTF-8 without control characters that XML does not allow.
func isText(doc string) bool {
	for i := 0; i < len(doc); i++ {
		if c := doc[i]; c < ' ' && !isBlank(c) {
			return false
		}
	}
	return utf8.ValidString(doc)
}

// element parses an element after its start tag and stores its value in v, which must be zero.
func (p *parser) element(name string, depth int, v *Value) error {
	if depth > maxDepth {
		return errDepth
	}
	switch name {
	case "data", "params":
		return p.list(name, depth, v)
	case "struct":
		return p.structure(depth, v)
	case "value":
		if text, ok := p.leaf("<string>", "</string></value>"); ok {
			return p.finish("string", text, 0, v)
		}
		if text, ok := p.leaf("<int>", "</int></value>"); ok {
			return p.finish("int", text, 0, v)
		}
	}
	var first string // the text before the first child
	var text []byte  // the same, once it came in more than one piece
	for children := 0; ; {
		tok, err := p.next()
		if err != nil {
			return err
		}
		switch {
		case tok.kind == endTag && tok.text == name:
			if text != nil {
				first = string(text)
			}
			return p.finish(name, first, children, v)
		case tok.kind == startTag:
			into := v
			if children++; children > 1 {
				into = new(Value) // discarded
			}
			if err := p.element(tok.text, depth+1, into); err != nil {
				return err
			}
		case tok.kind != chars:
			return errTag
		case children > 0:
		case first == "":
			first = tok.text
		case text == nil:
			text = append([]byte(first), tok.text...)
		default:
			text = append(text, tok.text...)
		}
	}
}

// tooMany counts a value or member and reports whether there are too many.
func (p *parser) tooMany() bool {
	p.count++
	return p.most > 0 && p.count > p.most
}

// list parses the rest of an element whose children are all values.
func (p *parser) list(name string, depth int, v *Value) error {
	v.Kind = Array
	var item Value // for each
	for {
		tok, err := p.next()
		switch {
		case err != nil:
			return err
		case tok.kind == startTag && p.each != nil && depth == resultDepth:
			item = Value{Members: item.Members[:0]}
			if err := p.element(tok.text, depth+1, &item); err != nil {
				return err
			}
			p.each(item)
		case tok.kind == startTag && p.tooMany():
			return errCount
		case tok.kind == startTag:
			v.Items = append(v.Items, Value{})
			if err := p.element(tok.text, depth+1, &v.Items[len(v.Items)-1]); err != nil {
				return err
			}
		case tok.kind == endTag && tok.text == name:
			if name == "params" {
				p.params = v.Items
			}
			return nil
		case tok.kind != chars:
			return errTag
		}
	}
}

// structure parses the rest of a struct.
func (p *parser) structure(depth int, v *Value) error {
	v.Kind = Struct
	if v.Members == nil && p.lenient && p.most == 0 {
		v.Members = make([]Member, 0, 16) // a ProcessInfo has 14
	}
	for {
		if p.tooMany() {
			return errCount
		}
		if name, kind, text, ok := p.shortMember(); ok {
			v.Members = append(v.Members, Member{Name: name})
			if err := p.finish(kind, text, 0, &v.Members[len(v.Members)-1].Value); err != nil {
				return err
			}
			continue
		}
		tok, err := p.next()
		switch {
		case err != nil:
			return err
		case tok.kind == startTag:
			v.Members = append(v.Members, Member{})
			if err := p.member(tok.text, depth+1, &v.Members[len(v.Members)-1]); err != nil {
				return err
			}
		case tok.kind == endTag && tok.text == "struct":
			return nil
		case tok.kind != chars:
			return errTag
		}
	}
}

// member parses the rest of a member, which is exactly a name and a value.
func (p *parser) member(element string, depth int, m *Member) error {
	children := 0
	if text, ok := p.leaf("<name>", "</name>"); ok {
		m.Name = text
		children = 1
	}
	for {
		tok, err := p.next()
		switch {
		case err != nil:
			return err
		case tok.kind == startTag && children == 0:
			var name Value
			if err := p.element(tok.text, depth+1, &name); err != nil {
				return err
			}
			if name.Kind != String && name.Kind != Nil {
				return errShape
			}
			m.Name = name.Text
			children++
		case tok.kind == startTag && children == 1:
			if err := p.element(tok.text, depth+1, &m.Value); err != nil {
				return err
			}
			children++
		case tok.kind == endTag && tok.text == element && children == 2:
			return nil
		case tok.kind != chars:
			return errShape
		}
	}
}

// finish makes the value of an element that is not a list or struct. text is what precedes its first child; v holds the
// value of the first of its children.
func (p *parser) finish(name, text string, children int, v *Value) (err error) {
	switch name {
	case "value":
		if children == 0 {
			*v = Value{Kind: String, Text: text}
		}
	case "string":
		*v = Value{Kind: String, Text: text}
	case "int", "i4":
		*v = Value{Kind: Int}
		v.Number, err = strconv.ParseInt(number(text), 10, 64)
	case "boolean":
		*v = Value{Kind: Bool}
		if text == "1" {
			v.Number = 1
		}
	case "double":
		if strings.ContainsAny(text, "xXpP") { // hexadecimal floats are valid in Go only
			return errScalar
		}
		*v = Value{Kind: Double}
		v.Float, err = strconv.ParseFloat(number(text), 64)
	case "dateTime.iso8601":
		*v = Value{Kind: DateTime, Text: text}
		_, err = time.Parse("20060102T15:04:05", text)
	case "base64":
		*v, err = p.base64(text)
	case "array", "param", "fault":
		if children == 0 {
			return errShape
		}
		if name == "fault" {
			p.fault = *v
		}
	default:
		if name == "methodName" {
			p.method = text
		}
		*v = Value{}
		if text != "" {
			*v = Value{Kind: String, Text: text}
		}
	}
	return err
}

// number removes what Python allows in a number: white space around it, and single underscores between digits.
func number(text string) string {
	text = strings.TrimSpace(text)
	if strings.IndexByte(text, '_') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		between := i > 0 && i < len(text)-1 && isDigit(text[i-1]) && isDigit(text[i+1])
		if text[i] != '_' || !between {
			out = append(out, text[i])
		}
	}
	return string(out)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// base64 decodes text and ignores characters outside of the alphabet.
func (p *parser) base64(text string) (Value, error) {
	var digits strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || isDigit(c) || c == '+' || c == '/' || c == '=' {
			digits.WriteByte(c)
		}
	}
	data, err := base64.StdEncoding.DecodeString(digits.String())
	if err != nil {
		return Value{}, err
	}
	p.binary = p.binary || !utf8.Valid(data)
	return Value{Kind: Base64, Text: string(data)}, nil
}
