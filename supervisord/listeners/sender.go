package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"strings"
	"time"
)

// sender sends mail through an SMTP server, or with a command if there is none.
type sender struct {
	from, subject  string
	to             []string
	command        string
	host           string // empty: the command
	user, password string
	tls            bool // required
	verify         bool // the certificate of the server
}

// smtpTimeout bounds the whole conversation with an SMTP server.
const smtpTimeout = time.Minute

func (s *sender) deliver(text string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	message := compose(text, "To", strings.Join(s.to, ", "), "From", s.from, "Subject", s.subject,
		"Date", time.Now().Format(time.RFC1123Z), "Message-ID", "<"+rand.Text()+"@"+host+">")
	if s.host == "" {
		return pipe(s.command, message)
	}
	return s.smtp(strings.ReplaceAll(message, "\n", "\r\n"))
}

// smtp sends the message through the server. It encrypts if the server can, and sends a password only if it does.
func (s *sender) smtp(message string) (err error) {
	address, host := s.host, s.host
	if name, _, err := net.SplitHostPort(s.host); err == nil {
		host = name
	} else {
		address = net.JoinHostPort(s.host, "25")
	}
	conn, err := net.DialTimeout("tcp", address, smtpTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(smtpTimeout)); err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		config := tlsConfig(s.verify)
		config.ServerName = host
		if err := c.StartTLS(config); err != nil {
			return err
		}
	} else if s.tls {
		return errors.New("the server cannot encrypt")
	}
	if s.user != "" {
		if err := c.Auth(smtp.PlainAuth("", s.user, s.password, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(s.from); err != nil {
		return err
	}
	for _, to := range s.to {
		if err := c.Rcpt(to); err != nil {
			return fmt.Errorf("%s: %w", to, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(message)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}
