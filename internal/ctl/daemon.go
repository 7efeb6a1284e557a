package ctl

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// shutdown ends supervisord. Source: ctl, "shutdown".
func (c *Controller) shutdown([]string) error {
	if really, err := c.confirm("Really shut the remote supervisord process down y/N? "); !really {
		return err
	}
	err := c.server.Shutdown(c.ctx)
	switch {
	case err == nil:
		c.println("Shut down")
	case faultCode(err) == api.ShutdownState: // what was asked for happens anyway
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

// reload restarts supervisord. Source: ctl, "reload".
func (c *Controller) reload([]string) error {
	if really, err := c.confirm("Really restart the remote supervisord process y/N? "); !really {
		return err
	}
	if err := c.server.Restart(c.ctx); err != nil {
		return c.known(err, map[int]string{api.ShutdownState: "already shutting down"})
	}
	c.println("Restarted supervisord")
	return nil
}

// confirm asks, if there is somebody to ask.
func (c *Controller) confirm(question string) (bool, error) {
	if !c.options.Interactive {
		return true, nil
	}
	answer, err := c.ask(question)
	if errors.Is(err, io.EOF) {
		err = &failure{"EOFError", "EOF when reading a line"}
	}
	return strings.HasPrefix(strings.ToLower(answer), "y"), err
}

// version prints the version of the server. Source: ctl, "version".
func (c *Controller) version([]string) error {
	version, err := c.server.SupervisorVersion(c.ctx)
	if err == nil {
		c.println(version)
	}
	return err
}

// openURL turns to another server and shows its status, without an influence on the exit status. Source: ctl, "open".
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
