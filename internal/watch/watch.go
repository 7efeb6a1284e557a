// Package watch is what the listeners in scripts/ have in common that watch other processes: their command lines, which
// are those of superlance, how they restart a process, and the mail that they send. They are children of supervisord
// like any others, not part of it.
package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// Main is the life of a program: configure sets up its flags and returns what makes the function for each event, once the
// flags are read. It returns the exit status.
func Main(usage string, configure func(*pflag.FlagSet) func() (func(childutils.Event) error, error)) int {
	flags := pflag.NewFlagSet(os.Args[0], pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {
		fmt.Fprintf(os.Stderr, "Usage: %s %s\n\n%s", os.Args[0], usage, flags.FlagUsages())
	}
	begin := configure(flags)
	switch err := flags.Parse(os.Args[1:]); {
	case errors.Is(err, pflag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(os.Stderr, "%v\n", err)
		return 2
	}
	handle, err := begin()
	if err == nil {
		err = childutils.NewListener(os.Stdin, os.Stdout).Each(handle)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		return 2
	}
	return 0
}

// Aliases gives flags further long names.
func Aliases(flags *pflag.FlagSet, names map[string]string) {
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if other := names[name]; other != "" {
			name = other
		}
		return pflag.NormalizedName(name)
	})
}

// Say writes a line to standard error, which supervisord logs.
func Say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Namespec is how supervisorctl calls a process: the name alone if its group has the same.
func Namespec(group, name string) string {
	if group == name {
		return name
	}
	return group + ":" + name
}

// Named tells whether a process is on a list of names, by its own name or as group:name.
func Named(list []string, group, name string) bool {
	return slices.Contains(list, name) || slices.Contains(list, group+":"+name)
}

// patience is how long supervisord may take for one request that waits for nothing.
const patience = time.Minute

// Processes are all processes of supervisord.
func Processes(c *client.Client) ([]client.ProcessInfo, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.AllProcessInfo(ctx)
}

// Restart stops a process and starts it. Stopping takes as long as stopwaitsecs lets it, starting as long as startsecs.
func Restart(c *client.Client, p client.ProcessInfo) error {
	name, ctx := Namespec(p.Group, p.Name), context.Background()
	if _, err := c.StopProcess(ctx, p.Group+":"+p.Name, true); err != nil {
		return fmt.Errorf("failed to stop process %s: %w", name, err)
	}
	if _, err := c.StartProcess(ctx, p.Group+":"+p.Name, true); err != nil {
		return fmt.Errorf("failed to start process %s after stopping it: %w", name, err)
	}
	return nil
}

// Bytes reads a size such as 200MB: KB, MB and GB are 1024 times one another.
func Bytes(text string) (int64, error) { return multiple(text, "kb", 1<<10, "mb", 1<<20, "gb", 1<<30) }

// Seconds reads a time such as 10 or 5m, in seconds, minutes, hours or days.
func Seconds(text string) (time.Duration, error) {
	n, err := multiple(text, "s", 1, "m", 60, "h", 60*60, "d", 24*60*60)
	return time.Duration(n) * time.Second, err
}

// multiple reads a number with one of the suffixes, each followed by its factor.
func multiple(text string, suffixes ...any) (int64, error) {
	number, factor := strings.ToLower(text), int64(1)
	for i := 0; i < len(suffixes); i += 2 {
		if rest, ok := strings.CutSuffix(number, suffixes[i].(string)); ok {
			number, factor = rest, int64(suffixes[i+1].(int))
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return 0, fmt.Errorf("%q is neither a number nor one with a suffix", text)
	}
	return n * factor, nil
}
