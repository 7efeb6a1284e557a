package main

import (
	"context"
	"fmt"
	"os"
	"text/template"
	"time"

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
	custom, err := readTemplate(n)
	if err != nil {
		return nil, err
	}
	switch n.Type {
	case config.NotifyWebhook:
		return newWebhook(n, custom)
	case config.NotifySMTP:
		return newMailer(n, custom)
	}
	return newCommand(n, custom)
}

// readTemplate reads and tries the template of a section; nil: it has none.
func readTemplate(n *config.Notification) (*template.Template, error) {
	if n.TemplateFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(n.TemplateFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read template_file: %w", err)
	}
	custom, err := notify.ParseTemplate(string(text))
	if err != nil {
		return nil, fmt.Errorf("template_file %s: %w", n.TemplateFile, err)
	}
	example := notify.Example("host", n.Name, "msg_example", time.Now())
	if _, err := example.Plain(custom); err != nil {
		return nil, fmt.Errorf("template_file %s: %w", n.TemplateFile, err)
	}
	return custom, nil
}

func delivered() notify.Result { return notify.Result{Outcome: notify.Delivered} }

// failed is the result of a try that may be repeated, refused of one that may not.
func failed(format string, args ...any) notify.Result {
	return notify.Result{Outcome: notify.Failed, Reason: fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) notify.Result {
	return notify.Result{Outcome: notify.Refused, Reason: fmt.Sprintf(format, args...)}
}
