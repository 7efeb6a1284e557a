package xmlrpc

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
)

// Encoder writes one response: NewEncoder, one value, Finish. An array or a struct is one value between its Begin and
// its End; in a struct each value follows a Member, or is written by StringMember or IntMember. The order of calls is not
// checked.
//
//	e := xmlrpc.NewEncoder(nil)
//	e.BeginStruct()
//	e.Member("statecode")
//	e.Int(1)
//	e.EndStruct()
//	body := e.Finish()
//
// With a limit, a text that would pass it is left out: after each value the caller asks Fits, and takes back by Rewind what
// does not fit.
type Encoder struct {
	buf     []byte
	inside  []bool // for each open array or struct: whether it is a struct
	limit   int    // of the length of buf; 0: none
	omitted bool   // a text was left out
}

const (
	head = "<?xml version='1.0'?>\n<methodResponse>\n"
	tail = "</methodResponse>\n"
)

// NewEncoder begins a response, which it appends to dst; dst may be nil.
func NewEncoder(dst []byte) *Encoder {
	return &Encoder{buf: append(dst, head+"<params>\n<param>\n"...)}
}

// NewLimited is NewEncoder for a response of about limit bytes, dst included: values that Fits accepts because they are short
// may exceed it.
func NewLimited(dst []byte, limit int) *Encoder {
	e := NewEncoder(dst)
	e.limit = limit
	return e
}

// Mark returns the position of the next value.
func (e *Encoder) Mark() int { return len(e.buf) }

// Between returns what was written between two marks. It stays the encoder's.
func (e *Encoder) Between(from, to int) []byte { return e.buf[from:to] }

// Raw writes values that an encoder has written.
func (e *Encoder) Raw(values []byte) { e.buf = append(e.buf, values...) }

// Fits reports whether the value that was written since the mark is complete and within the limit, or so short that it does
// not matter.
func (e *Encoder) Fits(mark int) bool {
	return !e.omitted && (e.limit == 0 || len(e.buf) <= e.limit || len(e.buf)-mark <= short)
}

// Rewind takes back what was written since the mark, whether it fits or not.
func (e *Encoder) Rewind(mark int) { e.buf, e.omitted = e.buf[:mark], false }

// Finish ends the response and returns the extended dst.
func (e *Encoder) Finish() []byte {
	e.buf = append(e.buf, "</param>\n</params>\n"+tail...)
	return e.buf
}

// Int writes an integer. The protocol has 32 bits; a number that does not fit becomes the nearest one that does.
func (e *Encoder) Int(n int64) {
	e.buf = append(e.buf, "<value><int>"...)
	e.buf = appendInt(e.buf, n)
	e.buf = append(e.buf, "</int></value>\n"...)
	e.endMember()
}

// Bool writes a boolean.
func (e *Encoder) Bool(b bool) {
	if b {
		e.buf = append(e.buf, "<value><boolean>1</boolean></value>\n"...)
	} else {
		e.buf = append(e.buf, "<value><boolean>0</boolean></value>\n"...)
	}
	e.endMember()
}

// String writes a string. Bytes that are not UTF-8 and characters that XML does not allow become U+FFFD.
func (e *Encoder) String(s string) {
	e.buf = append(e.buf, "<value><string>"...)
	writeText(e, s)
	e.buf = append(e.buf, "</string></value>\n"...)
	e.endMember()
}

// Bytes is String for bytes, such as a part of a log.
func (e *Encoder) Bytes(b []byte) {
	e.buf = append(e.buf, "<value><string>"...)
	writeText(e, b)
	e.buf = append(e.buf, "</string></value>\n"...)
	e.endMember()
}

// Base64 writes bytes exactly.
func (e *Encoder) Base64(b []byte) {
	e.buf = append(e.buf, "<value><base64>"...)
	if e.limit > 0 && len(e.buf)+base64.StdEncoding.EncodedLen(len(b)) > e.limit {
		e.omitted = true
	} else {
		e.buf = base64.StdEncoding.AppendEncode(e.buf, b)
	}
	e.buf = append(e.buf, "</base64></value>\n"...)
	e.endMember()
}

// IsText reports whether XML can hold bytes as they are.
func IsText(b []byte) bool {
	for i := 0; i < len(b); {
		if plain[b[i]] || b[i] == '&' || b[i] == '<' || b[i] == '>' {
			i++
			continue
		}
		r, size := decodeRune(b[i:])
		if size == 1 || !isXML(r) {
			return false
		}
		i += size
	}
	return true
}

// BeginArray begins an array.
func (e *Encoder) BeginArray() {
	e.buf = append(e.buf, "<value><array><data>\n"...)
	e.inside = append(e.inside, false)
}

// EndArray ends the innermost array.
func (e *Encoder) EndArray() {
	e.buf = append(e.buf, "</data></array></value>\n"...)
	e.inside = e.inside[:len(e.inside)-1]
	e.endMember()
}

// BeginStruct begins a struct.
func (e *Encoder) BeginStruct() {
	e.buf = append(e.buf, "<value><struct>\n"...)
	e.inside = append(e.inside, true)
}

// Member names the next value of the struct. The name is not escaped.
func (e *Encoder) Member(name string) {
	e.buf = append(e.buf, "<member>\n<name>"...)
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, "</name>\n"...)
}

// EndStruct ends the innermost struct.
func (e *Encoder) EndStruct() {
	e.buf = append(e.buf, "</struct></value>\n"...)
	e.inside = e.inside[:len(e.inside)-1]
	e.endMember()
}

// Fault writes a fault as a value, as in the result of system.multicall. A response that is a fault is AppendFault.
func (e *Encoder) Fault(code int, text string) {
	e.BeginStruct()
	e.Member("faultCode")
	e.Int(int64(code))
	e.Member("faultString")
	e.String(text)
	e.EndStruct()
}

// endMember ends the member that the value just written belongs to, if it is in a struct.
func (e *Encoder) endMember() {
	if n := len(e.inside); n > 0 && e.inside[n-1] {
		e.buf = append(e.buf, "</member>\n"...)
	}
}

// MemberTag is the encoding of a member up to its value, made once for members that are written many times.
type MemberTag string

// StringTag is the MemberTag of a string, for StringMember. The name is not escaped.
func StringTag(name string) MemberTag {
	return MemberTag("<member>\n<name>" + name + "</name>\n<value><string>")
}

// IntTag is the MemberTag of an integer, for IntMember. The name is not escaped.
func IntTag(name string) MemberTag {
	return MemberTag("<member>\n<name>" + name + "</name>\n<value><int>")
}

// StringMember writes a member whose value is a string; see String.
func (e *Encoder) StringMember(tag MemberTag, s string) {
	buf := append(e.buf, tag...)
	if len(s) <= short { // nearly all, as fast as can be
		buf = appendText(buf, s)
	} else {
		e.buf = buf
		writeText(e, s)
		buf = e.buf
	}
	e.buf = append(buf, "</string></value>\n</member>\n"...)
}

// IntMember writes a member whose value is an integer; see Int.
func (e *Encoder) IntMember(tag MemberTag, n int64) {
	buf := appendInt(append(e.buf, tag...), n)
	e.buf = append(buf, "</int></value>\n</member>\n"...)
}

// AppendFault appends a whole response that is a fault.
func AppendFault(dst []byte, code int, text string) []byte {
	e := Encoder{buf: append(dst, head+"<fault>\n"...)}
	e.Fault(code, text)
	return append(e.buf, "</fault>\n"+tail...)
}

func appendInt(dst []byte, n int64) []byte {
	return strconv.AppendInt(dst, min(max(n, -math.MaxInt32), math.MaxInt32), 10)
}

// plain holds the bytes that are copied as they are.
var plain = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '&' && c != '<' && c != '>'
	}
	table['\t'], table['\n'], table['\r'] = true, true, true
	return table
}()

const (
	growth = len("&amp;") // how much longer a text may be when it is encoded
	short  = 512          // bytes of a text or a value that are written in spite of the limit
	long   = 64 << 10     // bytes of a text for which memory is allocated at once
)

// writeText writes s as the content of an element, or leaves it out if that would pass the limit.
func writeText[T string | []byte](e *Encoder, s T) {
	if len(s) > short && (len(s) > long || e.limit > 0 && len(e.buf)+len(s)*growth > e.limit) {
		length := textLength(s)
		if e.limit > 0 && len(e.buf)+length > e.limit {
			e.omitted = true
			return
		}
		e.grow(length)
	}
	e.buf = appendText(e.buf, s)
}

// grow makes space for n bytes. append would grow in small steps, which together take several times as much memory: a response
// that has become long gets all that it may use. Pages of it that are not written to cost nothing.
func (e *Encoder) grow(n int) {
	need := len(e.buf) + n
	if need <= cap(e.buf) {
		return
	}
	size := max(need, 2*cap(e.buf))
	if most := e.limit + long; e.limit > 0 && cap(e.buf) > e.limit/16 {
		size = max(need, most)
	}
	e.buf = append(make([]byte, 0, size), e.buf...)
}

// appendText appends s as the content of an element.
func appendText[T string | []byte](dst []byte, s T) []byte {
	done := 0 // s[:done] has been appended
	for i := 0; i < len(s); {
		if i+8 <= len(s) && allPlain(load(s, i)) {
			i += 8
			continue
		}
		if i+8 > len(s) && len(s) >= 8 && allPlain(load(s, len(s)-8)) {
			break // the rest, tested with the bytes before it
		}
		if plain[s[i]] {
			i++
			continue
		}
		r, size := decodeRune(s[i:])
		if s[i] >= utf8.RuneSelf && isXML(r) && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = append(dst, s[done:i]...)
		switch s[i] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		default:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		i += size
		done = i
	}
	return append(dst, s[done:]...)
}

// load returns s[i:i+8] as a number; the compiler makes it one instruction.
func load[T string | []byte](s T, i int) uint64 {
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// allPlain reports whether eight bytes can be copied as they are: none is below 0x20, above 0x7F, or one of "&<>". It is
// false for some plain bytes as well, such as line feeds; they are then examined one by one.
func allPlain(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	hasZero := func(x uint64) uint64 { return (x - ones) & ^x & tops }
	angles := hasZero((w &^ (ones * 2)) ^ ones*'<') // '<' and '>' differ in one bit
	amp := hasZero(w ^ ones*'&')
	return (angles|amp|(w-ones*' ')|w)&tops == 0
}

func decodeRune[T string | []byte](s T) (rune, int) {
	n := min(len(s), utf8.UTFMax)
	return utf8.DecodeRuneInString(string(s[:n]))
}
