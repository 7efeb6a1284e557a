package events

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// Handler decides what the result of a listener means: nil accepts the event, errRejected has it sent again, any other
// error takes the listener out of service. Source: result_handler.
type Handler func(result []byte) error

var (
	errRejected = errors.New("rejected")
	errFailed   = errors.New("failed") // of an external handler

	errNoLogPayload = errors.New("the result is not the payload of a PROCESS_LOG event")
)

// defaultHandler accepts OK and rejects everything else. Source: supervisor.dispatchers.default_handler.
func defaultHandler(result []byte) error {
	if string(result) == "OK" {
		return nil
	}
	return errRejected
}

// Stdout returns the handler of the original's plug-in supervisor-stdout, whose listener answers with the payload of a
// PROCESS_LOG event: each line is written to w after the names of the process and the channel.
func Stdout(w io.Writer) Handler {
	return func(result []byte) error {
		head, data, ok := bytes.Cut(result, []byte("\n"))
		if !ok {
			return errNoLogPayload
		}
		fields := map[string]string{}
		for _, field := range strings.Fields(string(head)) {
			key, value, ok := strings.Cut(field, ":")
			if !ok {
				return errNoLogPayload
			}
			fields[key] = value
		}
		process, hasProcess := fields["processname"]
		channel, hasChannel := fields["channel"]
		if !hasProcess || !hasChannel {
			return errNoLogPayload
		}
		var out []byte
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			out = append(out, process+" "+channel+" | "...)
			out = append(append(out, line...), '\n')
		}
		_, err := w.Write(out)
		return err
	}
}
