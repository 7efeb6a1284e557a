// Package ctl is supervisorctl: its commands, their output and their exit statuses. It reaches supervisord through package
// client only, and opens no file but that of the history. Output goes to one writer and is complete when Run or Shell
// returns. A Controller is used from one goroutine.
package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/shlex"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// Exit statuses. Source: supervisor.supervisorctl.LSBInitExitStatuses.
const (
	exitGeneric       = 1
	exitInvalidArgs   = 2
	exitUnimplemented = 3 // the server has no supervisor namespace
	exitStopped       = 3 // status: a listed process is stopped
	exitUnreachable   = 4 // connection refused; status: an unknown name, or no server
	exitWrongVersion  = 5
	exitNotRunning    = 7 // also: the socket file is missing
	exitTimedOut      = 8 // the time of --timeout has passed
)

// Options are the parameters of New.
type Options struct {
	ServerURL   string
	Username    string
	Password    string
	Token       string     // in place of both
	TLS         client.TLS // for https
	TrustedUIDs []int      // users that supervisord may run as, besides root and ours
	Prompt      string     // of the shell, without the "> "
	HistoryFile string     // of the shell on a terminal; empty: none
	Interactive bool       // ask for confirmation of shutdown and reload, and for credentials
	Terminal    bool       // the standard input and output of this process are a terminal; In and Out are these two
	OutTerminal bool       // standard output is a terminal; Out is that
	In          io.Reader  // commands and answers to questions
	Out, Err    io.Writer
	Plugins     []config.Interface // the [ctlplugin:x] sections
}

// Controller runs commands. New makes one.
type Controller struct {
	options Options
	server  *client.Client
	badURL  error // of client.New; reported by the first command that needs a server
	out     *bufio.Writer
	in      *lines
	tty     *terminal // nil until it is first used
	plugins []plugin
	unknown []string           // names that no process has, of the running command, for explainUnknown
	infos   *[]api.ProcessInfo // the processes for completion, until the next command; nil: not requested yet
	status  int
	shell   bool            // an interrupt cancels ctx
	ctx     context.Context // of the running command
}

// New returns a controller. It does not connect yet.
func New(options Options) *Controller {
	c := &Controller{options: options, out: bufio.NewWriter(options.Out), ctx: context.Background()}
	c.in = newLines(options.In)
	c.plugins = newPlugins(options.Plugins)
	c.open(options.ServerURL)
	return c
}

// open changes the server and keeps the credentials.
func (c *Controller) open(serverURL string) {
	c.options.ServerURL = serverURL
	c.server, c.badURL = client.Open(serverURL, client.Options{Username: c.options.Username, Password: c.options.Password,
		Token: c.options.Token, TLS: c.options.TLS})
	if c.badURL == nil {
		c.server.TrustPeer(c.options.TrustedUIDs...)
	}
}

// close flushes the output and restores the terminal. It returns the exit status: the given one, or another if output is lost.
func (c *Controller) close(status int) int {
	if err := c.out.Flush(); err != nil {
		status = PrintWriteError(c.options.Err, err)
	}
	if c.tty != nil {
		c.tty.close()
	}
	return status
}

// Run runs the commands of a command line, which semicolons separate, and returns the exit status: the first one that is
// not 0.
func (c *Controller) Run(words []string) (first int) {
	defer func() { first = c.close(first) }()
	for _, line := range c.split(strings.Join(c.quoteValues(words), " ")) {
		c.status = 0
		exit := c.command(line)
		if first == 0 {
			first = c.status
		}
		if exit {
			break
		}
	}
	return first
}

// quoteValues quotes the values of flags that may be quoted, since the words are joined to a line.
func (c *Controller) quoteValues(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	cmd := c.find(words[0])
	if cmd == nil || cmd.quoted == "" {
		return words
	}
	words = slices.Clone(words)
	for i, word := range words {
		if value, ok := strings.CutPrefix(word, cmd.quoted+"="); ok {
			words[i] = cmd.quoted + "=" + quote(value)
		} else if i > 0 && words[i-1] == cmd.quoted {
			words[i] = quote(word)
		}
	}
	return words
}

// quote quotes a word for shlex.Split.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// parse splits a command into its name and the rest. It is not ok if the line cannot be a command.
func parse(line string) (word, arg string, ok bool) {
	if rest, found := strings.CutPrefix(line, "?"); found {
		line = "help " + rest
	}
	if first, rest, _ := strings.Cut(line, " "); strings.Contains(first, "-") && isHidden(first) { // the original has no such name
		return first, strings.TrimSpace(rest), true
	}
	n := strings.IndexFunc(line, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if n < 0 {
		n = len(line)
	}
	return line[:n], strings.TrimSpace(line[n:]), n > 0
}

func isHidden(name string) bool {
	return slices.ContainsFunc(hiddenCommands, func(c command) bool { return c.name == name })
}

// command runs one command. It returns true if the shell is to exit.
func (c *Controller) command(line string) (exit bool) {
	line = strings.TrimSpace(line)
	if line == "" {
		return false
	}
	word, arg, ok := parse(line)
	if !ok {
		c.unknownSyntax(line)
		return false
	}
	switch word {
	case "help":
		c.help(arg)
		return false
	case "exit", "quit", "EOF":
		c.println("")
		return true
	}
	cmd := c.find(word)
	if cmd == nil || cmd.run == nil {
		c.unknownSyntax(line)
		return false
	}
	c.infos, c.unknown = nil, nil
	err := c.run(cmd, arg)
	for isUnauthorized(err) && c.canPrompt() {
		if err = c.login(); err == nil {
			err = c.run(cmd, arg)
		}
	}
	if errors.Is(err, errInterrupted) || err != nil && c.ctx.Err() != nil {
		c.println("")
		return true
	}
	if err != nil {
		c.printError(err)
	}
	c.explainUnknown()
	return false
}

func (c *Controller) unknownSyntax(line string) {
	c.println("*** Unknown syntax: " + line)
	c.status = exitGeneric
}

// run runs a command after the checks that its row of the table requires, within its --timeout.
func (c *Controller) run(cmd *command, arg string) error {
	args := strings.Fields(arg)
	if cmd.quoted != "" && strings.Contains(arg, cmd.quoted) {
		if words, err := shlex.Split(arg); err == nil {
			args = words
		}
	}
	if !cmd.timed {
		return c.checkAndRun(cmd, args)
	}
	args, timeout, err := takeTimeout(args)
	if err != nil {
		return c.invalidArg(err.Error())
	}
	return c.withTimeout(timeout, func() error { return c.checkAndRun(cmd, args) })
}

func (c *Controller) checkAndRun(cmd *command, args []string) error {
	if cmd.noArgs && len(args) > 0 {
		return c.usageError(cmd.name, cmd.name+" accepts no arguments", exitGeneric)
	}
	if cmd.upcheck {
		up, err := c.upcheck()
		if !up && err == nil && cmd.unreachable != 0 {
			c.status = cmd.unreachable
		}
		if !up || err != nil {
			return err
		}
	}
	if c.badURL != nil && !cmd.offline {
		return c.badURL
	}
	return cmd.run(c, args)
}

// usageError reports wrong arguments and prints the help of the command.
func (c *Controller) usageError(name, problem string, status int) error {
	c.println("Error: " + problem)
	c.status = status
	c.help(name)
	return nil
}

// upcheck checks the version of the server's interface. It returns false if there is none or another one, after it has
// printed why and set the status, and the error if it has no message for it.
func (c *Controller) upcheck() (bool, error) {
	if c.badURL != nil {
		return false, c.badURL
	}
	var version string
	err := c.server.Call(c.ctx, &version, "supervisor.getVersion") // a name that servers of all versions have
	var fault *client.Fault
	switch {
	case err == nil && version == api.APIVersion:
		return true, nil
	case err == nil:
		c.println("Sorry, this version of supervisorctl expects to talk to a server with API version " +
			api.APIVersion + ", but the remote version is " + version + ".")
		c.status = exitWrongVersion
	case errors.As(err, &fault) && fault.Code == api.UnknownMethod:
		c.println("Sorry, supervisord responded but did not recognize the supervisor namespace commands that " +
			"supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is enabled " +
			"in the configuration file (see sample.conf).")
		c.status = exitUnimplemented
	case isRefused(err):
		c.println(c.options.ServerURL + " refused connection")
		c.status = exitUnreachable
	case isMissing(err):
		c.println(c.options.ServerURL + " no such file")
		c.status = exitNotRunning
	default:
		return false, err
	}
	return false, nil
}

// println writes a line of output.
func (c *Controller) println(line string) {
	c.out.WriteString(line)
	c.out.WriteByte('\n')
}
