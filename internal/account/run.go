//go:build !darwin

package account

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
)

// answerLimit is how long a name service may take for an answer.
const answerLimit = 10 * time.Second

// run runs a command that asks the name services, and returns what it prints.
func run(name string, args ...string) (string, error) {
	return child.Output(answerLimit, name, args...)
}
