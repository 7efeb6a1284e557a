package expand

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// unknownName is the error about a name that is not in the scope.
type unknownName string

func (n unknownName) Error() string { return string(n) }

// widest is the limit for the width and precision of a field, which protects the memory.
const widest = 1 << 16

// formatter replaces the formats in a text.
type formatter struct {
	scope *Scope
	runes []rune
	at    int
	out   strings.Builder
	named bool // there was a format with a name
	keep  func(name string) bool
}

// spec is a format: %(name)[flags][width][.precision]verb.
type spec struct {
	arg                             Variable
	name                            string
	named                           bool
	percent                         bool // %%, which has no flags and no width
	minus, plus, space, zero, sharp bool
	width, precision                int // precision -1: none
	verb                            rune
	verbAt                          int
}

func (f *formatter) run() error {
	for f.at < len(f.runes) {
		r := f.runes[f.at]
		f.at++
		if r != '%' {
			f.out.WriteRune(r)
			continue
		}
		start := f.at - 1
		s, err := f.spec()
		if err != nil {
			return err
		}
		text, err := s.format()
		switch {
		case err != nil:
			return err
		case f.keep != nil && s.named && f.keep(s.name):
			text = string(f.runes[start:f.at])
		case f.keep != nil:
			text = strings.ReplaceAll(text, "%", "%%")
		}
		f.out.WriteString(text)
	}
	return nil
}

// spec parses the format after the % before at.
func (f *formatter) spec() (spec, error) {
	s := spec{precision: -1}
	if f.at < len(f.runes) && f.runes[f.at] == '%' {
		f.at++
		return spec{percent: true}, nil
	}
	if f.at < len(f.runes) && f.runes[f.at] == '(' {
		if err := f.key(&s); err != nil {
			return s, err
		}
	}
	f.flags(&s)
	width, err := f.number(s, "width too big")
	if err != nil {
		return s, err
	}
	s.width = max(width, 0)
	if f.at < len(f.runes) && f.runes[f.at] == '.' {
		f.at++
		precision, err := f.number(s, "precision too big")
		if err != nil {
			return s, err
		}
		s.precision = max(precision, 0)
	}
	if f.at < len(f.runes) && strings.ContainsRune("hlL", f.runes[f.at]) {
		f.at++
	}
	if f.at == len(f.runes) {
		return s, errors.New("incomplete format")
	}
	s.verb, s.verbAt = f.runes[f.at], f.at
	f.at++
	if !s.named && f.named {
		return s, errors.New("not enough arguments for format string")
	}
	f.named = f.named || s.named
	return s, nil
}

// key parses (name). Parentheses inside must match.
func (f *formatter) key(s *spec) error {
	depth, start := 0, f.at+1
	for ; f.at < len(f.runes); f.at++ {
		switch f.runes[f.at] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			break
		}
	}
	if f.at == len(f.runes) {
		return errors.New("incomplete format key")
	}
	name := string(f.runes[start:f.at])
	f.at++
	arg, err := f.scope.find(name, f.at < len(f.runes) && f.runes[f.at] == 's')
	if err != nil {
		return err
	}
	s.arg, s.name, s.named = arg, name, true
	return nil
}

func (f *formatter) flags(s *spec) {
	for ; f.at < len(f.runes); f.at++ {
		switch f.runes[f.at] {
		case '-':
			s.minus = true
		case '+':
			s.plus = true
		case ' ':
			s.space = true
		case '0':
			s.zero = true
		case '#':
			s.sharp = true
		default:
			return
		}
	}
}

// number parses digits, and returns -1 if there are none.
func (f *formatter) number(s spec, tooBig string) (n int, err error) {
	if f.at < len(f.runes) && f.runes[f.at] == '*' {
		if s.named && s.arg.IsNumber {
			return n, errors.New("not enough arguments for format string")
		}
		return n, errors.New("* wants int")
	}
	n = -1
	for ; f.at < len(f.runes) && f.runes[f.at] >= '0' && f.runes[f.at] <= '9'; f.at++ {
		n = max(n, 0)*10 + int(f.runes[f.at]-'0')
		if n > widest {
			return n, errors.New(tooBig)
		}
	}
	return n, nil
}

func (s *spec) format() (string, error) {
	kind := "dict" // the type to which Python applies a format without a name
	if s.named {
		kind = "str"
	}
	isNumber := s.named && s.arg.IsNumber
	if s.percent {
		return "%", nil
	}
	switch s.verb {
	case 's', 'r', 'a':
		if !s.named {
			return "", fmt.Errorf("%%%c format: a name is required", s.verb)
		}
		return s.pad("", s.cut(s.text()), false), nil
	case 'd', 'i', 'u':
		if !isNumber {
			return "", fmt.Errorf("%%%c format: a real number is required, not %s", s.verb, kind)
		}
		return s.integer(10, ""), nil
	case 'x', 'X', 'o':
		if !isNumber {
			return "", fmt.Errorf("%%%c format: an integer is required, not %s", s.verb, kind)
		}
		if s.verb == 'o' {
			return s.integer(8, "0o"), nil
		}
		return s.integer(16, "0"+string(s.verb)), nil
	case 'e', 'E', 'f', 'F', 'g', 'G':
		if !isNumber {
			return "", fmt.Errorf("must be real number, not %s", kind)
		}
		return s.float(), nil
	case 'c':
		return s.character(isNumber)
	}
	shown := s.verb
	if shown < 31 || shown > 126 { // as in Python
		shown = '?'
	}
	return "", fmt.Errorf("unsupported format character '%c' (0x%x) at index %d", shown, s.verb, s.verbAt)
}

// text returns the argument for the verbs s, r and a.
func (s *spec) text() string {
	switch {
	case s.arg.IsNumber:
		return strconv.Itoa(s.arg.Number)
	case s.verb == 's':
		return s.arg.Text
	}
	quoted := pyrepr.Quote(s.arg.Text)
	if s.verb == 'r' {
		return quoted
	}
	var b strings.Builder
	for _, r := range quoted {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

func (s *spec) cut(text string) string {
	if s.precision < 0 || utf8.RuneCountInString(text) <= s.precision {
		return text
	}
	return string([]rune(text)[:s.precision])
}

func (s *spec) character(isNumber bool) (string, error) {
	switch {
	case isNumber && s.arg.Number >= 0 && s.arg.Number <= utf8.MaxRune:
		return s.pad("", string(rune(s.arg.Number)), false), nil
	case isNumber:
		return "", errors.New("%c arg not in range(0x110000)")
	case s.named && utf8.RuneCountInString(s.arg.Text) == 1:
		return s.pad("", s.arg.Text, false), nil
	}
	return "", errors.New("%c requires int or char")
}

func (s *spec) integer(base int, prefix string) string {
	digits := strconv.FormatInt(int64(s.arg.Number), base)
	sign, digits := s.sign(digits)
	if s.verb == 'X' {
		digits = strings.ToUpper(digits)
	}
	digits = strings.Repeat("0", max(s.precision-len(digits), 0)) + digits
	if s.sharp {
		sign += prefix
	}
	return s.pad(sign, digits, true)
}

func (s *spec) float() string {
	precision := s.precision
	if precision < 0 {
		precision = 6
	}
	verb := byte(s.verb)
	if verb == 'F' {
		verb = 'f'
	}
	sign, digits := s.sign(strconv.FormatFloat(float64(s.arg.Number), verb, precision, 64))
	return s.pad(sign, digits, true)
}

// sign splits a number into its sign and its digits.
func (s *spec) sign(number string) (sign, digits string) {
	switch {
	case number[0] == '-':
		return "-", number[1:]
	case s.plus:
		return "+", number
	case s.space:
		return " ", number
	}
	return "", number
}

// pad pads to the width: with zeros between sign and digits, or with blanks.
func (s *spec) pad(sign, body string, isNumber bool) string {
	missing := s.width - utf8.RuneCountInString(sign) - utf8.RuneCountInString(body)
	switch {
	case missing <= 0:
		return sign + body
	case s.minus:
		return sign + body + strings.Repeat(" ", missing)
	case s.zero && isNumber:
		return sign + strings.Repeat("0", missing) + body
	}
	return strings.Repeat(" ", missing) + sign + body
}
