package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
)

//go:embed driver.py
var driverSource string

// driver is a Python interpreter that has the original loaded and reads configurations with it.
type driver struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

// startDriver starts the interpreter named in the first line of the original.
func startDriver(reference, dir string) (*driver, error) {
	python, err := interpreter(reference)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(python, "-W", "ignore", "-c", driverSource, daemonOf(&config.Supervisord{}).names(),
		processOf(&config.Process{Program: &config.Program{}}).names())
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environ, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &driver{cmd, stdin, bufio.NewReader(stdout)}, nil
}

func interpreter(script string) (string, error) {
	text, err := os.ReadFile(script)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(strings.TrimPrefix(first, "#!"))
	if !strings.HasPrefix(first, "#!") || len(fields) == 0 {
		return "", fmt.Errorf("%s does not name an interpreter", script)
	}
	return fields[0], nil
}

// ask sends a command for a path and decodes the answer into to.
func (d *driver) ask(command, path string, to any) error {
	if _, err := fmt.Fprintf(d.stdin, "%s %s\n", command, path); err != nil {
		return err
	}
	line, err := d.stdout.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("cannot read from the driver: %w", err)
	}
	return json.Unmarshal(line, to)
}

func (d *driver) close() error {
	d.stdin.Close()
	return d.cmd.Wait()
}
