package faults

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// numbered writes "RUN N" for N = 0, 1, ..., each between a prefix and a suffix, some at an interval, until SIGTERM; then it appends
// "RUN COUNT" to the file.
func numbered(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("numbered FILE INTERVAL COUNT PREFIX SUFFIX, not %q", args)
	}
	interval, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	burst, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var around [2]string // with the escapes of Go
	for i := range around {
		if around[i], err = strconv.Unquote(`"` + args[3+i] + `"`); err != nil {
			return err
		}
	}
	enough := make(chan os.Signal, 1)
	signal.Notify(enough, syscall.SIGTERM)
	tick := time.NewTicker(interval)
	for i := 0; ; {
		select {
		case <-tick.C:
			var b []byte
			for range burst {
				b = fmt.Appendf(b, "%s%d %d%s\n", around[0], os.Getpid(), i, around[1])
				i++
			}
			if _, err := os.Stdout.Write(b); err != nil {
				return err
			}
		case <-enough:
			return appendLine(args[0], fmt.Sprintf("%d %d", os.Getpid(), i))
		}
	}
}

// listening is a listener that appends the header and payload of each event to a file, as one line, and writes its result in pieces.
func listening(file string) error {
	in := bufio.NewReader(os.Stdin)
	if _, err := os.Stdout.WriteString("READY\n"); err != nil {
		return err
	}
	for {
		header, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		_, text, _ := strings.Cut(strings.TrimSpace(header), "len:")
		size, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		payload := make([]byte, size)
		if _, err := io.ReadFull(in, payload); err != nil {
			return err
		}
		if err := appendLine(file, strings.TrimSpace(header)+" "+strings.ReplaceAll(string(payload), "\n", " ")); err != nil {
			return err
		}
		for _, piece := range []string{"RESU", "LT 2\nO", "KREADY\n"} {
			<-time.After(time.Millisecond)
			if _, err := os.Stdout.WriteString(piece); err != nil {
				return err
			}
		}
	}
}

func appendLine(file, text string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, text); err != nil {
		return err
	}
	return f.Close()
}

var remoteEvent = regexp.MustCompile(`type:t\s+(\w+)`)

// plugged is a plug-in. It notes a call of x.wait and each event in the file calls of a directory, and answers when the FIFO call or event
// there has been opened for writing.
func plugged(dir string) error {
	l, err := net.FileListener(os.Stdin)
	if err != nil {
		return err
	}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		result, fifo := "<boolean>1</boolean>", ""
		switch event := remoteEvent.FindSubmatch(body); {
		case err != nil:
			return
		case event != nil:
			err, fifo = appendLine(filepath.Join(dir, "calls"), string(event[1])), "event"
		case strings.Contains(string(body), "<methodName>x.wait"):
			err, fifo = appendLine(filepath.Join(dir, "calls"), "wait"), "call"
		default:
			result = "<array><data><value><string>x.wait</string></value></data></array>"
		}
		if err == nil && fifo != "" {
			var gate *os.File
			if gate, err = os.Open(filepath.Join(dir, fifo)); err == nil {
				err = gate.Close()
			}
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "<?xml version='1.0'?><methodResponse><params><param><value>%s</value></param></params></methodResponse>", result)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}))
}
