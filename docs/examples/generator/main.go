// A sample source of events, which sends a message in regular intervals and in both possible ways: on its standard output, as a
// PROCESS_COMMUNICATION event, and with a call of the supervisord that started it, as a REMOTE_COMMUNICATION event.
//
//	[program:generator]
//	command=sample-generator 5s
//	stdout_capture_maxbytes=1KB
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: %s INTERVAL", os.Args[0])
	}
	interval, err := time.ParseDuration(args[0])
	if err != nil || interval <= 0 {
		return fmt.Errorf("%s is no interval such as 5s", args[0])
	}
	supervisord, err := childutils.Client()
	if err != nil {
		return err
	}
	defer supervisord.Close()
	for n := 1; ; n++ {
		text := fmt.Sprintf("beat %d", n)
		if err := childutils.Communicate(os.Stdout, text); err != nil {
			return err
		}
		fmt.Println("this line is ordinary output")
		if err := supervisord.SendRemoteCommEvent(context.Background(), "generator", text); err != nil {
			return err
		}
		<-time.After(interval)
	}
}
