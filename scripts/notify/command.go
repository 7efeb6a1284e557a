package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/notify"
	"github.com/gosupervisor/supervisor/internal/shlex"
)

// command gives messages to a program. What it writes goes to our standard error, since our standard output is the protocol.
type command struct {
	words    []string
	template *template.Template // nil: it gets the JSON object
	timeout  time.Duration
}

func newCommand(n *config.Notification, custom *template.Template) (*command, error) {
	words, err := shlex.Split(n.Command)
	if err != nil {
		return nil, err
	}
	return &command{words, custom, n.Timeout}, nil
}

func (c *command) send(ctx context.Context, m *notify.Message) notify.Result {
	_, body, err := m.Notice.Body(notify.JSON, c.template)
	if err != nil {
		return refused("the template failed: %v", err)
	}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, c.words[0], c.words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(body), os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), variables(m)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with all that it has started
	cmd.WaitDelay = time.Second                                                          // what has left the group may have our pipe
	switch err := cmd.Run(); {
	case limited.Err() != nil:
		return failed("the command did not end within %s and was killed", c.timeout)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return failed("the command failed: %v", err)
	}
	return delivered()
}

// variables are those of the environment that have the message for commands that read no JSON.
func variables(m *notify.Message) []string {
	n := &m.Notice
	var kinds, processes []string
	for _, i := range n.Incidents {
		kinds = append(kinds, i.Kind)
		processes = append(processes, i.Process)
	}
	list := []string{}
	for _, v := range []struct{ name, value string }{
		{"ID", m.ID}, {"NAME", n.Notification}, {"HOST", n.Host}, {"STATUS", n.Status}, {"TITLE", n.Title}, {"TEXT", n.Text},
		{"GROUP", n.Group}, {"KINDS", strings.Join(kinds, ",")}, {"PROCESSES", strings.Join(processes, ",")},
	} {
		const most = 64 << 10 // the system's limit is 128 KiB
		value := strings.ReplaceAll(v.value[:min(len(v.value), most)], "\x00", "")
		list = append(list, "SUPERVISOR_NOTIFY_"+v.name+"="+value)
	}
	return list
}
