package xmlrpc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxDepth bounds how deep elements stand in one another; an array in an array takes three.
	maxDepth = 300
	// maxValues bounds how many values and members a call has: the shortest takes four bytes to send and a hundred to keep.
	maxValues = 1 << 16
)

// The two ways in which a call can be no call; the caller logs them with these words. Source: rpc, "Routing".
var (
	ErrUnmarshallable = errors.New("unmarshallable")
	ErrNoMethodName   = errors.New("no method name")
)

// ParseCall reads a method call. The name of the root element is not checked, <params> may be missing, an unknown
// element counts as its text, or nil if it has none. A text that is not well-formed or not UTF-8, a bad scalar, or too
// deep a nesting is ErrUnmarshallable; an empty or missing <methodName> is ErrNoMethodName. Source: rpc, "XML-RPC
// encoding".
func ParseCall(body []byte) (Call, error) {
	p := parser{scanner: scanner{doc: string(body)}}
	if err := p.document(); err != nil {
		return Call{}, fmt.Errorf("%w: %w", ErrUnmarshallable, err)
	}
	if p.method == "" {
		return Call{}, ErrNoMethodName
	}
	return Call{Method: p.method, Params: p.params}, nil
}

// ParseResponse reads the answer to a call: the result, or the fault, which is nil if there is none. Characters that
// are illegal in XML and bytes that are not UTF-8 are let through as they are: servers of old send them in logs.
func ParseResponse(body []byte) (Value, *Fault, error) {
	p := parser{scanner: scanner{doc: string(body), forgiving: true}}
	if err := p.document(); err != nil {
		return Value{}, nil, err
	}
	if code, ok := p.fault.Get("faultCode"); ok {
		text, _ := p.fault.Get("faultString")
		return Value{}, &Fault{Code: int(code.Number), Text: text.Text}, nil
	}
	if len(p.params) != 1 {
		return Value{}, nil, errors.New("xmlrpc: a response without a result")
	}
	return p.params[0], nil, nil
}

// ParseList reads the answer to a call whose result is an array, and gives its items away one by one; an item is the
// caller's until each returns. So a list of any length takes the memory of one item. The fault is nil if there is none.
func ParseList(body string, each func(Value)) (*Fault, error) {
	p := parser{scanner: scanner{doc: body, forgiving: true}, each: each}
	if err := p.document(); err != nil {
		return nil, err
	}
	if code, ok := p.fault.Get("faultCode"); ok {
		text, _ := p.fault.Get("faultString")
		return &Fault{Code: int(code.Number), Text: text.Text}, nil
	}
	if len(p.params) != 1 || p.params[0].Kind != Array {
		return nil, errNoList
	}
	return nil, nil
}

// parser keeps what the elements of a document amount to.
type parser struct {
	scanner
	method string
	params []Value
	fault  Value
	count  int         // of the values and members of a call
	each   func(Value) // gets the items of the array that is the result; nil: they are kept
}

// resultDepth is how deep the <data> of a response's result stands, below methodResponse, params, param, value, array.
const resultDepth = 6

var (
	errShape  = errors.New("xmlrpc: an element is missing or in the wrong place")
	errCount  = errors.New("xmlrpc: too many values")
	errDepth  = errors.New("xmlrpc: elements stand too deep in one another")
	errScalar = errors.New("xmlrpc: malformed scalar")
	errNoList = errors.New("xmlrpc: the result is no array")
)

// document reads one root element and nothing but blanks beside it.
func (p *parser) document() error {
	p.doc = strings.TrimPrefix(p.doc, "\ufeff")
	if !p.forgiving && !isText(p.doc) {
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

// isText says whether doc is UTF-8 and has only characters that XML knows.
func isText(doc string) bool {
	for i := 0; i < len(doc); i++ {
		if c := doc[i]; c < ' ' && !isBlank(c) {
			return false
		}
	}
	return utf8.ValidString(doc)
}

// element reads to the end of the element of that name, whose start tag has been read, and puts its value into v, which
// is zero.
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
				into = new(Value) // read and forgotten
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

// full counts one more value and tells whether those are too many. The answers of servers are not counted.
func (p *parser) full() bool {
	p.count++
	return p.count > maxValues && !p.forgiving
}

// list reads to the end of an element all of whose children are values.
func (p *parser) list(name string, depth int, v *Value) error {
	v.Kind = Array
	var item Value // of a list that is given away
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
		case tok.kind == startTag && p.full():
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

// structure reads to the end of a struct.
func (p *parser) structure(depth int, v *Value) error {
	v.Kind = Struct
	if v.Members == nil && p.forgiving {
		v.Members = make([]Member, 0, 16) // a ProcessInfo has 14
	}
	for {
		if p.full() {
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

// member reads to the end of a struct's child: exactly a name and a value.
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

// finish makes the value of an element that is no list and no struct: text stands before its first child, of children
// in all, whose value v holds.
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
		if strings.ContainsAny(text, "xXpP") { // Go's hexadecimal floats are no XML-RPC
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

// number drops what may surround and divide the digits of a number: blanks, and single underscores.
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

// base64 decodes text; characters that do not belong to the alphabet are passed over. What a client sends has to be
// UTF-8, since methods take text.
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
	if !p.forgiving && !utf8.Valid(data) {
		return Value{}, errScalar
	}
	return Value{Kind: Base64, Text: string(data)}, nil
}
