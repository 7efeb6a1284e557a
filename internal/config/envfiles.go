package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/envfile"
	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// envFilesType is a list of files. A minus before a path says that the file may be missing.
var envFilesType = &Type[[]envfile.File]{name: "list of paths", same: slices.Equal[[]envfile.File], text: envFilesText}

func envFilesText(files []envfile.File) string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.String())
	}
	return listText(paths)
}

// envFiles returns the files in a text. Relative paths are relative to the file of the configuration that has the text.
func envFiles(text string, from *ini.File) (files []envfile.File, err error) {
	paths, err := parseList(text)
	for _, path := range paths {
		var f envfile.File
		path, f.Optional = strings.CutPrefix(path, "-")
		if path == "" {
			continue
		}
		f.Path = join(from.Here, path)
		files = append(files, f)
	}
	return files, err
}

// envFilesKey is the key of programs. The files of [program-default] come first.
type envFilesKey struct{ extraKey[[]envfile.File] }

var programEnvFiles = &envFilesKey{extraKey[[]envfile.File]{Key: Key{Name: "envfiles", Topic: commandTopic, Since: Ours, Default: none,
	Other: "-x.env", Help: "files with `KEY=value` lines, separated by commas, read at each start; `-` before a path: it may be missing; " +
		"`environment` is stronger, see [defaults](howto-defaults.md)"},
	Type: envFilesType, Field: func(e *Extra) *[]envfile.File { return &e.EnvFiles }}}

func (r *envFilesKey) read(k *sectionReader, p *Process) {
	var files []envfile.File
	var texts []string
	for _, v := range k.r.valuesOf(k.s, r.Name) {
		text, err := k.expand(&r.Key, v)
		if err == nil {
			var list []envfile.File
			list, err = envFiles(text, v.From)
			files = append(files, list...)
		}
		if err != nil {
			k.fail(r.Name, v, err)
			return
		}
		texts = append(texts, text)
	}
	if texts == nil {
		return
	}
	if p.Extra == nil {
		p.Extra = newExtra()
	}
	p.Extra.EnvFiles, p.Extra.own = files, k.own
	p.Extra.set = append(p.Extra.set, setKey{&r.Key, strings.Join(texts, ",")})
}

// current returns the paths without what they are relative to.
func (r *envFilesKey) current(p *Process) (text string, set bool) {
	files := r.value(p)
	return envFilesText(files), len(files) > 0
}

// daemonEnvFiles is the key of [supervisord]. Its files are read with the configuration.
var daemonEnvFiles = &daemonKey[[]envfile.File]{Key: Key{Name: "envfiles", Topic: childTopic, Since: Ours, Scope: ofFile | ofHost, Default: none,
	Other: "-y.env", Help: "files with `KEY=value` lines, separated by commas, read with the configuration, for all children, and for " +
		"`%(ENV_X)s` in `environment` and all other sections; `-` before a path: it may be missing"},
	Type: envFilesType, Field: func(s *settings) *[]envfile.File { return &s.EnvFiles }, Custom: readDaemonEnvFiles}

func readDaemonEnvFiles(k *sectionReader, s *settings) {
	text, v, ok := k.text(&Key{Name: "envfiles", Scope: ofFile | ofHost})
	if !ok {
		return
	}
	files, err := envFiles(text, v.From)
	s.EnvFiles = files
	for _, f := range files {
		env, problem := f.Read(safefile.None)
		if problem != nil && err == nil {
			err = problem
		}
		for name, value := range env {
			if s.FileEnvironment == nil {
				s.FileEnvironment = map[string]string{}
			}
			s.FileEnvironment[name], k.r.env[name] = value, value
		}
	}
	if err != nil {
		k.fail("envfiles", v, err)
	}
}

// Environ returns what children inherit: the environment of supervisord, and over it the files of [supervisord].
func (s *Supervisord) Environ(environ []string) []string {
	if len(s.FileEnvironment) == 0 {
		return environ
	}
	kept := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		_, replaced := s.FileEnvironment[name]
		return replaced
	})
	for _, name := range slices.Sorted(maps.Keys(s.FileEnvironment)) {
		kept = append(kept, name+"="+s.FileEnvironment[name])
	}
	return kept
}

// aboutEnvFiles returns what is wrong with the files of a program; empty: nothing.
func aboutEnvFiles(p *Process) string {
	if _, err := p.Variables(); err != nil {
		return err.Error() + ", so the program cannot start"
	}
	return ""
}

// Variables returns the environment of a process as it is now, besides what it inherits: the values of environment=, and between those
// of [supervisord] and those of the program the variables of the files.
func (p *Process) Variables() (map[string]string, error) {
	if p.Extra == nil || len(p.Extra.EnvFiles) == 0 {
		return p.Run.Environment, nil
	}
	env := maps.Clone(p.Run.Environment)
	owner := safefile.None
	if p.Run.User != nil {
		owner = p.Run.User.UID
	}
	for _, f := range p.Extra.EnvFiles {
		values, err := f.Read(owner)
		if err != nil {
			return nil, err
		}
		maps.Copy(env, values)
	}
	maps.Copy(env, p.Extra.own)
	return env, nil
}
