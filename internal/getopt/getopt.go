// Package getopt parses command lines with the rules and messages of Python's getopt and of the original: options first, bundled or
// with long names that may be shortened. It prints nothing and does not exit. Any goroutine may use it.
package getopt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Option is an option of a program that collects its settings in a T. The text is empty for an option without argument.
type Option[T any] struct {
	Short    byte // 0: none
	Long     string
	Argument bool
	Whole    bool // the long name cannot be shortened, nor does it make a shortened one ambiguous
	Set      func(to *T, text string) error
}

// Given is an option of a command line.
type Given[T any] struct {
	Option *Option[T]
	Name   string // "-c" or "--configuration", never abbreviated
	Text   string
}

// ErrStop is returned by Set to skip the remaining options.
var ErrStop = errors.New("stop")

// Parse parses a command line and then calls Set of each option, in order. rest is what follows the options.
func Parse[T any](to *T, options []Option[T], args []string, takesRest bool) (rest []string, err error) {
	list, rest, err := Split(options, args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 && !takesRest {
		return nil, fmt.Errorf("positional arguments are not supported: %s", pyrepr.List(rest))
	}
	var seen []*Option[T]
	for _, g := range list {
		err := g.Option.Set(to, g.Text)
		if err == ErrStop {
			return rest, nil
		}
		if err != nil {
			return nil, fmt.Errorf("invalid value for %s %s: %w", g.Name, pyrepr.Quote(g.Text), err)
		}
		if slices.Contains(seen, g.Option) {
			return nil, fmt.Errorf("conflicting command line option %s", pyrepr.Quote(g.Name))
		}
		seen = append(seen, g.Option)
	}
	return rest, nil
}

// Split splits a command line into options and the rest, without calling Set.
func Split[T any](options []Option[T], args []string) (list []Given[T], rest []string, err error) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			break
		}
		if long, ok := strings.CutPrefix(arg, "--"); ok {
			g, err := findLong(options, long)
			if err != nil {
				return nil, nil, err
			}
			if g.Option.Argument && !strings.Contains(long, "=") {
				if len(args) == 0 {
					return nil, nil, fmt.Errorf("option %s requires argument", g.Name)
				}
				g.Text, args = args[0], args[1:]
			}
			list = append(list, g)
			continue
		}
		for bundle := arg[1:]; bundle != ""; {
			r, size := utf8.DecodeRuneInString(bundle)
			bundle = bundle[size:]
			i := slices.IndexFunc(options, func(o Option[T]) bool { return r != 0 && rune(o.Short) == r })
			if i < 0 {
				return nil, nil, fmt.Errorf("option -%c not recognized", r)
			}
			g := Given[T]{Option: &options[i], Name: "-" + string(r)}
			if g.Option.Argument {
				if bundle == "" && len(args) == 0 {
					return nil, nil, fmt.Errorf("option -%c requires argument", r)
				} else if bundle == "" {
					bundle, args = args[0], args[1:]
				}
				g.Text, bundle = bundle, ""
			}
			list = append(list, g)
		}
	}
	return list, args, nil
}

// findLong returns the option with a long name, which may be shortened and followed by =value.
func findLong[T any](options []Option[T], name string) (Given[T], error) {
	name, text, hasText := strings.Cut(name, "=")
	var found *Option[T]
	ambiguous := false
	for i := range options {
		o := &options[i]
		if o.Long == "" || !strings.HasPrefix(o.Long, name) || o.Whole && o.Long != name {
			continue
		}
		if o.Long == name {
			found, ambiguous = o, false
			break
		}
		if found == nil {
			found = o
		} else if strings.ReplaceAll(found.Long, "-", "_") != strings.ReplaceAll(o.Long, "-", "_") {
			ambiguous = true
		}
	}
	switch {
	case found == nil:
		return Given[T]{}, fmt.Errorf("option --%s not recognized", name)
	case ambiguous:
		return Given[T]{}, fmt.Errorf("option --%s not a unique prefix", name)
	case hasText && !found.Argument:
		return Given[T]{}, fmt.Errorf("option --%s must not have an argument", found.Long)
	}
	return Given[T]{Option: found, Name: "--" + found.Long, Text: text}, nil
}
