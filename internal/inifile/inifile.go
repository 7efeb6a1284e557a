// Package inifile writes the sections of a configuration as a file that supervisord, the original and other programs read. It reads
// nothing. Any goroutine may call it.
package inifile

import (
	"bytes"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Write returns the text of the file. Where a section or key comes from is a comment above it, unless that is the same as of the key before it; a key without such a place is set by
// default, and is a comment itself. Values are written as they are, without quotes.
func Write(sections []api.ConfigSection) (string, error) {
	file := ini.Empty(ini.LoadOptions{AllowNestedValues: true, AllowNonUniqueSections: true, IgnoreInlineComment: true,
		PreserveSurroundedQuote: true})
	marks := unused(sections)
	for _, s := range sections {
		out, err := file.NewSection(s.Name)
		if err != nil {
			return "", err
		}
		comments, before := []string{}, ""
		for _, k := range s.Keys {
			if k.From == "" {
				comments = append(comments, comment("default: "+k.Name+" = "+k.Text))
			}
		}
		for _, k := range s.Keys {
			if k.From == "" {
				continue
			}
			first, rest, more := strings.Cut(k.Text, "\n")
			key, err := out.NewKey(k.Name, marks.hide(first))
			if err != nil {
				return "", err
			}
			if k.From != before {
				comments = append(comments, comment(k.From))
			}
			key.Comment = strings.Join(comments, ini.LineBreak)
			comments, before = nil, k.From
			for line := range strings.SplitSeq(rest, "\n") {
				if more {
					_ = key.AddNestedValue(line) // allowed by the options
				}
			}
		}
		out.Comment = strings.Join(append(comments, comment(s.From)), ini.LineBreak)
	}
	var b bytes.Buffer
	if _, err := file.WriteTo(&b); err != nil {
		return "", err
	}
	return marks.show(b.String()), nil
}

// comment returns a text as one line of a comment.
func comment(text string) string {
	return "; " + strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
}

// marks are characters that no value has. They stand for backquotes, and for the first of three quotes at the beginning, around which the
// library would put marks that supervisord takes for a part of the value.
type marks struct{ backquote, quote string }

func (m marks) hide(value string) string {
	if rest, ok := strings.CutPrefix(value, `"""`); ok {
		value = m.quote + `""` + rest
	}
	return strings.ReplaceAll(value, "`", m.backquote)
}

func (m marks) show(text string) string {
	return strings.NewReplacer(m.backquote, "`", m.quote, `"`).Replace(text)
}

func unused(sections []api.ConfigSection) marks {
	var free []string
	for r := '\ue000'; len(free) < 2; r++ {
		if !contains(sections, string(r)) {
			free = append(free, string(r))
		}
	}
	return marks{free[0], free[1]}
}

func contains(sections []api.ConfigSection, text string) bool {
	for _, s := range sections {
		for _, k := range s.Keys {
			if strings.Contains(k.Text, text) || strings.Contains(k.From, text) {
				return true
			}
		}
	}
	return false
}
