package config

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/getopt"
)

// OptionsState is what an Options has besides the arguments of the command line.
type OptionsState struct {
	Argv0 string   `json:"argv0"`
	Dir   string   `json:"dir"`             // the working directory at the start
	Texts []string `json:"texts,omitempty"` // of options that override the file, such as paths after the expansion of ~
}

// Export returns what the next program needs besides the arguments.
func (o Options) Export() OptionsState {
	return OptionsState{Argv0: o.Argv0, Dir: o.dir, Texts: slices.Clone(o.texts)}
}

// ImportOptions returns the Options of a program that was executed again with the same arguments, without argv0. It looks nothing up: a
// directory that has gone, or another working directory, makes no difference.
func ImportOptions(s OptionsState, args []string) (Options, error) {
	o := Options{Argv0: s.Argv0, dir: s.Dir, texts: slices.Clone(s.Texts), imported: true}
	if _, err := getopt.Parse(&o, daemonOptions, args, false); err != nil {
		return o, err
	}
	o.texts, o.imported = slices.Clone(s.Texts), false
	return o, nil
}
