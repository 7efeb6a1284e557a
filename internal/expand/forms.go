package expand

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// The names and forms that the original does not have. A name that the scope has is never taken for a form.
//
//	VAR_x                     the variable x of the configuration, in any case
//	ENV_X:-text, VAR_x:-text  text, if the variable is not set or empty
//	ENV_X-text, VAR_x-text    text, if the variable is not set
//	ENV_X:?text, VAR_x:?text  an error with the text, if the variable is not set or empty
//	cpu_count                 the number of processors
//	process_num+1, -1, *2     a number and an operand; also for numprocs and cpu_count

// Kinds of variables that may have a default.
const (
	envPrefix = "ENV_"
	varPrefix = "VAR_"
)

const cpuCount = "cpu_count"

// notSet is the error about a variable that must be set.
type notSet struct{ name, text string }

func (e notSet) Error() string {
	if e.text == "" {
		return e.name + " is not set"
	}
	return e.name + " is not set: " + e.text
}

var errTooBig = errors.New("number too big")

// extended returns the value of a name or form that the original does not have. ok is false if it is neither.
func (s *Scope) extended(name string) (v Variable, ok bool, err error) {
	form := name
	switch prefix := name[:min(len(name), len(envPrefix))]; {
	case name == cpuCount:
		v, ok = s.number(name)
	case prefix == envPrefix, prefix == varPrefix:
		if text, found := s.variable(name); found {
			v, ok = Variable{Text: text}, true
			break
		}
		operator, rest := s.operator(name[len(prefix):])
		if operator == "" {
			return v, false, nil
		}
		at := len(name) - len(rest)
		form = name[:at] + "..." // what follows may be a part of a password
		v.Text, ok = rest, true
		text, set := s.variable(name[:at-len(operator)])
		switch {
		case set && (text != "" || operator == "-"):
			v.Text = text
		case operator == ":?":
			err = notSet{name[:at-len(operator)], rest}
		}
	default:
		v, ok, err = s.computed(name)
	}
	if ok && s.Used != nil {
		s.Used(form)
	}
	return v, ok, err
}

// variable returns the value of ENV_X or VAR_x.
func (s *Scope) variable(name string) (text string, ok bool) {
	if key, is := strings.CutPrefix(name, varPrefix); is {
		text, ok = s.Variables[strings.ToLower(key)]
		return text, ok
	}
	return s.environment(strings.TrimPrefix(name, envPrefix))
}

// operator finds the operator behind the name of a variable, and returns what follows. If there are several, the first behind a
// variable that is set counts, because names may contain a minus; else the first.
func (s *Scope) operator(text string) (operator, rest string) {
	for i := 0; i < len(text); i++ {
		found := ""
		for _, o := range []string{":-", ":?", "-"} {
			if strings.HasPrefix(text[i:], o) {
				found = o
				break
			}
		}
		switch {
		case found == "":
			continue
		case i == 0: // there is no name
			return "", ""
		}
		if operator == "" {
			operator, rest = found, text[i+len(found):]
		}
		_, env := s.environment(text[:i])
		_, own := s.Variables[strings.ToLower(text[:i])]
		if env || own {
			return found, text[i+len(found):]
		}
		i += len(found) - 1
	}
	return operator, rest
}

// number returns a variable that is a number.
func (s *Scope) number(name string) (Variable, bool) {
	if name == cpuCount && s.CPUs != nil {
		return Variable{Name: name, Number: s.CPUs(), IsNumber: true}, true
	}
	for _, v := range s.Vars {
		if v.Name == name && v.IsNumber {
			return v, true
		}
	}
	return Variable{}, false
}

// computed returns the value of a number with an operand, such as process_num+8000.
func (s *Scope) computed(name string) (v Variable, ok bool, err error) {
	at := strings.IndexAny(name, "+-*")
	if at < 0 {
		return v, false, nil
	}
	digits := name[at+1:]
	if v, ok = s.number(name[:at]); !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return v, false, nil
	}
	operand, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || v.Number > math.MaxInt32 || v.Number < math.MinInt32 {
		return v, true, errTooBig
	}
	switch n := int(operand); name[at] {
	case '+':
		v.Number += n
	case '-':
		v.Number -= n
	default:
		v.Number *= n
	}
	return v, true, nil
}
