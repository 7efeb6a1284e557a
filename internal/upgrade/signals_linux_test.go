package upgrade

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
)

// stormRole is a program that fails to execute another one while signals come all the time. It ends well if they are caught again.
const stormRole = "storm"

func storm() {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, ignored...)
	os.Stdout.WriteString("ready\n")
	<-signals
	if err := Execute("/nonexistent/program", Handed{State: -1, Back: -1, Guard: -1}, signals); err == nil {
		os.Exit(1)
	}
	for range len(signals) { // those from before
		<-signals
	}
	signal.Notify(signals, ignored...)
	<-signals
	os.Exit(0)
}

// covers: L12-i
// A signal that the runtime handles at the moment in which signals are no longer caught does not end supervisord, and signals are
// caught again if no other program is executed.
func TestSignalsWhileExecuting(t *testing.T) {
	for range 150 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleVariable+"="+stormRole)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Errorf("%q", line)
		}
		over := make(chan struct{})
		for range 2 {
			go func() {
				for {
					select {
					case <-over:
						return
					default:
						_ = cmd.Process.Signal(syscall.SIGUSR2)
					}
				}
			}()
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		close(over)
	}
}
