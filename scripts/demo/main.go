// Demo runs supervisord with a small sample in a temporary directory, prints the status of its programs and how to reach it, and waits
// for Ctrl-C. `make demo` runs it: demo SUPERVISORD SUPERVISORCTL.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/freeport"
)

//go:embed demo.conf
var sample string

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: demo SUPERVISORD SUPERVISORCTL")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(supervisord, supervisorctl string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "supervisor-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	port, err := freeport.Get()
	if err != nil {
		return err
	}
	conf := filepath.Join(dir, "supervisord.conf")
	if err := os.WriteFile(conf, []byte(strings.ReplaceAll(sample, "PORT", strconv.Itoa(port))), 0o600); err != nil {
		return err
	}
	daemon := exec.Command(supervisord, "-n", "-c", conf)
	daemon.Stdout, daemon.Stderr = os.Stdout, os.Stderr
	daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C signals only this program
	if err := daemon.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- daemon.Wait() }()
	table, err := settled(ctx, supervisorctl, conf, ended)
	if err == nil && ctx.Err() == nil {
		fmt.Printf("%s\nsupervisord runs in %s. Try, in another terminal:\n\n"+
			"  %[3]s -c %[4]s status\n  %[3]s -c %[4]s tail -f clock\n  %[3]s -c %[4]s restart worker:*\n"+
			"  %[3]s -c %[4]s start hopeless\n\nor in a browser: http://127.0.0.1:%[5]d/\n\nIt also answers at http://127.0.0.1:%[5]d/RPC2 (XML-RPC). "+
			"Ctrl-C stops it.\n",
			table, dir, supervisorctl, conf, port)
	}
	select {
	case <-ctx.Done():
		fmt.Println("\nstopping")
		if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		return <-ended
	case err := <-ended:
		return fmt.Errorf("supervisord exited: %v", err)
	}
}

// settled returns the status table as soon as no program is STARTING or in BACKOFF.
func settled(ctx context.Context, supervisorctl, conf string, ended chan error) (string, error) {
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for {
		out, _ := exec.CommandContext(ctx, supervisorctl, "-c", conf, "status").Output() // its exit status is not 0 because of FATAL
		table := string(out)
		if strings.Contains(table, "FATAL") && !strings.Contains(table, "STARTING") && !strings.Contains(table, "BACKOFF") {
			return table, nil
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return table, nil
		case err := <-ended:
			ended <- err
			return "", err
		}
	}
}
