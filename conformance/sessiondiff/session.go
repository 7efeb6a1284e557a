package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// session runs a session and returns its differences, empty if there are none. The error is that it could not be run.
func session(ctx context.Context, s settings, number int, dir string) (report string, err error) {
	g := newGenerator(s.seed, uint64(number))
	text := g.config()
	var (
		daemons [2]*daemon
		out     strings.Builder
	)
	differs := func(what string, original, ours any) bool {
		diff := cmp.Diff(original, ours)
		if diff != "" {
			fmt.Fprintf(&out, "%s\n--- original\n+++ ours\n%s\n", what, diff)
		}
		return diff != ""
	}
	for i, p := range []installation{s.originals, s.ours} {
		daemons[i], err = start(ctx, p, fmt.Sprintf("%s/%d", dir, i), text, i == 0)
		if err != nil {
			return "", err
		}
		defer daemons[i].end()
	}
	original, ours := daemons[0], daemons[1]
	for step := range s.steps {
		call := g.call(original.names())
		if call.config != "" {
			for _, d := range daemons {
				if err := d.write(call.config); err != nil {
					return "", err
				}
			}
		}
		what := fmt.Sprintf("call %d: %v", step, call)
		answers := [2]any{original.call(ctx, call), ours.call(ctx, call)}
		if s.keep {
			fmt.Printf("session %d, %s: %v\n", number, what, answers[1])
		}
		differs(what, answers[0], answers[1])
		var states [2]any
		for i, d := range daemons {
			if states[i], err = d.settle(ctx); err != nil {
				return "", fmt.Errorf("after %s: %w", what, err)
			}
		}
		if differs("after "+what, states[0], states[1]) {
			break // later differences would be consequences of this one
		}
	}
	var events [2][]string
	for i, d := range daemons {
		if events[i], err = d.events(ctx); err != nil {
			return "", err
		}
	}
	differs("the events", events[0], events[1])
	differs("the exit status", original.end(), ours.end())
	differs("the log", original.log(), ours.log())
	if out.Len() > 0 {
		out.WriteString(text)
	}
	return out.String(), nil
}
