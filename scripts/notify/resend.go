package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gosupervisor/supervisor/internal/notify"
)

// resend sends the dead letters, the oldest first, and removes those that are delivered. It returns the exit status.
func resend(dir string, senders map[string]sender) int {
	names, err := deadLetters(dir)
	if err != nil {
		logf("Error: %v", err)
		return statusFailed
	}
	sent := 0
	for _, name := range names {
		path := filepath.Join(dir, deadName, name)
		if err := resendOne(path, senders); err != nil {
			logf("%s: %v", path, err)
			continue
		}
		sent++
	}
	fmt.Printf("%d of %d messages sent\n", sent, len(names))
	if sent < len(names) {
		return statusFailed
	}
	return statusDone
}

func resendOne(path string, senders map[string]sender) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var d notify.Dead
	if err := json.Unmarshal(text, &d); err != nil {
		return err
	}
	s := senders[d.Target]
	if s == nil {
		return fmt.Errorf("there is no [notify:%s] section", d.Target)
	}
	if r := s.send(context.Background(), &d.Message); r.Outcome != notify.Delivered {
		return fmt.Errorf("cannot send by [notify:%s]: %s", d.Target, r.Reason)
	}
	return os.Remove(path)
}
