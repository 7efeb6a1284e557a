package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bareArgument as the first argument makes the bench the baseline of calls: a net/http server with a constant answer.
const bareArgument = "-as-server"

// bareMain serves until it is killed. args are SOCKET, the size of the answer in bytes, and the number of structs in it.
func bareMain(args []string) int {
	if len(args) != 3 {
		return 2
	}
	size, err := strconv.Atoi(args[1])
	structs, err2 := strconv.Atoi(args[2])
	listener, err3 := net.Listen("unix", args[0])
	if err != nil || err2 != nil || err3 != nil {
		return 2
	}
	answer := bareAnswer(size, structs)
	length := strconv.Itoa(len(answer))
	err = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(answer)
	}))
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// bareAnswer returns a text of that size with so many opening tags of structs.
func bareAnswer(size, structs int) []byte {
	answer := bytes.Repeat([]byte("<struct>"), structs)
	return append(answer, bytes.Repeat([]byte("x"), max(0, size-len(answer)))...)
}

// bare starts such a server on the socket of d, waits until it answers, and returns it as a daemon. The caller stops it.
func (t *turn) bare(ctx context.Context, d *daemon, size, structs int) (server *daemon, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	server = &daemon{contender: t.contender, dir: d.dir, socket: d.socket}
	if err := os.RemoveAll(server.socket); err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self, bareArgument, server.socket, strconv.Itoa(size), strconv.Itoa(structs))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var problem strings.Builder
	cmd.Stderr = &problem
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(exited)
	}()
	stop = func() {
		_ = cmd.Process.Kill()
		<-exited
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if _, err = server.call(ctx, "any"); err == nil {
			return server, stop, nil
		}
		select {
		case <-ticker.C:
		case <-exited:
			return nil, nil, fmt.Errorf("the bare server exited: %s", problem.String())
		case <-ctx.Done():
			stop()
			return nil, nil, fmt.Errorf("the bare server does not answer: %w", err)
		}
	}
}
