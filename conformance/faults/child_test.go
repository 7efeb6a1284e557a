package faults

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// childWord as the first argument makes this binary a child of the daemon under test.
const childWord = "child"

// number is the length of the lines of a sequence. Each line is its own number, so that lost, repeated and moved lines are
// detected.
const number = 16

func line(b []byte, i int) []byte { return fmt.Appendf(b, "%0*d\n", number-1, i) }

// child performs the work of a child:
//
//	seq BYTES          write a sequence of so many bytes as fast as possible
//	steady FILE        write a sequence, 16 lines a millisecond, until SIGUSR1; then write the number of bytes to FILE and wait
//	account FILE       write "RUN N" for N = 0, 1, ... until SIGTERM; then append "RUN COUNT" to FILE and end
//	notify FILE        report with sd_notify(3): be ready, reload on SIGHUP, and work while there is no FILE; end on SIGTERM
//	long BYTES         write so many bytes without a line feed
//	spew BYTES FIFO    wait until FIFO is open for writing, then write a sequence of so many bytes, then wait
//	numbered FILE INTERVAL COUNT PREFIX SUFFIX
//	                   write lines at an interval, see there
//	listening FILE     be a slow listener that appends each event to FILE
//	accept             answer each connection to descriptor 3 with the process id
//	web PORT           be a web server, see there
//	plugged DIR        be a plug-in that waits, see there
//	brief              run for a moment, and end with status 3
//	orphans N FIFO     wait likewise, start N processes and exit without waiting for them
func child(args []string) int {
	count := func(i int) int {
		n, err := strconv.Atoi(args[i])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
		return n
	}
	var err error
	switch args[0] {
	case "seq":
		err = sequence(os.Stdout, count(1))
	case "spew":
		var gate *os.File
		if gate, err = os.Open(args[2]); err != nil { // waits for a writer
			break
		}
		gate.Close()
		if err = sequence(os.Stdout, count(1)); err == nil {
			hang()
		}
	case "orphans":
		var gate *os.File
		if gate, err = os.Open(args[2]); err != nil {
			break
		}
		gate.Close()
		for n := count(1); n > 0 && err == nil; n-- {
			_, err = syscall.ForkExec("/bin/false", []string{"false"}, nil)
		}
	case "long":
		piece := make([]byte, 64<<10)
		for i := range piece {
			piece[i] = 'x'
		}
		for n := count(1); n > 0 && err == nil; n -= len(piece) {
			_, err = os.Stdout.Write(piece[:min(n, len(piece))])
		}
	case "account":
		err = account(args[1])
	case "notify":
		err = notify(args[1])
	case "numbered":
		err = numbered(args[1:])
	case "listening":
		err = listening(args[1])
	case "accept":
		err = accept()
	case "web":
		err = webServer(args[1])
	case "plugged":
		err = plugged(args[1])
	case "brief":
		<-time.After(20 * time.Millisecond)
		os.Exit(3)
	case "steady":
		err = steady(args[1])
	default:
		err = fmt.Errorf("unknown word %s", args[0])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	return 0
}

func hang() {
	for {
		<-time.After(time.Hour)
	}
}

func sequence(w io.Writer, size int) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var b []byte
	for i := 0; i*number < size; i++ {
		b = line(b[:0], i)
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}

func steady(file string) error {
	enough := make(chan os.Signal, 1)
	signal.Notify(enough, syscall.SIGUSR1)
	tick := time.NewTicker(time.Millisecond)
	for i := 0; ; {
		select {
		case <-tick.C:
			var burst []byte
			for range 16 {
				burst = line(burst, i)
				i++
			}
			if _, err := os.Stdout.Write(burst); err != nil {
				return err
			}
		case <-enough:
			if err := os.WriteFile(file+".new", []byte(strconv.Itoa(i*number)), 0o644); err != nil {
				return err
			}
			if err := os.Rename(file+".new", file); err != nil {
				return err
			}
			hang()
		}
	}
}

func account(file string) error {
	enough := make(chan os.Signal, 1)
	signal.Notify(enough, syscall.SIGTERM)
	tick := time.NewTicker(2 * time.Millisecond)
	run := fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())
	for i := 0; ; {
		select {
		case <-tick.C:
			var burst []byte
			for range 8 {
				burst = fmt.Appendf(burst, "%s %d\n", run, i)
				i++
			}
			if _, err := os.Stdout.Write(burst); err != nil {
				return err
			}
		case <-enough:
			f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(f, "%s %d\n", run, i); err != nil {
				return err
			}
			return f.Close()
		}
	}
}

func notify(file string) error {
	socket, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	tick := time.NewTicker(100 * time.Millisecond)
	for texts := []string{"READY=1"}; ; {
		for _, text := range texts {
			if _, err := socket.Write([]byte(text)); err != nil {
				return err
			}
		}
		texts = nil
		select {
		case <-tick.C:
			if _, err := os.Stat(file); err != nil {
				texts = []string{"WATCHDOG=1"}
			}
		case sig := <-signals:
			if sig == syscall.SIGTERM {
				return nil
			}
			texts = []string{"RELOADING=1", "READY=1"}
		}
	}
}

// accept writes its process id to each connection to the socket that it has inherited, until SIGTERM.
func accept() error {
	l, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprint(c, os.Getpid()); err != nil {
			fmt.Fprintln(os.Stderr, err) // the client has gone
		}
		c.Close()
	}
}

// inSequence returns the number of bytes of the sequence that the concatenated pieces contain from its start, and the first error.
func inSequence(pieces ...[]byte) (size int, problem string) {
	var want []byte
	i := 0
	for _, p := range pieces {
		for len(p) > 0 {
			if len(want) == 0 {
				want = line(nil, i)
				i++
			}
			n := min(len(want), len(p))
			if string(want[:n]) != string(p[:n]) {
				return size, fmt.Sprintf("after %d bytes comes %q instead of %q", size, p[:n], want[:n])
			}
			size += n
			want, p = want[n:], p[n:]
		}
	}
	return size, ""
}
