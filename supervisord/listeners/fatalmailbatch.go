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

	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// batch is fatalmailbatch, which sends mail about processes that supervisord gave up starting, many of them in one message.
// Its options are those of superlance's program, and -c for a command that sends mail. It subscribes to PROCESS_STATE_FATAL,
// or all of PROCESS_STATE, and a tick:
//
//	[eventlistener:fatalmailbatch]
//	command=supervisor-fatalmailbatch -t ops@example.com -f supervisord@example.com
//	events=PROCESS_STATE,TICK_60
type batch struct {
	tick      string
	minutes   float64 // in one tick
	interval  float64 // in minutes
	passed    float64 // since the last mail, in minutes
	addresses string  // as given with -t
	sender

	mu       sync.Mutex // for messages
	messages []string
}

func (b *batch) flags(flags *pflag.FlagSet) {
	flags.StringVarP(&b.addresses, "toEmail", "t", "", "send mail to these `addresses`, separated by commas")
	flags.StringVarP(&b.from, "fromEmail", "f", "", "the `address` that mail comes from")
	flags.Float64VarP(&b.interval, "interval", "i", 1, "collect for so many `minutes`")
	flags.StringVarP(&b.subject, "subject", "s", "Fatal start alert from supervisord", "the `subject`")
	flags.StringVarP(&b.tick, "tickEvent", "e", "TICK_60", "the tick `event` that is subscribed to")
	flags.StringVarP(&b.command, "sendmail_program", "c", "/usr/sbin/sendmail -t -i",
		"the `command` that sends mail, which takes headers and text on its standard input")
	flags.StringVarP(&b.host, "smtpHost", "H", "", "send mail through this SMTP server, `host` or host:port, instead")
	flags.StringVarP(&b.user, "userName", "u", "", "the `name` of a user of the SMTP server")
	flags.StringVarP(&b.password, "password", "p", "", "the `password` of that user")
	flags.BoolVarP(&b.tls, "tls", "x", false, "refuse an SMTP server that cannot encrypt")
	flags.BoolVar(&b.verify, "verify", false, "check the certificate of an SMTP server that encrypts")
}

func (b *batch) open([]string) error {
	seconds, err := strconv.Atoi(strings.TrimPrefix(b.tick, "TICK_"))
	if err != nil || !strings.HasPrefix(b.tick, "TICK_") {
		return fmt.Errorf("%s is no tick", b.tick)
	}
	b.minutes = float64(seconds) / 60
	for address := range strings.SplitSeq(b.addresses, ",") {
		if address = strings.TrimSpace(address); address != "" {
			b.to = append(b.to, address)
		}
	}
	if len(b.to) == 0 || b.from == "" {
		return fmt.Errorf("-t and -f are required")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	go func() {
		<-signals
		b.close()
		os.Exit(0)
	}()
	return nil
}

// close sends what was collected since the last mail, so that a stop does not lose it.
func (b *batch) close() { b.send() }

func (b *batch) handle(event childutils.Event) error {
	switch event.Name() {
	case "PROCESS_STATE_FATAL":
		fields, _ := event.Data()
		text := fmt.Sprintf("%s -- Process %s:%s failed to start too many times", timestamp(), fields["groupname"],
			fields["processname"])
		logf("%s", text)
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

// send sends what was collected in one message. What could not be sent is tried again with the next batch.
func (b *batch) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) == 0 {
		return
	}
	if err := b.sender.deliver(strings.Join(b.messages, "\n") + "\n"); err != nil {
		logf("cannot send mail: %v", err)
		return
	}
	logf("mailed %d messages to %s", len(b.messages), strings.Join(b.to, ", "))
	b.messages = nil
}
