package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// tailBytes is how much of a log tail prints by default.
const tailBytes = 1600

// tail prints the end of the log of a process, or follows it. Source: tail.
func (c *Controller) tail(args []string) error {
	args, raw := takeFlag(args, "--raw")
	switch {
	case len(args) == 0:
		return c.usageError("tail", "too few arguments", exitGeneric)
	case len(args) > 3:
		return c.usageError("tail", "too many arguments", exitGeneric)
	}
	modifier := ""
	if strings.HasPrefix(args[0], "-") {
		modifier, args = args[0], args[1:]
	}
	if len(args) == 0 {
		return c.argError("tail requires process name")
	}
	name, word := args[0], "stdout"
	if len(args) > 1 {
		word = strings.ToLower(args[len(args)-1])
	}
	channel, ok := api.ParseChannel(word)
	if !ok {
		return c.argError("bad channel " + pyrepr.Quote(word))
	}
	if modifier == "-f" {
		return c.follow("/logtail/"+name+"/"+word, raw, func(ctx context.Context) (io.ReadCloser, error) {
			return c.server.FollowLog(ctx, name, word)
		})
	}
	size, ok := modifierBytes(modifier)
	if !ok {
		return c.argError("bad argument " + modifier)
	}
	text, err := c.readLog(name, channel, size)
	return c.printLog(name, c.visible(text, raw), err)
}

// readLog returns the last size bytes of a log, as they are if the server is ours.
func (c *Controller) readLog(name string, channel api.Channel, size int) (string, error) {
	read := c.server.ReadProcessStdoutLog
	if channel == api.Stderr {
		read = c.server.ReadProcessStderrLog
	}
	return logEnd(size, func() ([]byte, error) { return c.server.LogEnd(c.ctx, name, channel.String(), size) },
		func() (string, error) { return read(c.ctx, name, -size, 0) })
}

// logEnd returns what exact returns, or for other servers and for errors what call returns. A size that is not positive means
// something else to the call.
func logEnd(size int, exact func() ([]byte, error), call func() (string, error)) (string, error) {
	if size > 0 {
		if data, err := exact(); !errors.Is(err, client.ErrNoLogEnd) {
			return string(data), err
		}
	}
	return call()
}

// maintail does the same with the main log. Source: maintail.
func (c *Controller) maintail(args []string) error {
	args, raw := takeFlag(args, "--raw")
	modifier := ""
	switch {
	case len(args) > 1:
		return c.usageError("maintail", "too many arguments", exitGeneric)
	case len(args) == 1:
		modifier = args[0]
	}
	if modifier == "-f" {
		return c.follow("/mainlogtail", raw, c.server.FollowMainLog)
	}
	size, ok := modifierBytes(modifier)
	if !ok {
		return c.argError("bad argument " + modifier)
	}
	text, err := logEnd(size, func() ([]byte, error) { return c.server.MainLogEnd(c.ctx, size) },
		func() (string, error) { return c.server.ReadLog(c.ctx, -size, 0) })
	return c.printLog("supervisord", c.visible(text, raw), err)
}

// modifierBytes parses -N. Without a modifier it returns the default.
func modifierBytes(modifier string) (int, bool) {
	if modifier == "" {
		return tailBytes, true
	}
	digits, found := strings.CutPrefix(modifier, "-")
	if !found {
		return 0, false
	}
	return pyrepr.ParseInt(digits, 10)
}

// argError reports a bad argument that the original would report, too, without the help.
func (c *Controller) argError(problem string) error {
	c.println("Error: " + problem)
	c.status = exitGeneric
	return nil
}

// invalidArg reports a bad value of an option or an argument that only ours has, without the help.
func (c *Controller) invalidArg(problem string) error {
	err := c.argError(problem)
	c.status = exitInvalidArgs
	return err
}

func (c *Controller) printLog(name, text string, err error) error {
	problem := ""
	switch faultCode(err) {
	case api.NoFile:
		problem = "no log file"
	case api.Failed:
		problem = "unknown error reading log"
	case api.BadName:
		problem = "no such process name"
		c.unknown = append(c.unknown, name)
	default:
		if err == nil {
			c.println(text)
		}
		return err
	}
	c.println(name + ": ERROR (" + problem + ")")
	c.status = exitGeneric
	return nil
}

// follow copies a stream to the output until it ends or an interrupt. Errors are printed on standard error.
func (c *Controller) follow(path string, raw bool, open func(context.Context) (io.ReadCloser, error)) error {
	c.println("==> Press Ctrl-C to exit <==")
	c.out.Flush()
	ctx, stop := c.untilInterrupt()
	defer stop()
	stream, err := open(ctx)
	if err == nil {
		defer stream.Close()
		err = c.copy(stream, raw)
	}
	var status *client.HTTPError
	switch {
	case ctx.Err() != nil:
		c.println("")
	case errors.As(err, &status):
		fmt.Fprintf(c.options.Err, "%s%s Cannot read, status code %d\n", c.options.ServerURL, path, status.Code)
		c.status = exitGeneric
	case err != nil:
		class, text := classify(err)
		fmt.Fprintf(c.options.Err, "%s%s Cannot connect, error: <class '%s'> (%s)\n", c.options.ServerURL, path, class, text)
		c.status = exitGeneric
	}
	return nil
}

// copy copies a stream without buffering. An error ends it like its end: the server has been shut down.
func (c *Controller) copy(stream io.Reader, raw bool) error {
	screen := c.screen(c.out, raw)
	defer c.out.Flush()
	defer screen.flush()
	buf := make([]byte, 32<<10)
	for {
		n, err := stream.Read(buf)
		screen.Write(buf[:n])
		if c.out.Flush() != nil || err != nil {
			return nil
		}
	}
}
