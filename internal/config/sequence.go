package config

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// StopSequence is a list of signals that stop a process. The zero value is none: stopsignal does.
type StopSequence struct {
	Signals []StopSignal `json:"signals"`
	Endless bool         `json:"endless,omitempty"` // SIGKILL does not follow
}

// StopSignal is a signal of a StopSequence.
type StopSignal struct {
	Signal syscall.Signal `json:"signal"`
	Wait   time.Duration  `json:"wait"` // until the next one; negative: stopwaitsecs
}

var sequenceType = &Type[StopSequence]{name: "list of signals", parse: parseSequence, text: StopSequence.String,
	same: func(a, b StopSequence) bool { return a.Endless == b.Endless && slices.Equal(a.Signals, b.Signals) }}

// String returns the sequence as it is written in a file.
func (s StopSequence) String() string {
	var words []string
	for _, signal := range s.Signals {
		word := signalText(signal.Signal)
		if signal.Wait >= 0 {
			word += ":" + durationText(signal.Wait)
		}
		words = append(words, word)
	}
	if s.Endless {
		words = append(words, "WAIT")
	}
	return strings.Join(words, ",")
}

// sequence is the stop sequence of a process.
func (p *Process) sequence() StopSequence {
	if p.Extra == nil {
		return StopSequence{}
	}
	return p.Extra.StopPlan.Sequence
}

// first is the signal with which a stop begins.
func (s StopSequence) first() syscall.Signal { return s.Signals[0].Signal }

// isSequence reports whether a text is a list, or has a duration, which a single signal has not.
func isSequence(text string) bool {
	return strings.Contains(text, ":") || len(sequenceWords(text)) > 1
}

func sequenceWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r < 0x80 && pyrepr.TrimSpace(string(r)) == "" })
}

// parseSequence reads signals with durations, separated by commas or blanks. KILL at the end is implied, but kept: a list may
// consist of it.
func parseSequence(text string) (s StopSequence, err error) {
	words := sequenceWords(text)
	for i, word := range words {
		name, wait, timed := strings.Cut(word, ":")
		last := i == len(words)-1
		if strings.EqualFold(name, "WAIT") && i > 0 && !timed {
			if !last {
				return StopSequence{}, fmt.Errorf("WAIT must be the last in %s", pyrepr.Quote(text))
			}
			s.Endless = true
			break
		}
		signal := StopSignal{Wait: -1}
		if signal.Signal, err = parseSignal(name); err != nil {
			return StopSequence{}, err
		}
		if signal.Signal == syscall.SIGKILL && !last {
			return StopSequence{}, fmt.Errorf("nothing can follow KILL in %s", pyrepr.Quote(text))
		}
		if timed {
			if signal.Wait, err = parseDuration(wait); err != nil {
				return StopSequence{}, fmt.Errorf("value %s is not a valid duration", pyrepr.Quote(wait))
			}
		}
		s.Signals = append(s.Signals, signal)
	}
	if len(s.Signals) == 0 {
		_, err = parseSignal(text)
	}
	return s, err
}
