package ctl

import (
	"crypto/rand"
	"errors"
	"io"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
)

// hashPassword reads a password, twice on a terminal, and prints the value of password= with its hash.
func (c *Controller) hashPassword(args []string) error {
	form := "--argon2id"
	switch {
	case len(args) == 1:
		form = args[0]
	case len(args) > 1:
		return c.usageError("hash-password", "hash-password takes one option", exitInvalidArgs)
	}
	if !strings.HasPrefix(form, "--") || !strings.Contains(" --sha256 --bcrypt --argon2id ", " "+form+" ") {
		return c.invalidArg("bad option " + form)
	}
	password, err := c.newPassword()
	switch {
	case err != nil:
		return err
	case password == "":
		return c.invalidArg("there is no password")
	}
	value := ""
	switch form {
	case "--sha256":
		value = access.SHA256(password)
	case "--bcrypt":
		if value, err = access.Bcrypt(password); err != nil {
			return c.invalidArg("bcrypt takes at most 72 bytes")
		}
	default:
		salt := make([]byte, 16)
		_, _ = rand.Read(salt) // never fails
		value = access.Argon2(password, salt)
	}
	c.println(value)
	return nil
}

// newPassword reads a password: a line, or on a terminal the same one twice without an echo.
func (c *Controller) newPassword() (string, error) {
	if !c.options.Terminal || c.terminal() == nil {
		line, err := c.readLine(c.ctx)
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		return line, err
	}
	c.out.Flush()
	for {
		first, err := c.tty.readSecret(c.ctx, "Password:")
		if err != nil {
			return "", err
		}
		c.println("")
		c.out.Flush()
		second, err := c.tty.readSecret(c.ctx, "Again:")
		if err != nil {
			return "", err
		}
		c.println("")
		if first == second {
			return first, nil
		}
		c.println("They differ")
		c.out.Flush()
	}
}
