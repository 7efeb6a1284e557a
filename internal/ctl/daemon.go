package ctl

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// shutdown shuts supervisord down. Source: shutdown.
func (c *Controller) shutdown([]string) error {
	if ok, err := c.confirm("Really shut the remote supervisord process down y/N? "); !ok {
		return err
	}
	err := c.server.Shutdown(c.ctx)
	switch {
	case err == nil:
		c.println("Shut down")
	case faultCode(err) == api.ShutdownState: // no failure: the status stays 0
		c.println("ERROR: already shutting down")
	case isRefused(err):
		c.println("ERROR: " + c.options.ServerURL + " refused connection (already shut down?)")
		c.status = exitGeneric
	case isMissing(err):
		c.println("ERROR: " + c.options.ServerURL + " no such file (already shut down?)")
		c.status = exitGeneric
	default:
		return err
	}
	return nil
}

// reload restarts supervisord. Source: reload.
func (c *Controller) reload([]string) error {
	if ok, err := c.confirm("Really restart the remote supervisord process y/N? "); !ok {
		return err
	}
	if err := c.server.Restart(c.ctx); err != nil {
		return c.printConfigFault(err, "already shutting down")
	}
	c.println("Restarted supervisord")
	return nil
}

// confirm asks for confirmation. If the session is not interactive, it returns true.
func (c *Controller) confirm(question string) (bool, error) {
	if !c.options.Interactive {
		return true, nil
	}
	answer, err := c.prompt(question)
	if errors.Is(err, io.EOF) {
		err = &commandError{"EOFError", "EOF when reading a line"}
	}
	return strings.HasPrefix(strings.ToLower(answer), "y"), err
}

// version prints the version of supervisord. Source: version.
func (c *Controller) version([]string) error {
	version, err := c.server.SupervisorVersion(c.ctx)
	if err == nil {
		c.println(version)
	}
	return err
}

// openURL changes the server and prints its status, without a change of the exit status. Source: open.
func (c *Controller) openURL(args []string) error {
	address := strings.Join(args, " ")
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "unix" {
		c.println("ERROR: url must be http:// or unix://")
		c.status = exitGeneric
		return nil
	}
	before := c.status
	c.open(address)
	if err := c.run(c.find("status"), ""); err != nil {
		return err
	}
	c.status = before
	return nil
}
