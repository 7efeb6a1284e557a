package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// readFiles reads the main file and the files that its [include] section names. Source: include.
func (r *reader) readFiles(path string) error {
	r.noteMain(path)
	text, err := readFile(path, r.path)
	if err != nil {
		return err
	}
	base := absolute(dirname(path))
	r.here = base
	if err := r.parse(&ini.File{Path: r.path, Here: base}, text); err != nil {
		return err
	}
	if err := r.readVariables(true); err != nil {
		return err
	}
	r.mainVariables = r.variables
	if err := r.includes(base); err != nil {
		return err
	}
	r.applyDefaults()
	r.findShipping()
	for _, s := range r.doc.Sections {
		r.inherit(s)
	}
	return nil
}

func (r *reader) parse(from *ini.File, text string) error {
	r.files = append(r.files, from)
	if err := r.doc.Parse(from, text); err != nil {
		return r.refuse(err)
	}
	return nil
}

// included has the value of the [include] section.
type included struct{ files string }

func requireFiles(k *sectionReader, _ *included) {
	if !k.has("files") {
		err := k.r.refuse(&ini.Error{File: k.r.path, Section: "include", Key: "files", Missing: true,
			Text: ".ini file has [include] section, but no files setting"})
		k.err = err
	}
}

// includes reads the files that [include] names. Relative names are relative to base.
func (r *reader) includes(base string) error {
	section := r.doc.ByName["include"]
	if section == nil {
		return nil
	}
	r.included = true
	k := r.section(section)
	var names included
	if readAll(k, includeKeys, &names); k.err != nil {
		return k.err
	}
	for _, pattern := range strings.Fields(names.files) {
		if err := r.include(join(base, pattern)); err != nil {
			return err
		}
	}
	return r.readVariables(true)
}

// include reads the files that match the pattern. Files that cannot be read are skipped with a warning.
func (r *reader) include(pattern string) error {
	paths := glob(pattern)
	r.notePattern(pattern)
	if len(paths) == 0 {
		r.warn(`No file matches via include "%s"`, pattern)
	}
	for _, path := range paths {
		r.sum.add(path)
		text, err := os.ReadFile(path)
		if err != nil {
			var pathErr *fs.PathError
			if errors.As(err, &pathErr) {
				err = pathErr.Err
			}
			r.warn(`Could not read extra file "%s" during parsing: %v`, path, err)
			continue
		}
		r.messages = append(r.messages, Message{api.Info, `Included extra file "` + path + `" during parsing`})
		if err := r.parse(&ini.File{Path: path, Here: filepath.Dir(absolute(path))}, string(text)); err != nil {
			return err
		}
	}
	return nil
}
