package spool

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

// meta is what the spool knows besides events.
type meta struct {
	Name    string    `json:"name"`
	Epoch   uint64    `json:"epoch"`
	Acked   fleet.Rev `json:"acked"`
	Dropped uint64    `json:"dropped,omitempty"`
}

const metaName = "spool.json"

// readMeta reads the file, or returns what a new spool has. A file that is damaged counts as none: the epoch then is the time, as in a
// new spool.
func readMeta(root *os.Root, now time.Time) (meta, error) {
	data, err := root.ReadFile(metaName)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return meta{}, err
	}
	var m meta
	if err != nil || json.Unmarshal(data, &m) != nil || m.Name == "" || m.Epoch == 0 {
		return meta{Name: rand.Text(), Epoch: uint64(max(now.Unix(), 1))}, nil
	}
	return m, nil
}

// write replaces the file, and returns when it is on disk.
func (m meta) write(root *os.Root) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	const temporary = metaName + ".new"
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, syncData(f), f.Close()); err != nil {
		return err
	}
	return root.Rename(temporary, metaName)
}
