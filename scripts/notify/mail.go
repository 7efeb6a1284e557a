package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"text/template"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/notify"
)

// mailer sends messages as mail by a server.
type mailer struct {
	host     string
	options  []mail.Option
	from     string
	to       []string
	template *template.Template // nil: the text of the message
	timeout  time.Duration
}

func newMailer(n *config.Notification, custom *template.Template) (*mailer, error) {
	host, port, err := net.SplitHostPort(n.SMTP)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	authorities, err := authorities(n.CAFile)
	if err != nil {
		return nil, err
	}
	m := &mailer{host: host, from: n.From, to: n.To, template: custom, timeout: n.Timeout}
	m.options = []mail.Option{mail.WithPort(number), mail.WithTimeout(n.Timeout), mail.WithHELO(hostName()),
		mail.WithTLSConfig(&tls.Config{ServerName: host, RootCAs: authorities, MinVersion: tls.VersionTLS12})}
	switch n.SMTPTLS {
	case config.SMTPStartTLS:
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSMandatory))
	case config.SMTPTLS:
		m.options = append(m.options, mail.WithSSL())
	default:
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if n.SMTPUser != "" {
		m.options = append(m.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(n.SMTPUser), mail.WithPassword(n.SMTPPassword))
	}
	_, err = mail.NewClient(host, m.options...)
	return m, err
}

func (s *mailer) send(ctx context.Context, m *notify.Message) notify.Result {
	letter, err := s.letter(m)
	if err != nil {
		return refused("%v", err)
	}
	client, err := mail.NewClient(s.host, s.options...) // it is for one goroutine at a time
	if err != nil {
		return refused("%v", err)
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err = client.DialAndSendWithContext(limited, letter)
	var answer *mail.SendError
	switch {
	case err == nil:
		return delivered()
	case limited.Err() != nil:
		return failed("the server did not accept the mail within %s", s.timeout)
	case errors.As(err, &answer) && !answer.IsTemp() && answer.ErrorCode()/100 == 5:
		return refused("%v", err)
	}
	return failed("%v", err)
}

// letter makes the mail. Its Message-ID is the same in each try.
func (s *mailer) letter(m *notify.Message) (*mail.Msg, error) {
	text, err := m.Notice.Plain(s.template)
	if err != nil {
		return nil, fmt.Errorf("the template failed: %w", err)
	}
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(letter.From(s.from), letter.To(s.to...)); err != nil {
		return nil, err
	}
	letter.Subject(m.Notice.Title)
	letter.SetMessageIDWithValue(m.ID + "@" + hostName())
	letter.SetDateWithValue(m.Made)
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, text)
	return letter, nil
}
