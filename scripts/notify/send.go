package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/notify"
)

// sender delivers the messages of a section. Several goroutines may call it.
type sender interface {
	// send makes one try, within timeout=. Target, identifier and jitter of the result are set by the caller.
	send(ctx context.Context, m *notify.Message) notify.Result
}

// newSender makes the sender of a section.
func newSender(n *config.Notification) (sender, error) {
	switch n.Type {
	case config.NotifyWebhook:
		return newWebhook(n)
	case config.NotifyExec:
		return newCommand(n)
	}
	return nil, fmt.Errorf("there is no type %s", n.Type)
}

func delivered() notify.Result { return notify.Result{Outcome: notify.Delivered} }

// failed is the result of a try that may be repeated, refused of one that may not.
func failed(format string, args ...any) notify.Result {
	return notify.Result{Outcome: notify.Failed, Reason: fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) notify.Result {
	return notify.Result{Outcome: notify.Refused, Reason: fmt.Sprintf(format, args...)}
}

// object is a message as JSON.
func object(m *notify.Message) ([]byte, error) { return json.Marshal(m.Notice) }
