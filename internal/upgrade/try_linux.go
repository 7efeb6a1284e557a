package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/upgrade/fault"
)

// Limit is how long a program may take to find out whether it can take over, and to take over.
var Limit = fault.Limit(10 * time.Second)

// answer is what a program that is tried writes to standard output.
type answer struct {
	Version string `json:"version"`
	Problem string `json:"problem,omitempty"` // why it cannot take over
	Note    string `json:"note,omitempty"`    // what an operator should know nevertheless
}

// Verdict is what a program that can take over says.
type Verdict struct {
	Version string
	Note    string
}

// Try starts the program at path as a child, to find out whether it can take over with a state, of which state is the descriptor.
// It blocks up to a limit. The error says why not.
func Try(path string, state int, limit time.Duration) (Verdict, error) {
	out, err := child.OutputOf(limit, path, []string{path, trialArg}, state)
	if err != nil {
		return Verdict{}, err
	}
	var a answer
	switch err := json.Unmarshal([]byte(out), &a); {
	case err != nil:
		return Verdict{}, fmt.Errorf("%s: %w", path, errNot)
	case a.Problem != "":
		return Verdict{}, errors.New(a.Problem)
	}
	return Verdict{a.Version, a.Note}, nil
}

// Trial makes this process answer Try if it was started by it, and then does not return. Build builds everything from the descriptor of
// the state, and acts on nothing.
func Trial(version string, build func(state int) (note string, err error)) {
	if len(os.Args) != 2 || os.Args[1] != trialArg {
		return
	}
	a := answer{Version: version}
	func() {
		defer func() {
			if failure := recover(); failure != nil {
				a.Problem = fmt.Sprintf("%s fails: %v\n%s", version, failure, debug.Stack())
			}
		}()
		if err := fault.At("trial"); err != nil {
			a.Problem = err.Error()
			return
		}
		note, err := build(trialState)
		a.Note = note
		if err != nil {
			a.Problem = err.Error()
		}
	}()
	text, err := json.Marshal(a)
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}
