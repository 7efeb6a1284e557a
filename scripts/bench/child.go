package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// childArgument as the first argument makes the bench a supervised program.
const childArgument = "-as-child"

// childMain replaces native/child.c if there is no C compiler. args are FIFO and, optionally, BYTES and PIECE.
func childMain(args []string) int {
	start := make(chan os.Signal, 1)
	if len(args) > 1 {
		signal.Notify(start, syscall.SIGUSR1)
	}
	fifo, err := os.OpenFile(args[0], os.O_WRONLY, 0)
	if err != nil {
		return 2
	}
	report := func() { fmt.Fprintf(fifo, "%d %d\n", os.Getpid(), now()) }
	report()
	if len(args) > 1 {
		size, err := strconv.Atoi(args[1])
		if err != nil {
			return 2
		}
		piece := 64 << 10
		if len(args) > 2 {
			if piece, err = strconv.Atoi(args[2]); err != nil {
				return 2
			}
		}
		<-start
		report()
		line := append(bytes.Repeat([]byte("x"), 127), '\n')
		for block := bytes.Repeat(line, 512)[:piece]; size > 0; size -= len(block) {
			block = block[:min(size, len(block))]
			if _, err := os.Stdout.Write(block); err != nil {
				return 4
			}
		}
		report()
	}
	fifo.Close()
	select {}
}
