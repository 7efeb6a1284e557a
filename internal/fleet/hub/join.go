package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
)

// joiner admits hosts. Tokens that were used are kept in a file until they expire.
type joiner struct {
	authority *identity.Authority
	root      *os.Root
	log       *log.Logger

	mu sync.Mutex
}

const usedName = "tokens.json"

// answer answers a request.
func (j *joiner) answer(m *nats.Msg) {
	var r identity.JoinRequest
	a := identity.JoinAnswer{V: fleet.Version}
	err := json.Unmarshal(m.Data, &r)
	if err == nil {
		a.Document, err = j.admit(r, time.Now())
	}
	switch {
	case errors.Is(err, identity.ErrToken):
		a.Error = identity.ErrToken.Error()
	case err != nil:
		a.Error = "the hub cannot admit hosts: see its log"
	}
	if err != nil {
		j.log.Printf("WARN host %q was not admitted: %v", r.Host, err)
	} else {
		j.log.Printf("INFO host %q has joined, with the key %q", r.Host, r.Key)
	}
	data, err := json.Marshal(a)
	if err == nil {
		err = m.Respond(data)
	}
	if err != nil {
		j.log.Printf("WARN cannot answer host %q: %v", r.Host, err)
	}
}

// admit returns the document of a host whose token is good and was not used. It is used then, even if the answer does not arrive.
func (j *joiner) admit(r identity.JoinRequest, now time.Time) (string, error) {
	if r.Host == "" || len(r.Host) > fleet.MaxHost {
		return "", errors.New("the name of the host is empty or too long")
	}
	id, expires, err := j.authority.CheckToken(r.Token, r.Host, now)
	if err != nil {
		return "", err
	}
	document, err := j.authority.Host(r.Host, r.Key)
	if err != nil {
		return "", err
	}
	return document, j.use(id, expires, now)
}

// use notes that a token was used.
func (j *joiner) use(id string, expires, now time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	used := map[string]int64{}
	text, err := j.root.ReadFile(usedName)
	if err == nil {
		err = json.Unmarshal(text, &used)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, there := used[id]; there {
		return errUsed
	}
	used[id] = expires.Unix()
	for id, expires := range used {
		if expires < now.Unix() {
			delete(used, id)
		}
	}
	if text, err = json.Marshal(used); err != nil {
		return err
	}
	return replace(j.root, usedName, text)
}

var errUsed = fmt.Errorf("%w: it was used", identity.ErrToken)

// replace replaces a file, and returns when it is on disk.
func replace(root *os.Root, name string, text []byte) error {
	f, err := root.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return root.Rename(name+".new", name)
}
