// Command supervisorctl controls a running supervisord.
package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/ctl"
	"github.com/gosupervisor/supervisor/internal/quit"
	"github.com/gosupervisor/supervisor/internal/timezone"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

func main() { os.Exit(run()) }

// run runs the command line and returns the exit status.
func run() int {
	quit.Default()
	timezone.Set()
	argv0 := config.ProgramPath(os.Args[0])
	options, err := config.ParseCtlArgs(os.Args[0], os.Args[1:])
	if err == nil && options.Help {
		if _, err := os.Stdout.WriteString(config.CtlUsage(argv0)); err != nil {
			return ctl.PrintWriteError(os.Stderr, err)
		}
		return 0
	}
	var c *config.Ctl
	if err == nil {
		c, err = config.LoadCtl(options)
	}
	var warnings []string
	if err == nil {
		warnings, err = c.ReadSecrets()
	}
	if err != nil {
		config.PrintUsageError(os.Stderr, argv0, err)
		return 2
	}
	for _, warning := range warnings {
		fmt.Fprintln(os.Stderr, "Warning: "+warning)
	}
	controller := ctl.New(ctl.Options{
		ServerURL:   c.ServerURL,
		Username:    c.Username,
		Password:    c.Password,
		Token:       c.Token,
		TLS:         client.TLS{CA: c.TLSCA, Cert: c.TLSCert, Key: c.TLSKey},
		TrustedUIDs: c.TrustedUIDs,
		Prompt:      c.Prompt,
		HistoryFile: c.HistoryFile,
		Interactive: c.Interactive,
		Terminal:    isTerminal(os.Stdin) && isTerminal(os.Stdout),
		OutTerminal: isTerminal(os.Stdout),
		Plugins:     c.Plugins,
		In:          os.Stdin,
		Out:         os.Stdout,
		Err:         os.Stderr,
	})
	if len(c.Args) > 0 {
		return controller.Run(c.Args)
	}
	return controller.Shell()
}

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}
