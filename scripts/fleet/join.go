package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
)

// joining is the command join.
type joining struct {
	file, host, caFile string
	hub, token         string
}

// joinLimit is how long the hub may take.
const joinLimit = 10 * time.Second

// run gets credentials from the hub, writes them beside the configuration file, and that file if there is none.
func (j joining) run() int {
	credentials := strings.TrimSuffix(j.file, filepath.Ext(j.file)) + ".creds"
	err := j.join(credentials)
	if err == nil {
		err = j.configure(credentials)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		return failed
	}
	return 0
}

// join gets and writes the credentials. The seed stays here.
func (j *joining) join(file string) error {
	if j.host == "" {
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		j.host = name
	}
	agent := fleet.Default().Agent
	if err := agent.SetHubs(j.hub); err != nil {
		return err
	}
	if err := agent.Check(); err != nil { // a token is a secret
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s is there already: remove it to join again", file)
	}
	public, seed, err := identity.NewKey()
	if err != nil {
		return err
	}
	document, err := j.ask(public)
	if err != nil {
		return err
	}
	text, err := identity.Credentials(document, seed)
	if err != nil {
		return err
	}
	return create(file, text, 0o600)
}

// ask asks the hub for the document of a key.
func (j *joining) ask(key string) (string, error) {
	options := []nats.Option{nats.Name("supervisor-fleet join"), nats.Timeout(joinLimit), nats.NoReconnect(),
		nats.CustomInboxPrefix(identity.JoinInbox), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
		nats.UserJWT(func() (string, error) { return j.token, nil }, func([]byte) ([]byte, error) { return nil, nil })}
	if j.caFile != "" {
		options = append(options, nats.RootCAs(j.caFile))
	}
	conn, err := nats.Connect(j.hub, options...)
	if errors.Is(err, nats.ErrAuthorization) {
		return "", identity.ErrToken
	}
	if err != nil {
		return "", fmt.Errorf("no hub answers at %s: %w", j.hub, err)
	}
	defer conn.Close()
	request, err := json.Marshal(identity.JoinRequest{V: fleet.Version, Token: j.token, Host: j.host, Key: key})
	if err != nil {
		return "", err
	}
	m, err := conn.Request(identity.JoinSubject, request, joinLimit)
	if err != nil {
		return "", fmt.Errorf("the hub at %s does not admit hosts: %w", j.hub, err)
	}
	var answer identity.JoinAnswer
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return "", err
	}
	if answer.Error != "" {
		return "", errors.New(answer.Error)
	}
	return answer.Document, nil
}

// configure writes the configuration file, and prints the section for supervisord.
func (j joining) configure(credentials string) error {
	text := fmt.Sprintf("[fleet]\nhub=%s\nhost=%s\ncredentials=%s\n", j.hub, j.host, credentials)
	if j.caFile != "" {
		text += "ca_file=" + j.caFile + "\n"
	}
	err := create(j.file, []byte(text), 0o644)
	if errors.Is(err, fs.ErrExist) {
		fmt.Printf("%s is there already, and must have:\n\n%s\n", j.file, text)
	} else if err != nil {
		return err
	}
	fmt.Printf(`Add this to the configuration of supervisord, and run supervisorctl update:

[eventlistener:fleet]
command=supervisor-fleet agent -c %s
events=PROCESS_STATE,PROCESS_GROUP,SUPERVISOR_STATE_CHANGE
buffer_size=10000
priority=-1
`, j.file)
	return nil
}

// create writes a file that is not there.
func create(name string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
