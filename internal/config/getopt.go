package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// option is one command line option of a program, whose settings are collected in a T. An option without argument is a
// switch; set then gets an empty text.
type option[T any] struct {
	short    byte // 0: none
	long     string
	argument bool
	repeat   bool // may be given more than once
	whole    bool // the long name cannot be shortened, nor does it stand in the way of one that can
	set      func(to *T, text string) error
}

// given is one option as it stands on the command line.
type given[T any] struct {
	option *option[T]
	name   string // "-c" or "--configuration", never abbreviated
	text   string
}

// errStop is what an option's set returns when the command line need not be looked at any further.
var errStop = errors.New("stop")

// getopt reads a command line into to. Options come first; they may be bundled and long names may be shortened. An
// option acts in its turn, after all have been read. rest is what follows them.
func getopt[T any](to *T, options []option[T], args []string, takesRest bool) (rest []string, err error) {
	list, rest, err := splitOptions(options, args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 && !takesRest {
		return nil, fmt.Errorf("positional arguments are not supported: %s", pyrepr.List(rest))
	}
	var seen []*option[T]
	for _, g := range list {
		err := g.option.set(to, g.text)
		if err == errStop {
			return rest, nil
		}
		if err != nil {
			return nil, fmt.Errorf("invalid value for %s %s: %w", g.name, pyrepr.Quote(g.text), err)
		}
		if !g.option.repeat && slices.Contains(seen, g.option) {
			return nil, fmt.Errorf("conflicting command line option %s", pyrepr.Quote(g.name))
		}
		seen = append(seen, g.option)
	}
	return rest, nil
}

func splitOptions[T any](options []option[T], args []string) (list []given[T], rest []string, err error) {
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
			if g.option.argument && !strings.Contains(long, "=") {
				if len(args) == 0 {
					return nil, nil, fmt.Errorf("option %s requires argument", g.name)
				}
				g.text, args = args[0], args[1:]
			}
			list = append(list, g)
			continue
		}
		for bundle := arg[1:]; bundle != ""; {
			r, size := utf8.DecodeRuneInString(bundle)
			bundle = bundle[size:]
			i := slices.IndexFunc(options, func(o option[T]) bool { return r != 0 && rune(o.short) == r })
			if i < 0 {
				return nil, nil, fmt.Errorf("option -%c not recognized", r)
			}
			g := given[T]{option: &options[i], name: "-" + string(r)}
			if g.option.argument {
				if bundle == "" && len(args) == 0 {
					return nil, nil, fmt.Errorf("option -%c requires argument", r)
				} else if bundle == "" {
					bundle, args = args[0], args[1:]
				}
				g.text, bundle = bundle, ""
			}
			list = append(list, g)
		}
	}
	return list, args, nil
}

// findLong finds the option that name, perhaps shortened and with =value, means.
func findLong[T any](options []option[T], name string) (given[T], error) {
	name, text, hasText := strings.Cut(name, "=")
	var found *option[T]
	ambiguous := false
	for i := range options {
		o := &options[i]
		if o.long == "" || !strings.HasPrefix(o.long, name) || o.whole && o.long != name {
			continue
		}
		if o.long == name {
			found, ambiguous = o, false
			break
		}
		if found == nil {
			found = o
		} else if strings.ReplaceAll(found.long, "-", "_") != strings.ReplaceAll(o.long, "-", "_") {
			ambiguous = true
		}
	}
	switch {
	case found == nil:
		return given[T]{}, fmt.Errorf("option --%s not recognized", name)
	case ambiguous:
		return given[T]{}, fmt.Errorf("option --%s not a unique prefix", name)
	case hasText && !found.argument:
		return given[T]{}, fmt.Errorf("option --%s must not have an argument", found.long)
	}
	return given[T]{option: found, name: "--" + found.long, text: text}, nil
}
