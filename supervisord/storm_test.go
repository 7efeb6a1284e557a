package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

var seed = flag.Uint64("seed", 1, "seed of the rejections and exits of the listeners")

// How many events of each kind: messages of each of two sources on each channel, and messages of a client.
const (
	stormSent   = 9_000
	stormRemote = 14_500
)

// TestStorm sends more than fifty thousand events of several types to pools of one and of four listeners that reject
// some, and exit before and after they answer others. Each event is accepted exactly once by each pool, is delivered
// again as often as it was rejected or its listener exited, and the order is kept as documented.
func TestStorm(t *testing.T) {
	d := startDaemon(t, fmt.Sprintf(`
[eventlistener:one]
command=SELF listener DIR/one.%%(process_num)d %[1]d
events=PROCESS_COMMUNICATION,PROCESS_LOG,PROCESS_STATE,REMOTE_COMMUNICATION
buffer_size=1000000
process_name=one_%%(process_num)d
startsecs=0
autorestart=true
stdout_logfile=NONE
stderr_logfile=DIR/one.err
[eventlistener:four]
command=SELF listener DIR/four.%%(process_num)d %[1]d
events=PROCESS_COMMUNICATION,PROCESS_LOG,PROCESS_STATE,REMOTE_COMMUNICATION
buffer_size=1000000
numprocs=4
process_name=four_%%(process_num)d
startsecs=0
autorestart=true
stdout_logfile=NONE
stderr_logfile=DIR/four.err
[program:source]
command=SELF source DIR/sent %[2]d
stdout_capture_maxbytes=1KB
stderr_capture_maxbytes=1KB
stdout_events_enabled=true
numprocs=2
process_name=s%%(process_num)d
startsecs=0
autorestart=false
stdout_logfile=NONE
stderr_logfile=NONE
`, *seed, stormSent))
	remote(d)
	d.wait("the sources have sent all", func() bool {
		data, err := os.ReadFile(filepath.Join(d.dir, "sent"))
		return err == nil && len(data) == 2*len("sent\n")
	})
	for _, name := range []string{"source:s0", "source:s1"} {
		d.wait(name+" has ended", func() bool {
			info, err := d.ProcessInfo(t.Context(), name)
			return err == nil && info.StateName == "EXITED"
		})
	}
	if err := d.SendRemoteCommEvent(t.Context(), "end", ""); err != nil {
		t.Fatal(err)
	}
	for pool, listeners := range map[string]int{"one": 1, "four": 4} {
		t.Run(pool, func(t *testing.T) {
			var all []delivery
			d.wait(pool+" has accepted all", func() bool {
				var notes [][]byte
				ended := false
				for i := range listeners {
					data, err := os.ReadFile(filepath.Join(d.dir, fmt.Sprintf("%s.%d", pool, i)))
					if err != nil && !errors.Is(err, os.ErrNotExist) {
						t.Fatal(err)
					}
					notes = append(notes, data)
					ended = ended || bytes.Contains(data, []byte(`"type:end\n"`))
				}
				if !ended { // parsing before that would be wasted
					return false
				}
				all = nil
				for i, data := range notes {
					all = append(all, deliveries(t, data, i)...)
				}
				all = finished(all)
				return all != nil
			})
			checkDeliveries(t, all)
		})
	}
}

// remote sends the events of a client, a hundred with each call.
func remote(d *instance) {
	for n := 0; n < stormRemote; {
		var calls []client.Call
		for ; len(calls) < 100 && n < stormRemote; n++ {
			calls = append(calls, client.Call{Method: "supervisor.sendRemoteCommEvent",
				Params: []any{"n", strconv.Itoa(n)}})
		}
		if _, err := d.Multicall(context.Background(), calls); err != nil {
			d.t.Fatal(err)
		}
	}
}

// delivery is what a listener recorded of an event before it answered.
type delivery struct {
	listener, pool int // which listener; the pool's serial
	name           string
	payload        string
	answer         string // ok, fail, exits, or okexits: it exits after its answer
}

func deliveries(t *testing.T, notes []byte, listener int) (all []delivery) {
	t.Helper()
	for line := range strings.Lines(string(notes)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		words := strings.SplitN(line[:len(line)-1], " ", 4)
		serial, err := strconv.Atoi(words[0])
		if err != nil {
			t.Fatal(err)
		}
		payload, err := strconv.Unquote(words[3])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		d := delivery{listener, serial, words[2], payload, words[1]}
		all = append(all, d)
	}
	return all
}

func (d delivery) accepted() bool { return strings.HasPrefix(d.answer, "ok") }

// finished returns what was delivered up to the last event, or nil if not all of it was accepted. Later events, of
// listeners that exit, may have been recorded in files that were read after others.
func finished(all []delivery) (counts []delivery) {
	last, accepted := -1, map[int]bool{}
	for _, d := range all {
		if d.accepted() {
			accepted[d.pool] = true
		}
		if d.name == "REMOTE_COMMUNICATION" && d.payload == "type:end\n" {
			last = d.pool
		}
	}
	if last < 0 {
		return nil
	}
	for i := range last + 1 {
		if !accepted[i] {
			return nil
		}
	}
	return slices.DeleteFunc(all, func(d delivery) bool { return d.pool > last })
}

// checkDeliveries checks all that one pool was sent.
func checkDeliveries(t *testing.T, all []delivery) {
	type result struct{ accepted, refused int }
	results, payloads := map[int]result{}, map[int]delivery{}
	again := 0
	for _, d := range all {
		f := results[d.pool]
		if d.accepted() {
			f.accepted++
		} else {
			f.refused++
			again++
		}
		results[d.pool] = f
		if before, seen := payloads[d.pool]; seen && (before.payload != d.payload || before.name != d.name) {
			t.Errorf("event %d changed between two deliveries", d.pool)
		}
		payloads[d.pool] = d
	}
	// Each listener gets its events in order. One that was refused is sent again before all that were not sent yet.
	latest := map[int]int{}
	for _, d := range all {
		if results[d.pool].refused > 0 {
			continue
		}
		if d.pool < latest[d.listener] {
			t.Errorf("listener %d got event %d after %d", d.listener, d.pool, latest[d.listener])
		}
		latest[d.listener] = d.pool
	}
	if len(results) < 50_000 || again < 13 {
		t.Errorf("%d events, %d deliveries were refused: too few for this test", len(results), again)
	}
	for i := range len(results) {
		if f := results[i]; f.accepted != 1 {
			t.Errorf("event %d was accepted %d times, refused %d times", i, f.accepted, f.refused)
		}
	}
	checkPayloads(t, payloads)
	t.Logf("%d events, %d delivered again", len(results), again)
}

// checkPayloads checks that the events have all messages of each source, in order.
func checkPayloads(t *testing.T, payloads map[int]delivery) {
	next := map[string]int{}
	var logged [2]strings.Builder
	for i := range len(payloads) {
		d := payloads[i]
		fields, data := childutils.EventData(d.payload)
		source := d.name + " " + fields["processname"] + fields["type"]
		switch d.name {
		case "PROCESS_COMMUNICATION_STDOUT", "PROCESS_COMMUNICATION_STDERR", "REMOTE_COMMUNICATION":
			if fields["type"] == "end" {
				continue
			}
			if data != strconv.Itoa(next[source]) {
				t.Fatalf("%s sent %q, want %d", source, data, next[source])
			}
			next[source]++
		case "PROCESS_LOG_STDOUT":
			logged[fields["processname"][1]-'0'].WriteString(data)
		case "PROCESS_STATE_EXITED":
			sent := next["PROCESS_COMMUNICATION_STDOUT "+fields["processname"]]
			if fields["groupname"] == "source" && sent != stormSent {
				t.Errorf("the exit of %s precedes its last output", fields["processname"])
			}
		}
	}
	for source, want := range map[string]int{"PROCESS_COMMUNICATION_STDOUT s0": stormSent,
		"PROCESS_COMMUNICATION_STDERR s1": stormSent, "REMOTE_COMMUNICATION n": stormRemote} {
		if next[source] != want {
			t.Errorf("%s sent %d messages, want %d", source, next[source], want)
		}
	}
	var want strings.Builder
	for i := range stormSent {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	for i := range logged {
		if logged[i].String() != want.String() {
			t.Errorf("s%d logged %d bytes, want %d", i, logged[i].Len(), want.Len())
		}
	}
}

// stormSource writes numbers between tokens on both channels, and lines outside them.
func stormSource(args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for i := range n {
		text := strconv.Itoa(i)
		if err := childutils.Communicate(os.Stderr, text); err != nil {
			return err
		}
		if err := childutils.Communicate(os.Stdout, text); err != nil {
			return err
		}
		if _, err := fmt.Printf("line %d\n", i); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString("sent\n")
	return err
}

// stormListener records each event and then answers it or not, at random by the seed, its own name and how often it was
// started.
func stormListener(args []string) error {
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	before := 0
	for lines := bufio.NewScanner(f); lines.Scan(); before++ {
	}
	s, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(s, uint64(before)<<8|uint64(args[0][len(args[0])-1])))
	l := childutils.NewListener(os.Stdin, os.Stdout)
	for {
		event, err := l.Next()
		if err != nil {
			return nil // supervisord stops us
		}
		outcome, answer := "ok", l.OK
		if strings.HasPrefix(event.Name(), "PROCESS_STATE") || strings.HasPrefix(event.Payload, "type:end") {
			// Never: an exit makes such events, and the last one ends the test.
		} else if n := random.IntN(20_000); n < 7 {
			outcome, answer = "fail", l.Fail
		} else if n < 10 {
			outcome = "exits"
		} else if n < 13 {
			outcome = "okexits"
		}
		_, err = fmt.Fprintf(f, "%s %s %s %q\n", event.Header["poolserial"], outcome, event.Name(), event.Payload)
		if err != nil {
			return err
		}
		if outcome != "exits" {
			if err := answer(); err != nil {
				return err
			}
		}
		if strings.HasSuffix(outcome, "exits") {
			return errors.New("exits at random")
		}
	}
}
