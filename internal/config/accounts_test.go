package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
)

// slowAccounts is a host whose name service does not answer.
type slowAccounts struct{ *account.Directory }

var errSlow = errors.New("id did not answer within 10s")

func (s slowAccounts) Lookup(name string) (*account.Account, error) {
	if name == "corp" {
		return nil, &account.UnknownError{Kind: "user name", Name: name, Cause: errSlow}
	}
	return users[name], nil
}

var users = map[string]*account.Account{"web": {Name: "web", UID: 7, Missing: errSlow.Error()}, "db": {Name: "db", UID: 8}}

func (s slowAccounts) Home(string) (string, error) { return "/srv/web", nil }

// A name service that does not answer is reported once for each user whose groups it might know, and in the error about a
// name. A ~user is looked up there.
func TestSlowNameService(t *testing.T) {
	slow := host{isDir: func(string) bool { return true }, accounts: slowAccounts{account.New()}, plugin: isBuiltIn}
	read := func(text string) (*Config, error) {
		o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", write(t, t.TempDir(), "sd.conf", text)})
		if err != nil {
			t.Fatal(err)
		}
		return load(o, testEnviron, slow)
	}
	c, err := read("[supervisord]\nuser=web\nlogfile=~web/log\n[program:a]\ncommand=c\nuser=web\n[program:b]\ncommand=c\nuser=db\n" +
		"[program:c]\ncommand=c\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Message{{api.Warn, "user web gets the groups of /etc/group only: id did not answer within 10s"}}
	if d := cmp.Diff(want, c.Messages); d != "" {
		t.Error(d)
	}
	if c.Supervisord.Logfile != "/srv/web/log" {
		t.Error(c.Supervisord.Logfile)
	}
	_, err = read("[supervisord]\n[program:a]\ncommand=c\nuser=corp\n")
	if err == nil || !strings.Contains(err.Error(), "Invalid user name corp: "+errSlow.Error()) {
		t.Error(err)
	}
}
