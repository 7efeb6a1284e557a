package xmlrpc

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is the type of a token.
type kind uint8

const (
	startTag kind = iota // text: the element's name
	endTag               // text: the element's name
	chars                // text: character data, references resolved
	end                  // the end of the document
)

type token struct {
	kind kind
	text string
}

// scanner splits an XML document into tokens. Comments, processing instructions, attributes and the document type are
// skipped. Only the five entities of XML itself exist, so a document cannot grow while it is read. The texts of tokens
// share the memory of the document where possible.
type scanner struct {
	doc      string
	pos      int
	open     string // the element of a tag such as <nil/>, whose end tag has not been returned yet
	unclosed bool   // open is set
	lenient  bool   // a reference to a character that XML does not allow is U+FFFD instead of an error
}

var (
	errCut       = errors.New("xml: the document ends too early")
	errTag       = errors.New("xml: malformed tag")
	errReference = errors.New("xml: unknown or illegal reference")
)

// next returns the next token. Adjacent character data may be several tokens.
func (s *scanner) next() (token, error) {
	if s.unclosed {
		s.unclosed = false
		return token{endTag, s.open}, nil
	}
	for s.pos < len(s.doc) {
		rest := s.doc[s.pos:]
		switch {
		case rest[0] != '<':
			n := strings.IndexByte(rest, '<')
			if n < 0 {
				n = len(rest)
			}
			s.pos += n
			text, err := s.resolve(rest[:n])
			return token{chars, text}, err
		case strings.HasPrefix(rest, "</"):
			return s.endTag()
		case strings.HasPrefix(rest, "<![CDATA["):
			n := strings.Index(rest, "]]>")
			if n < 0 {
				return token{}, errCut
			}
			s.pos += n + len("]]>")
			return token{chars, unixLines(rest[len("<![CDATA["):n])}, nil
		case strings.HasPrefix(rest, "<!--"):
			if !s.skip("<!--", "-->") {
				return token{}, errCut
			}
		case strings.HasPrefix(rest, "<?"):
			if !s.skip("<?", "?>") {
				return token{}, errCut
			}
		case strings.HasPrefix(rest, "<!DOCTYPE"):
			if !s.skipDocumentType() {
				return token{}, errCut
			}
		default:
			return s.startTag()
		}
	}
	return token{kind: end}, nil
}

// leaf is a fast path for text between exactly these two tags, which most of a long list consists of. If anything else
// follows, ok is false and nothing is consumed.
func (s *scanner) leaf(begin, end string) (text string, ok bool) {
	if s.unclosed {
		return "", false
	}
	rest := strings.TrimLeft(s.doc[s.pos:], "\n")
	if !strings.HasPrefix(rest, begin) {
		return "", false
	}
	rest = rest[len(begin):]
	n := strings.IndexByte(rest, '<')
	if n < 0 || !strings.HasPrefix(rest[n:], end) {
		return "", false
	}
	text, err := s.resolve(rest[:n])
	if err != nil {
		return "", false
	}
	s.pos = len(s.doc) - len(rest) + n + len(end)
	return text, true
}

// shortMember is the same for a whole member whose value is an <int> or a <string>, in the layout of both supervisords.
func (s *scanner) shortMember() (name, kind, text string, ok bool) {
	const open, middle = "<member>\n<name>", "</name>\n<value><"
	rest := s.doc[s.pos:]
	if s.unclosed || len(rest) == 0 {
		return "", "", "", false
	}
	if rest[0] == '\n' {
		rest = rest[1:]
	}
	if !strings.HasPrefix(rest, open) {
		return "", "", "", false
	}
	rest = rest[len(open):]
	n := strings.IndexByte(rest, '<')
	if n < 0 || !strings.HasPrefix(rest[n:], middle) {
		return "", "", "", false
	}
	name, rest = rest[:n], rest[n+len(middle):]
	close := "</string></value>\n</member>"
	switch {
	case strings.HasPrefix(rest, "string>"):
		kind, rest = "string", rest[len("string>"):]
	case strings.HasPrefix(rest, "int>"):
		kind, rest = "int", rest[len("int>"):]
		close = "</int></value>\n</member>"
	default:
		return "", "", "", false
	}
	n = strings.IndexByte(rest, '<')
	if n < 0 || !strings.HasPrefix(rest[n:], close) || strings.ContainsAny(name, "&\r") {
		return "", "", "", false
	}
	text, err := s.resolve(rest[:n])
	if err != nil {
		return "", "", "", false
	}
	s.pos = len(s.doc) - len(rest) + n + len(close)
	return name, kind, text, true
}

// skip moves past the next end after begin, which is at the current position; false if there is none.
func (s *scanner) skip(begin, end string) bool {
	n := strings.Index(s.doc[s.pos+len(begin):], end)
	if n < 0 {
		return false
	}
	s.pos += len(begin) + n + len(end)
	return true
}

// skipDocumentType moves past a <!DOCTYPE ...> with its declarations; false if its end is missing.
func (s *scanner) skipDocumentType() bool {
	depth, quote := 0, byte(0)
	for ; s.pos < len(s.doc); s.pos++ {
		switch c := s.doc[s.pos]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			depth++
		case c == '>':
			if depth--; depth == 0 {
				s.pos++
				return true
			}
		}
	}
	return false
}

func (s *scanner) endTag() (token, error) {
	s.pos += len("</")
	name := s.name()
	s.blanks()
	if name == "" || s.pos == len(s.doc) || s.doc[s.pos] != '>' {
		return token{}, errTag
	}
	s.pos++
	return token{endTag, name}, nil
}

func (s *scanner) startTag() (token, error) {
	s.pos += len("<")
	name := s.name()
	if name == "" {
		return token{}, errTag
	}
	for {
		blank := s.blanks()
		if s.pos == len(s.doc) {
			return token{}, errCut
		}
		switch {
		case s.doc[s.pos] == '>':
			s.pos++
			return token{startTag, name}, nil
		case strings.HasPrefix(s.doc[s.pos:], "/>"):
			s.pos += len("/>")
			s.open, s.unclosed = name, true
			return token{startTag, name}, nil
		case !blank || !s.attribute():
			return token{}, errTag
		}
	}
}

// attribute moves past name="value"; false if something else follows.
func (s *scanner) attribute() bool {
	if s.name() == "" {
		return false
	}
	s.blanks()
	if s.pos == len(s.doc) || s.doc[s.pos] != '=' {
		return false
	}
	s.pos++
	s.blanks()
	if s.pos == len(s.doc) || s.doc[s.pos] != '"' && s.doc[s.pos] != '\'' {
		return false
	}
	n := strings.IndexByte(s.doc[s.pos+1:], s.doc[s.pos])
	if n < 0 || strings.IndexByte(s.doc[s.pos+1:s.pos+1+n], '<') >= 0 {
		return false
	}
	s.pos += n + 2
	return true
}

// name consumes a name; it is empty if none follows.
func (s *scanner) name() string {
	rest := s.doc[s.pos:]
	n := 0
	for n < len(rest) && (inName[rest[n]] || n > 0 && laterInName(rest[n])) {
		n++
	}
	s.pos += n
	return rest[:n]
}

// inName holds the bytes that may begin a name.
var inName = func() (table [256]bool) {
	for c := range table {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		table[c] = letter || c == '_' || c == ':' || c >= utf8.RuneSelf
	}
	return table
}()

// laterInName reports whether c is allowed in a name after its first byte only.
func laterInName(c byte) bool { return '0' <= c && c <= '9' || c == '.' || c == '-' }

// blanks moves past white space and reports whether there was any.
func (s *scanner) blanks() bool {
	begin := s.pos
	for s.pos < len(s.doc) && isBlank(s.doc[s.pos]) {
		s.pos++
	}
	return s.pos > begin
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// resolve replaces the references in character data and turns line ends into line feeds, as XML requires.
func (s *scanner) resolve(text string) (string, error) {
	text = unixLines(text)
	n := strings.IndexByte(text, '&')
	if n < 0 {
		return text, nil
	}
	out := make([]byte, 0, len(text))
	for ; n >= 0; n = strings.IndexByte(text, '&') {
		out = append(out, text[:n]...)
		text = text[n+1:]
		length := strings.IndexByte(text, ';')
		if length < 0 {
			return "", errReference
		}
		r, ok := s.reference(text[:length])
		if !ok {
			return "", errReference
		}
		out = utf8.AppendRune(out, r)
		text = text[length+1:]
	}
	return string(append(out, text...)), nil
}

// reference returns the character of &name;.
func (s *scanner) reference(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, found := strings.CutPrefix(name, "#")
	if !found {
		return 0, false
	}
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 31)
	if err != nil || !isXML(rune(n)) {
		return utf8.RuneError, err == nil && s.lenient
	}
	return rune(n), true
}

func unixLines(text string) string {
	if strings.IndexByte(text, '\r') < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// isXML reports whether XML 1.0 allows the character.
func isXML(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}
