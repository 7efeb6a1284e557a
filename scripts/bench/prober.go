package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// proberArgument as the first argument makes the bench the baseline of health checks: net/http and nothing else.
const proberArgument = "-as-prober"

// probesAtOnce is how many checks are in progress at once, as in supervisord.
const probesAtOnce = 64

// proberMain makes requests until it is killed. args are URL, the number of requests in each period, and the period.
func proberMain(args []string) int {
	if len(args) != 3 {
		return 2
	}
	count, err := strconv.Atoi(args[1])
	period, err2 := time.ParseDuration(args[2])
	if err != nil || err2 != nil {
		return 2
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	get := func() error {
		answer, err := client.Get(args[0])
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	places := make(chan struct{}, probesAtOnce)
	for begin := time.NewTicker(period); ; <-begin.C {
		var all sync.WaitGroup
		for range count {
			places <- struct{}{}
			all.Go(func() {
				if err := get(); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				<-places
			})
		}
		all.Wait()
	}
}

// startProber starts it. The caller stops it; exited closes when it has exited.
func startProber(url string, count int, period time.Duration) (pid int, exited chan struct{}, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, nil, nil, err
	}
	cmd := exec.Command(self, proberArgument, url, strconv.Itoa(count), period.String())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, nil, nil, err
	}
	exited = make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(exited)
	}()
	return cmd.Process.Pid, exited, func() {
		_ = cmd.Process.Kill()
		<-exited
	}, nil
}
