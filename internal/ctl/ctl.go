// Package ctl is supervisorctl: its commands, what they print, and the exit status they lead to. It talks to
// supervisord through package client only and opens no file but the history. Output goes to one writer and is complete
// when Run or Shell returns.
package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// Exit statuses. Source: ctl, "Exit status".
const (
	exitGeneric       = 1
	exitInvalidArgs   = 2
	exitUnimplemented = 3 // the server has no supervisor namespace
	exitStopped       = 3 // status: a listed process is stopped
	exitUnreachable   = 4 // connection refused; status: unknown name, or no server
	exitWrongVersion  = 5
	exitNotRunning    = 7 // also: the socket file is missing
	exitTimedOut      = 8 // what --timeout allows was not enough
)

// Options are what a Controller is made from.
type Options struct {
	ServerURL   string
	Username    string
	Password    string
	Prompt      string    // of the shell, without the "> "
	HistoryFile string    // of the shell on a terminal; empty: none
	Interactive bool      // ask before a shutdown or a restart
	Terminal    bool      // the standard input and output of this process are a terminal; In and Out are these two
	In          io.Reader // commands and answers
	Out, Err    io.Writer
	Plugins     []config.Interface // the [ctlplugin:x] sections
}

// Controller runs commands. Make one with New; use it from one goroutine.
type Controller struct {
	options Options
	server  *client.Client
	badURL  error // why there is no server; reported by the first command that needs one
	out     *bufio.Writer
	in      *lines
	tty     *terminal // what Options.Terminal promises, once it is needed
	plugins []plugin
	names   *[]api.ProcessInfo // what completion knows of the processes until the next command
	status  int
	shell   bool            // an interrupt ends ctx
	ctx     context.Context // of the command that runs
}

// New makes a controller; nothing is connected yet.
func New(options Options) *Controller {
	c := &Controller{options: options, out: bufio.NewWriter(options.Out), ctx: context.Background()}
	c.in = newLines(options.In)
	c.plugins = newPlugins(options.Plugins)
	c.open(options.ServerURL)
	return c
}

// open turns to another server, with the credentials there are.
func (c *Controller) open(serverURL string) {
	c.options.ServerURL = serverURL
	c.server, c.badURL = client.New(serverURL, c.options.Username, c.options.Password)
}

// close writes out what is left and puts the terminal back as it was.
func (c *Controller) close() {
	c.out.Flush()
	if c.tty != nil {
		c.tty.close()
	}
}

// Run does what the words of a command line ask for and returns the exit status: the first that is not 0 of the
// commands, which semicolons separate.
func (c *Controller) Run(words []string) int {
	defer c.close()
	first := 0
	for _, line := range split(strings.Join(words, " ")) {
		c.status = 0
		leave := c.command(line)
		if first == 0 {
			first = c.status
		}
		if leave {
			break
		}
	}
	return first
}

// split cuts a line at its semicolons. Between quotes a semicolon is text.
func split(line string) []string {
	var parts []string
	begin, quote := 0, rune(0)
	for i, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			if strings.ContainsRune(line[i+1:], r) {
				quote = r
			}
		case r == ';':
			parts = append(parts, line[begin:i])
			begin = i + 1
		}
	}
	return append(parts, line[begin:])
}

// parse cuts a command into its word and the rest. ok is false for a line that no command can begin with.
func parse(line string) (word, arg string, ok bool) {
	if rest, found := strings.CutPrefix(line, "?"); found {
		line = "help " + rest
	}
	n := strings.IndexFunc(line, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if n < 0 {
		n = len(line)
	}
	return line[:n], strings.TrimSpace(line[n:]), n > 0
}

// command runs one command and says whether it was one that leaves the shell.
func (c *Controller) command(line string) (leave bool) {
	line = strings.TrimSpace(line)
	if line == "" {
		return false
	}
	word, arg, ok := parse(line)
	if !ok {
		c.unknown(line)
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
		c.unknown(line)
		return false
	}
	c.names = nil
	err := c.run(cmd, arg)
	for isUnauthorized(err) && c.canAsk() {
		if err = c.login(); err == nil {
			err = c.run(cmd, arg)
		}
	}
	if errors.Is(err, errInterrupted) || err != nil && c.ctx.Err() != nil {
		c.println("")
		return true
	}
	if err != nil {
		c.failed(err)
	}
	return false
}

func (c *Controller) unknown(line string) {
	c.println("*** Unknown syntax: " + line)
	c.status = exitGeneric
}

// run makes the checks that the table asks for and runs the command.
func (c *Controller) run(cmd *command, arg string) error {
	if cmd.noArgs && arg != "" {
		return c.misused(cmd.name, cmd.name+" accepts no arguments", exitGeneric)
	}
	if cmd.checked {
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
	return cmd.run(c, strings.Fields(arg))
}

// misused reports wrong arguments and shows the command's help.
func (c *Controller) misused(name, problem string, status int) error {
	c.println("Error: " + problem)
	c.status = status
	c.help(name)
	return nil
}

// upcheck asks the server for its version. When it is not one that we can talk to, upcheck says why and sets the
// status; what it has no words for is the error.
func (c *Controller) upcheck() (bool, error) {
	if c.badURL != nil {
		return false, c.badURL
	}
	var version string
	err := c.server.Call(c.ctx, &version, "supervisor.getVersion") // the name that servers of any age know
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
