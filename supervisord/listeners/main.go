// Supervisor-listeners is the four event listeners that come with Supervisor, in one program. It runs the one that it is
// called by the name of, as the links supervisor-memmon, supervisor-httpok, supervisor-crashmail and
// supervisor-fatalmailbatch do, or that its first argument names. Their options are those of superlance's programs.
//
// Each is a child of supervisord like any other listener and imports nothing of the daemon.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/quit"
	"github.com/gosupervisor/supervisor/internal/timezone"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// listener is one of the programs. Its methods are called in this order, by one goroutine.
type listener interface {
	flags(*pflag.FlagSet)
	open(args []string) error // once the flags are set; args are what follows them
	handle(childutils.Event) error
}

// program is a row of the table of listeners.
type program struct {
	name, about string
	usage       string // the arguments
	new         func() listener
}

var programs = []program{
	{"memmon", "restart processes that use too much memory",
		"[-c] [-p PROCESS=SIZE]... [-g GROUP=SIZE]... [-a SIZE] [-m ADDRESS] [-s COMMAND] [-u TIME] [-n NAME]",
		func() listener { return &memmon{programs: limits{}, groups: limits{}} }},
	{"httpok", "restart processes when a URL does not answer as it should",
		"[-p PROCESS]... [-a] [-t SECONDS] [-c STATUS] [-b TEXT] [-g COMMAND] [-d DIRECTORY] [-m ADDRESS]" +
			" [-s COMMAND] [-e|-E] [-w SECONDS] [-n NAME] [--verify] URL",
		func() listener { return &httpok{} }},
	{"crashmail", "send mail when a process exits unexpectedly",
		"[-p PROCESS]... [-a] [-o PREFIX] [-m ADDRESS] [-s COMMAND]",
		func() listener { return &crashmail{} }},
	{"fatalmailbatch", "send mail about processes that could not be started, many in one message",
		"-t ADDRESS[,ADDRESS] -f ADDRESS [-i MINUTES] [-s SUBJECT] [-e EVENT] [-c COMMAND | -H HOST [--verify]]",
		func() listener { return &batch{} }},
}

func main() {
	timezone.Set()
	p, name, args := choose(os.Args)
	if p == nil {
		os.Exit(list(os.Args))
	}
	os.Exit(p.run(name, args))
}

// choose finds the program that a command line is for, with the name it is called by and the arguments that are left.
// The result is nil if neither the base name of the command nor the first argument names one.
func choose(argv []string) (p *program, name string, args []string) {
	if p := find(filepath.Base(argv[0])); p != nil {
		return p, argv[0], argv[1:]
	}
	if len(argv) > 1 {
		if p := find(argv[1]); p != nil {
			return p, argv[0] + " " + argv[1], argv[2:]
		}
	}
	return nil, "", nil
}

func find(name string) *program {
	name = strings.TrimPrefix(name, "supervisor-")
	for i := range programs {
		if programs[i].name == name {
			return &programs[i]
		}
	}
	return nil
}

// list writes which listeners there are: to standard output if that is what the user asked for. It returns the exit status.
func list(argv []string) int {
	out, status := io.Writer(os.Stderr), 2
	if len(argv) > 1 && (argv[1] == "-h" || argv[1] == "--help") {
		out, status = os.Stdout, 0
	}
	fmt.Fprintf(out, "Usage: %s LISTENER [ARGUMENT ...]\n\n", argv[0])
	for _, p := range programs {
		fmt.Fprintf(out, "  %-16s %s\n", p.name, p.about)
	}
	fmt.Fprintf(out, "\n%s LISTENER -h shows the options of one.\n", argv[0])
	return status
}

// run handles events until standard input ends, and returns the exit status.
func (p *program) run(name string, args []string) int {
	l := p.new()
	closer, closes := l.(interface{ close() })
	if !closes { // else it ends by itself, with SIGQUIT too
		quit.Default()
	}
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() { fmt.Fprintf(os.Stderr, "Usage: %s %s\n\n%s", name, p.usage, flags.FlagUsages()) }
	l.flags(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(os.Stderr, "%v\n", err)
		return 2
	}
	err := l.open(flags.Args())
	if err == nil {
		err = childutils.NewListener(os.Stdin, os.Stdout).Each(l.handle)
	}
	if closes {
		closer.close()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 2
	}
	return 0
}

// alias gives flags further long names.
func alias(flags *pflag.FlagSet, names map[string]string) {
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if other := names[name]; other != "" {
			name = other
		}
		return pflag.NormalizedName(name)
	})
}

// logf writes a line to standard error, which supervisord logs.
func logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
