package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// childArgument as the first argument makes the bench a supervised program.
const childArgument = "-as-child"

// childMain replaces native/child.c if there is no C compiler. args are FIFO and, optionally, BYTES and PIECE, or ready,
// flood or paced.
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
	if len(args) > 1 && (args[1] == "ready" || args[1] == "flood") {
		return notifyMain(fifo, report, args[1] == "flood")
	}
	report()
	if len(args) > 1 && args[1] == "paced" {
		return pacedMain()
	}
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

// pacedMain writes 1 MB/s without end.
func pacedMain() int {
	const piece = 16 << 10
	block := bytes.Repeat(append(bytes.Repeat([]byte("x"), 127), '\n'), piece/128)
	for range time.Tick(piece * time.Microsecond) {
		if _, err := os.Stdout.Write(block); err != nil {
			break
		}
	}
	return 4
}

// notifyMain reports after it has sent READY=1, and then sends notifications without end, or none.
func notifyMain(fifo *os.File, report func(), flood bool) int {
	socket, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		return 5
	}
	defer socket.Close()
	for text := "READY=1"; ; text = "STATUS=busy" {
		if _, err := io.WriteString(socket, text); err != nil {
			return 6
		}
		if text == "READY=1" {
			report()
		}
		if !flood {
			fifo.Close()
			select {}
		}
	}
}
