package identity

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/glob"
)

// JoinSubject is where a host asks for its document.
const JoinSubject = "fleet.v1.join"

// Inbox returns the prefix of the subjects at which a host gets answers.
func Inbox(host string) string { return "_INBOX_" + fleet.Escape(host) }

// JoinInbox is the prefix of the subjects at which a host that joins gets its answer.
const JoinInbox = "_INBOX_JOIN"

// Host returns the document of a host with a public key.
func (a *Authority) Host(name, key string) (string, error) {
	if !nkeys.IsValidPublicUserKey(key) {
		return "", errors.New("the key of the host is not valid")
	}
	claims := jwt.NewUserClaims(key)
	claims.Name = name
	claims.Tags.Add("host")
	claims.Permissions = hostPermissions(name)
	return a.sign(claims)
}

// hostPermissions returns what a host may publish and hear: its own events, states and heartbeat, what an agent asks about them, and
// answers. They do not bind the answers of the server: a request may name any subject for its answer, also one of another host.
func hostPermissions(name string) jwt.Permissions {
	h := fleet.Escape(name)
	events := "fleet.v1.ev." + h + ".>"
	states := "$KV." + fleet.StateBucket + "." + h + ".>"
	alive := "$KV." + fleet.AliveBucket + "." + h
	var p jwt.Permissions
	p.Pub.Allow.Add(
		events, states, alive, "$KV."+fleet.HostBucket+"."+h,
		"$JS.API.DIRECT.GET."+fleet.EventStream+"."+events,
		"$JS.API.DIRECT.GET.KV_"+fleet.AliveBucket+"."+alive,
		"$JS.API.CONSUMER.CREATE.KV_"+fleet.StateBucket+".*."+states,
		"$JS.API.CONSUMER.DELETE.KV_"+fleet.StateBucket+".*",
		"$JS.FC.KV_"+fleet.StateBucket+".>",
	)
	for _, stream := range []string{"KV_" + fleet.StateBucket, "KV_" + fleet.HostBucket, "KV_" + fleet.AliveBucket, fleet.EventStream} {
		p.Pub.Allow.Add("$JS.API.STREAM.INFO." + stream)
	}
	p.Sub.Allow.Add(Inbox(name) + ".>")
	return p
}

// Token returns a token with which one host whose name matches a pattern may join until it expires.
func (a *Authority) Token(pattern string, expires time.Time) (string, error) {
	user, err := nkeys.CreateUser()
	if err != nil {
		return "", err
	}
	key, err := user.PublicKey()
	if err != nil {
		return "", err
	}
	claims := jwt.NewUserClaims(key)
	claims.Name = pattern // tags are in lower case
	claims.Tags.Add("join")
	claims.BearerToken = true
	claims.Expires = expires.Unix()
	claims.Permissions.Pub.Allow.Add(JoinSubject)
	claims.Permissions.Sub.Allow.Add(JoinInbox + ".>")
	return a.sign(claims)
}

// JoinRequest is what a host sends to join.
type JoinRequest struct {
	V     int    `json:"v"`
	Token string `json:"token"`
	Host  string `json:"host"`
	Key   string `json:"key"` // its public key
}

// JoinAnswer is the answer: a document, or why there is none.
type JoinAnswer struct {
	V        int    `json:"v"`
	Document string `json:"document,omitempty"`
	Error    string `json:"error,omitempty"`
}

// ErrToken says that a token is not taken; why is for the log of the hub.
var ErrToken = errors.New("the hub does not take this token")

// CheckToken returns the id of a token of this hub with which a host may join now, and when it expires.
func (a *Authority) CheckToken(token, host string, now time.Time) (id string, expires time.Time, err error) {
	claims, err := jwt.DecodeUserClaims(token)
	if err != nil {
		return "", expires, fmt.Errorf("%w: %w", ErrToken, err)
	}
	signer, err := a.hosts.PublicKey()
	if err != nil {
		return "", expires, err
	}
	expires = time.Unix(claims.Expires, 0)
	switch {
	case claims.Issuer != signer || claims.IssuerAccount != a.Account || !claims.Tags.Contains("join"):
		return "", expires, fmt.Errorf("%w: it is not of this hub", ErrToken)
	case claims.Expires == 0 || !now.Before(expires):
		return "", expires, fmt.Errorf("%w: it has expired", ErrToken)
	case !glob.Match(claims.Name, host):
		return "", expires, fmt.Errorf("%w: it is for hosts %s", ErrToken, claims.Name)
	}
	return claims.ID, expires, nil
}

// NewKey returns a key for a host: the public part, and the seed.
func NewKey() (public string, seed []byte, err error) {
	user, err := nkeys.CreateUser()
	if err != nil {
		return "", nil, err
	}
	if public, err = user.PublicKey(); err != nil {
		return "", nil, err
	}
	seed, err = user.Seed()
	return public, seed, err
}

// Credentials returns the contents of a file of credentials.
func Credentials(document string, seed []byte) ([]byte, error) {
	claims, err := jwt.DecodeUserClaims(document)
	if err != nil {
		return nil, err
	}
	key, err := nkeys.FromSeed(seed)
	if err != nil {
		return nil, err
	}
	if public, err := key.PublicKey(); err != nil || public != claims.Subject {
		return nil, errors.New("the hub's answer is not about the key of this host")
	}
	return jwt.FormatUserConfig(document, seed)
}

// Read reads a file of credentials, and returns its contents and the name in it. A file that others can read is refused.
func Read(path string) (text []byte, name string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, "", fmt.Errorf("credentials %s can be read by others (mode 0600)", path)
	}
	if text, err = os.ReadFile(path); err != nil {
		return nil, "", err
	}
	document, err := jwt.ParseDecoratedJWT(text)
	if err == nil {
		var claims *jwt.UserClaims
		if claims, err = jwt.DecodeUserClaims(strings.TrimSpace(document)); err == nil {
			return text, claims.Name, nil
		}
	}
	return nil, "", fmt.Errorf("credentials %s: %w", path, err)
}
