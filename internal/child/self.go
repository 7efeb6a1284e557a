package child

import (
	"os"
	"path/filepath"
	"strings"
)

// Self is the path of our own executable. On Linux it names the running file also after an upgrade has replaced it, elsewhere
// the new one.
func Self() string { return self }

// self is found at the start: a relative path is of the working directory then.
var self = findSelf(os.Args[0])

func findSelf(argv0 string) string {
	path, err := os.Executable()
	switch {
	case err != nil: // no /proc
		return ByName(argv0)
	case selfLink != "":
		return selfLink
	}
	return path
}

// ByName returns the absolute path of the program that is called name, as a shell finds it.
func ByName(name string) string {
	path := name
	if !strings.Contains(name, "/") {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			if file := filepath.Join(dir, name); mayExecute(file) {
				path = file
				break
			}
		}
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// mayExecute reports whether a path is that of a file with a right to execute it.
func mayExecute(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
