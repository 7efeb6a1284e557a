package events

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// Handler judges what a listener answered. Source: result_handler.
type Handler func(result []byte) error

// errRejected is what a Handler returns for an event that was not accepted; it is sent again. Any other error puts the
// listener out of service.
var errRejected = errors.New("rejected")

// errFailed is what an external handler's failure is.
var errFailed = errors.New("failed")

// Default accepts OK and rejects all else.
func Default(result []byte) error {
	if string(result) == "OK" {
		return nil
	}
	return errRejected
}

// Stdout is the handler of the plug-in supervisor-stdout, whose listener answers with the payload of a PROCESS_LOG
// event: every line goes to w behind the names of the process and the channel.
func Stdout(w io.Writer) Handler {
	return func(result []byte) error {
		head, data, ok := bytes.Cut(result, []byte("\n"))
		if !ok {
			return errors.New("the result is not the payload of a PROCESS_LOG event")
		}
		fields := map[string]string{}
		for _, field := range strings.Fields(string(head)) {
			key, value, ok := strings.Cut(field, ":")
			if !ok {
				return errors.New("the result does not begin with the header of a payload")
			}
			fields[key] = value
		}
		process, ok1 := fields["processname"]
		channel, ok2 := fields["channel"]
		if !ok1 || !ok2 {
			return errors.New("the result names no process and channel")
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
