package logs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// AutoMode is the permission of automatic log files, before and after rotation.
const AutoMode = 0o600

const autoLetters = "abcdefghijklmnopqrstuvwxyz0123456789_"

// CreateAuto creates an empty log file of a name that did not exist, and returns its path:
// dir/process-channel---identifier-xxxxxxxx.log. Source: childlogdir.
func CreateAuto(dir, process string, channel api.Channel, identifier string) (string, error) {
	const attempts = 100
	prefix := filepath.Join(dir, process+"-"+channel.String()+"---"+identifier+"-")
	var err error
	for range attempts {
		path := prefix + randomName() + ".log"
		var fd int
		fd, _, err = safefile.Open(path, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL, AutoMode, safefile.None)
		if err == nil {
			return path, syscall.Close(fd)
		}
		if err != syscall.EEXIST {
			break
		}
	}
	return "", fmt.Errorf("cannot create a log file in %s: %w", dir, err)
}

// randomName returns eight letters, digits or underscores.
func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	for i, c := range b {
		b[i] = autoLetters[int(c)%len(autoLetters)]
	}
	return string(b[:])
}

// CleanAuto deletes the automatic log files, and rotated ones, that earlier runs with the same identifier left in dir. The
// errors are lines for the main log, at warn. Source: nocleanup.
func CleanAuto(dir, identifier string) []error {
	d, _, err := safefile.OpenDir(filepath.Join(dir, "any"), safefile.None)
	if err != nil {
		return []error{errors.New("Could not clear childlog dir")}
	}
	defer d.Close()
	names, err := d.Names()
	var problems []error
	if err != nil {
		problems = append(problems, errors.New("Could not clear childlog dir"))
	}
	for _, name := range names {
		if !isAuto(name, identifier) {
			continue
		}
		if err := d.Unlink(name); ignoreMissing(err) != nil {
			problems = append(problems, fmt.Errorf("Failed to clean up '%s'", filepath.Join(dir, name)))
		}
	}
	return problems
}

// isAuto reports whether name has the form something---identifier-word.log, or that with what follows the name of a log in that of a
// rotated file. A number may be any.
func isAuto(name, identifier string) bool {
	if bare := strings.TrimRight(name, "0123456789"); bare != name && strings.HasSuffix(bare, ".log.") {
		name = strings.TrimSuffix(bare, ".")
	}
	if at := strings.LastIndex(name, ".log."); at >= 0 {
		base := name[:at+len(".log")]
		if _, ok := rotation.Parse(base, strings.TrimSuffix(name, rotation.PartEnding)); ok {
			name = base
		}
	}
	name, ok := strings.CutSuffix(name, ".log")
	if !ok {
		return false
	}
	mark := "---" + identifier + "-"
	for {
		at := strings.LastIndex(name, mark)
		if at < 1 {
			return false
		}
		word := name[at+len(mark):]
		if strings.ContainsAny(word, " \t\n\v\f\r") {
			return false
		}
		if word != "" {
			return true
		}
		name = name[:at+len(mark)-1] // an empty word: the mark may occur further left
	}
}
