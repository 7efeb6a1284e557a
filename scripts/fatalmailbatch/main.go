// Fatalmailbatch is a listener that sends mail about processes that supervisord gave up starting, many of them in one
// message. Its options are those of superlance's fatalmailbatch, and -c for a command that sends mail. To be subscribed
// to PROCESS_STATE_FATAL, or all of PROCESS_STATE, and a tick:
//
//	[eventlistener:fatalmailbatch]
//	command=supervisor-fatalmailbatch -t ops@example.com -f supervisord@example.com
//	events=PROCESS_STATE,TICK_60
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/watch"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func main() {
	b := &batch{}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	go func() {
		<-signals
		b.send()
		os.Exit(0)
	}()
	status := watch.Main("-t ADDRESS[,ADDRESS] -f ADDRESS [-i MINUTES] [-s SUBJECT] [-e EVENT] [-c COMMAND | -H HOST]",
		b.configure)
	b.send() // what came since the last tick is not lost, here and above
	os.Exit(status)
}

// batch collects messages until it is time to send them.
type batch struct {
	tick     string
	minutes  float64 // in one tick
	interval float64 // in minutes
	passed   float64
	sender

	mu       sync.Mutex // for messages
	messages []string
}

func (b *batch) configure(flags *pflag.FlagSet) func() (func(childutils.Event) error, error) {
	to := flags.StringP("toEmail", "t", "", "send mail to these `addresses`, separated by commas")
	flags.StringVarP(&b.from, "fromEmail", "f", "", "the `address` that mail comes from")
	flags.Float64VarP(&b.interval, "interval", "i", 1, "collect for so many `minutes`")
	flags.StringVarP(&b.subject, "subject", "s", "Fatal start alert from supervisord", "the `subject`")
	flags.StringVarP(&b.tick, "tickEvent", "e", "TICK_60", "the `event` that is subscribed to for the time")
	flags.StringVarP(&b.command, "sendmail_program", "c", "/usr/sbin/sendmail -t -i",
		"the `command` that sends mail, which takes headers and text on its standard input")
	flags.StringVarP(&b.host, "smtpHost", "H", "", "send mail through this SMTP server, `host` or host:port, instead")
	flags.StringVarP(&b.user, "userName", "u", "", "the `name` of a user of the SMTP server")
	flags.StringVarP(&b.password, "password", "p", "", "and the `password`")
	flags.BoolVarP(&b.tls, "tls", "x", false, "refuse an SMTP server that cannot encrypt")
	return func() (func(childutils.Event) error, error) {
		seconds, err := strconv.Atoi(strings.TrimPrefix(b.tick, "TICK_"))
		if err != nil || !strings.HasPrefix(b.tick, "TICK_") {
			return nil, fmt.Errorf("%s is no tick", b.tick)
		}
		b.minutes = float64(seconds) / 60
		for address := range strings.SplitSeq(*to, ",") {
			if address = strings.TrimSpace(address); address != "" {
				b.to = append(b.to, address)
			}
		}
		if len(b.to) == 0 || b.from == "" {
			return nil, fmt.Errorf("there must be -t and -f")
		}
		return b.handle, nil
	}
}

func (b *batch) handle(event childutils.Event) error {
	switch event.Name() {
	case "PROCESS_STATE_FATAL":
		fields, _ := event.Data()
		text := fmt.Sprintf("%s -- Process %s:%s failed to start too many times", watch.Now(), fields["groupname"],
			fields["processname"])
		watch.Say("%s", text)
		b.mu.Lock()
		b.messages = append(b.messages, text)
		b.mu.Unlock()
	case b.tick:
		if b.passed += b.minutes; b.passed >= b.interval {
			b.passed = 0
			b.send()
		}
	}
	return nil
}

// send sends what was collected. What could not be sent is tried again with the next batch.
func (b *batch) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) == 0 {
		return
	}
	if err := b.sender.send(strings.Join(b.messages, "\n") + "\n"); err != nil {
		watch.Say("cannot send mail: %v", err)
		return
	}
	watch.Say("mailed %d messages to %s", len(b.messages), strings.Join(b.to, ", "))
	b.messages = nil
}
