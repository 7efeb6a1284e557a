package ctl

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/shlex"
)

// plugin is the commands of a [ctlplugin:x] section.
type plugin struct {
	name     string
	commands []command
}

// newPlugins returns the commands of the sections: those of a built-in factory, or one that runs a program.
func newPlugins(sections []config.Interface) (plugins []plugin) {
	for _, s := range sections {
		switch line, program := s.Options["command"]; {
		case s.Factory == config.Wildcards:
			plugins = append(plugins, plugin{s.Name, wildcardCommands(s.Options["match_group"])})
		case program:
			plugins = append(plugins, plugin{s.Name, []command{{
				name: s.Name, offline: true, help: s.Name + "\tRuns " + line,
				run: func(c *Controller, args []string) error {
					argv, err := shlex.Split(line)
					if err != nil || len(argv) == 0 {
						return &commandError{"ValueError", "[ctlplugin:" + s.Name + "] has a bad command"}
					}
					return c.runProgram(argv[0], append(argv[1:], args...), optionVariables(s.Options)...)
				},
			}}})
		}
	}
	return plugins
}

// optionVariables are environment variables with the other keys of the section.
func optionVariables(options map[string]string) (env []string) {
	for key, text := range options {
		if key != "command" {
			env = append(env, api.OptionVariable(key)+"="+text)
		}
	}
	return env
}

// externalProgram returns the path of the program supervisorctl-NAME, or "" if it is not on the PATH.
func externalProgram(name string) string {
	path, err := exec.LookPath("supervisorctl-" + name)
	if err != nil {
		return ""
	}
	return path
}

// top runs supervisorctl-top, the one beside this program, or else that on the PATH. Source: top.
func (c *Controller) top(args []string) error {
	path := externalProgram("top")
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), "supervisorctl-top"); isExecutable(beside) {
			path = beside
		}
	}
	if path == "" {
		c.println("ERROR: supervisorctl-top is not installed")
		c.status = exitGeneric
		return nil
	}
	return c.runProgram(path, args)
}

func isExecutable(path string) bool { return unix.Access(path, unix.X_OK) == nil }

// externalCommand returns a command for the program supervisorctl-NAME, or nil if it is not on the PATH.
func externalCommand(name string) *command {
	path := externalProgram(name)
	if path == "" {
		return nil
	}
	return &command{name: name, offline: true, help: name + "\tRuns " + path,
		run: func(c *Controller, args []string) error { return c.runProgram(path, args) }}
}

// runProgram runs a program with the input and output of supervisorctl. Its environment has the address and credentials of
// the server, and env. Its exit status becomes ours.
func (c *Controller) runProgram(path string, args []string, env ...string) error {
	c.out.Flush()
	cmd := exec.Command(path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.options.In, c.options.Out, c.options.Err
	cmd.Env = append(os.Environ(), env...)
	for _, v := range []struct{ name, value string }{
		{"SUPERVISOR_SERVER_URL", c.options.ServerURL},
		{"SUPERVISOR_USERNAME", c.options.Username},
		{"SUPERVISOR_PASSWORD", c.options.Password},
	} {
		cmd.Env = append(cmd.Env, v.name+"="+v.value)
	}
	var trusted []string
	for _, uid := range c.options.TrustedUIDs {
		trusted = append(trusted, strconv.Itoa(uid))
	}
	for _, v := range []struct{ name, value string }{
		{"SUPERVISOR_TRUSTED_UIDS", strings.Join(trusted, ",")},
		{"SUPERVISOR_TOKEN", c.options.Token},
		{"SUPERVISOR_TLS_CA", c.options.TLS.CA},
		{"SUPERVISOR_TLS_CERT", c.options.TLS.Cert},
		{"SUPERVISOR_TLS_KEY", c.options.TLS.Key},
	} {
		if v.value != "" {
			cmd.Env = append(cmd.Env, v.name+"="+v.value)
		}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return &commandError{"FileNotFoundError", "[Errno 2] No such file or directory: '" + path + "'"}
	case !errors.As(err, &exit):
		return err
	}
	c.status = exit.ExitCode()
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		c.status = 128 + int(w.Signal())
	}
	return nil
}
