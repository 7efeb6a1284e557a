package config

import (
	"slices"
	"strings"
	"time"
)

// WatchedFiles has the values of the keys that restart a program when files change.
type WatchedFiles struct {
	Binary      bool     // the file that the command executes
	Directories []string // with all below them; relative to the directory of the program
	Patterns    []string // of the files in Directories that count
	Exclude     []string // of those that do not
	OnBinary    FileAction
	OnFile      FileAction
	Debounce    time.Duration // how long nothing must have changed
}

// FileAction is what a change does in place of a restart. The zero value is a restart.
type FileAction struct {
	Command HelperCommand
	Signals StopSequence // one signal is sent; several are the stop plan of a restart
}

// Used is true if the program watches files.
func (f *WatchedFiles) Used() bool { return f.Binary || len(f.Directories) > 0 }

// Watched returns Directories as absolute paths, for a program that runs in a directory; empty: in that of supervisord.
func (f *WatchedFiles) Watched(directory string) (paths []string) {
	for _, path := range f.Directories {
		paths = append(paths, absolute(join(directory, path)))
	}
	return paths
}

const fileTopic = "Restart when files change"

// The types of lists without empty parts. A slash at the end of a part counts for nothing.
var (
	directoriesType = listType.with("list of directories", parseParts)
	globsType       = listType.with("list of patterns", parseParts)
)

func parseParts(text string) ([]string, error) {
	list, err := parseList(text)
	for i, part := range list {
		if short := strings.TrimRight(part, "/"); short != "" {
			list[i] = short
		}
	}
	return slices.DeleteFunc(list, func(part string) bool { return part == "" }), err
}

// fileKeys are the keys of WatchedFiles.
var fileKeys = inPart(func(e *Extra) **WatchedFiles { return &e.Files }, table[Process](
	Key{Topic: fileTopic, Sections: InProgram | InFastCGI | InInterface | InDefault, Scope: inProcess, Update: inPlace, Since: Ours},
	&extraKey[bool]{Key: Key{Name: "restart_when_binary_changed", Other: "true",
		Help: "restart the program when the file that its `command` executes has other content, see [files](howto-files.md)"},
		Type: boolType, Field: func(e *Extra) *bool { return &e.Files.Binary }},
	&extraKey[HelperCommand]{Key: Key{Name: "restart_cmd_when_binary_changed", Secret: true, Default: none, Other: "/bin/true",
		Help: "run this instead"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.Files.OnBinary.Command }},
	&extraKey[StopSequence]{Key: Key{Name: "restart_signal_when_binary_changed", Default: none, Other: "USR2",
		Help: "send this signal instead; several restart the program with them as its `stop_sequence`"},
		Type: sequenceType, Field: func(e *Extra) *StopSequence { return &e.Files.OnBinary.Signals }},
	&extraKey[[]string]{Key: Key{Name: "restart_directory_monitor", Default: none, Other: "src",
		Help: "directories, separated by commas: restart the program when files in them or below them change; relative to `directory`"},
		Type: directoriesType, Field: func(e *Extra) *[]string { return &e.Files.Directories }},
	&extraKey[[]string]{Key: Key{Name: "restart_file_pattern", Other: "*.py",
		Help: "which files count: patterns, separated by commas, of names, or with `/` of paths below the directory"},
		Type: globsType, Absent: []string{"*"}, Field: func(e *Extra) *[]string { return &e.Files.Patterns }},
	&extraKey[[]string]{Key: Key{Name: "restart_file_exclude", Default: "hidden files, backups of editors, logs", Other: "*.pyc,node_modules",
		Help: "which files and directories do not count, besides the default"},
		Type: globsType, Field: func(e *Extra) *[]string { return &e.Files.Exclude }},
	&extraKey[HelperCommand]{Key: Key{Name: "restart_cmd_when_file_changed", Secret: true, Default: none, Other: "/bin/true",
		Help: "run this instead"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.Files.OnFile.Command }},
	&extraKey[StopSequence]{Key: Key{Name: "restart_signal_when_file_changed", Default: none, Other: "HUP",
		Help: "send this signal instead; several restart the program with them as its `stop_sequence`"},
		Type: sequenceType, Field: func(e *Extra) *StopSequence { return &e.Files.OnFile.Signals }},
	&extraKey[time.Duration]{Key: Key{Name: "restart_debounce", Other: "5",
		Help: "how long nothing must have changed before the restart"},
		Type: durationType, Absent: time.Second, Field: func(e *Extra) *time.Duration { return &e.Files.Debounce }},
))
