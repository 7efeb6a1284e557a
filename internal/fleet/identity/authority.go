// Package identity has the keys and documents by which hosts and people prove who they are: NATS's decentralized identities. An operator
// key vouches for one account; the account, or its signing key for hosts, signs a document for each user, which says what that may
// publish and hear. Seeds of hosts never leave them. Functions that read or write files say so; the others are pure but for random keys.
package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// Authority is what a hub needs to know whom to believe, and to admit hosts.
type Authority struct {
	Operator *jwt.OperatorClaims
	Account  string            // its public key
	Accounts map[string]string // documents by key: of the account, and of one without users, which NATS needs for itself
	hosts    nkeys.KeyPair     // the signing key
}

// File names below the directory of a hub.
const (
	keyDir       = "keys"
	operatorSeed = keyDir + "/operator.seed"
	accountSeed  = keyDir + "/account.seed"
	hostsSeed    = keyDir + "/hosts.seed"
	documents    = keyDir + "/authority.json"
)

// stored is the file of documents.
type stored struct {
	Operator string `json:"operator"`
	Account  string `json:"account"`
	System   string `json:"system"`
}

// ErrExists says that a hub has keys already.
var ErrExists = errors.New("there are keys already")

// Init makes the keys of a hub below its directory, and returns the credentials of an administrator.
func Init(root *os.Root) (admin []byte, err error) {
	if _, err := root.Stat(keyDir); err == nil {
		return nil, ErrExists
	}
	operator, err := nkeys.CreateOperator()
	if err != nil {
		return nil, err
	}
	account, err := nkeys.CreateAccount()
	if err != nil {
		return nil, err
	}
	hosts, err := nkeys.CreateAccount()
	if err != nil {
		return nil, err
	}
	d, err := describe(operator, account, hosts)
	if err != nil {
		return nil, err
	}
	admin, err = newUser(account, "admin", jwt.Permissions{}, nil)
	if err != nil {
		return nil, err
	}
	if err := root.Mkdir(keyDir, 0o700); err != nil {
		return nil, err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		key  nkeys.KeyPair
	}{{operatorSeed, operator}, {accountSeed, account}, {hostsSeed, hosts}} {
		seed, err := f.key.Seed()
		if err == nil {
			err = root.WriteFile(f.name, append(seed, '\n'), 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	return admin, root.WriteFile(documents, text, 0o600)
}

// describe returns the documents of an operator and its account.
func describe(operator, account, hosts nkeys.KeyPair) (d stored, err error) {
	o, err := operator.PublicKey()
	if err != nil {
		return d, err
	}
	a, err := account.PublicKey()
	if err != nil {
		return d, err
	}
	h, err := hosts.PublicKey()
	if err != nil {
		return d, err
	}
	system, err := nkeys.CreateAccount() // its seed is not kept
	if err != nil {
		return d, err
	}
	y, err := system.PublicKey()
	if err != nil {
		return d, err
	}
	nats := jwt.NewAccountClaims(y)
	nats.Name = "SYS"
	if d.System, err = nats.Encode(operator); err != nil {
		return d, err
	}
	op := jwt.NewOperatorClaims(o)
	op.Name, op.SystemAccount = "fleet", y
	if d.Operator, err = op.Encode(operator); err != nil {
		return d, err
	}
	claims := jwt.NewAccountClaims(a)
	claims.Name = "fleet"
	claims.SigningKeys.Add(h)
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit, MaxAckPending: jwt.NoLimit,
		MemoryMaxStreamBytes: jwt.NoLimit, DiskMaxStreamBytes: jwt.NoLimit,
	}
	d.Account, err = claims.Encode(operator)
	return d, err
}

// Load reads the keys of a hub. The error is fs.ErrNotExist if it has none.
func Load(root *os.Root) (*Authority, error) {
	text, err := root.ReadFile(documents)
	if err != nil {
		return nil, err
	}
	var d stored
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", documents, err)
	}
	a := &Authority{}
	if a.Operator, err = jwt.DecodeOperatorClaims(d.Operator); err != nil {
		return nil, fmt.Errorf("%s: %w", documents, err)
	}
	account, err := jwt.DecodeAccountClaims(d.Account)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", documents, err)
	}
	a.Account = account.Subject
	a.Accounts = map[string]string{a.Account: d.Account, a.Operator.SystemAccount: d.System}
	seed, err := root.ReadFile(hostsSeed)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key that signs hosts: %w", errors.Join(err, errIncomplete))
	}
	if a.hosts, err = nkeys.FromSeed(trim(seed)); err != nil {
		return nil, fmt.Errorf("%s: %w", hostsSeed, err)
	}
	return a, nil
}

// errIncomplete keeps an error from being taken for one that there are no keys at all.
var errIncomplete = errors.New("the keys are not complete")

// None reports whether an error of Load says that a hub has no keys.
func None(err error) bool { return errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errIncomplete) }

func trim(seed []byte) []byte {
	for len(seed) > 0 && (seed[len(seed)-1] == '\n' || seed[len(seed)-1] == '\r') {
		seed = seed[:len(seed)-1]
	}
	return seed
}

// newUser makes a key and its document, as the contents of a file of credentials. Account signs, and is the account.
func newUser(account nkeys.KeyPair, name string, permissions jwt.Permissions, tags []string) ([]byte, error) {
	user, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	public, err := user.PublicKey()
	if err != nil {
		return nil, err
	}
	claims := jwt.NewUserClaims(public)
	claims.Name, claims.Permissions = name, permissions
	claims.Tags.Add(tags...)
	document, err := claims.Encode(account)
	if err != nil {
		return nil, err
	}
	seed, err := user.Seed()
	if err != nil {
		return nil, err
	}
	return jwt.FormatUserConfig(document, seed)
}

// sign signs the document of a user with the signing key for hosts.
func (a *Authority) sign(claims *jwt.UserClaims) (string, error) {
	claims.IssuerAccount = a.Account
	return claims.Encode(a.hosts)
}

// Hub returns credentials of the hub itself, which may do all.
func (a *Authority) Hub() (document, seed string, err error) {
	user, err := nkeys.CreateUser()
	if err != nil {
		return "", "", err
	}
	public, err := user.PublicKey()
	if err != nil {
		return "", "", err
	}
	claims := jwt.NewUserClaims(public)
	claims.Name = "hub"
	claims.Expires = time.Now().Add(24 * time.Hour).Unix() // it is used at once
	if document, err = a.sign(claims); err != nil {
		return "", "", err
	}
	text, err := user.Seed()
	return document, string(text), err
}
