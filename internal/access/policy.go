package access

import (
	"crypto/sha256"
	"net/http"
	"reflect"
	"slices"
	"time"
)

// User is an [http_user:NAME] section.
type User struct {
	Name     string   `json:"name"`
	Password string   `json:"password,omitempty"`  // empty: none
	CertName string   `json:"cert_name,omitempty"` // in a certificate; empty: none
	Role     Role     `json:"role"`
	Programs []string `json:"programs,omitempty"` // patterns of namespecs; none: all
	Tokens   []string `json:"tokens,omitempty"`   // {SHA256} and hexadecimal digits
	Servers  []string `json:"servers,omitempty"`  // the sections of the servers where the user is known; none: all
}

// Rules are the keys of the section of a server that say who may do what.
type Rules struct {
	Section   string
	Unix      bool
	Username  string // empty: none
	Password  string
	Access    Role       // the most that a caller gets; NoRole: Full
	Anonymous Role       // what a client without credentials gets; NoRole: see [Gate]
	ClientCA  bool       // clients are asked for certificates
	Peers     []PeerRule // about processes that connect to a Unix socket; nil: they do not matter
	OwnUID    int        // of supervisord
	Unmapped  int        // the number of users of other user namespaces
	Serves    Parts
}

// IsSet reports whether there is more than a name and a password.
func (r Rules) IsSet() bool {
	return r.Access != NoRole || r.Anonymous != NoRole || r.Serves != 0 || r.Peers != nil
}

// Policy is who may do what on all servers.
type Policy struct{ gates []*Gate }

// New makes the policy of servers, in their order. What the checks remember of the policy before is forgotten.
func New(servers []Rules, users []User, checks *Checks) *Policy {
	checks.forget()
	p := &Policy{}
	for _, s := range servers {
		p.gates = append(p.gates, newGate(s, users, checks))
	}
	return p
}

// Gate returns the gate of the server with this number.
func (p *Policy) Gate(server int) *Gate { return p.gates[server] }

// Gate is who may do what on one server. Where no role for clients without credentials is set, they get none if the server has a user
// name, asks for certificates, has rules for processes or, on TCP, users; otherwise all that there is on the server. The permissions of the socket file are the gate of a Unix server.
type Gate struct {
	rules     Rules
	section   string
	checks    *Checks
	accounts  map[string]*account
	users     map[string]*Caller            // each user that can log in
	unknown   *account                      // takes the place of an account for names that have none: its check takes as long as the slowest
	tokens    map[[sha256.Size]byte]*Caller // by their hashes
	serves    Parts
	certified map[string]*Caller // by the names in certificates
	anyCert   *Caller            // a client with a certificate, where there are no users; nil: the certificate must name one
	peers     *peers             // nil: it does not matter which process connects
	anonymous *Caller            // nil: a client without credentials is refused
	lenient   bool               // wrong credentials are none
}

// account is a name with which a client can log in.
type account struct {
	password string
	caller   *Caller // nil: that of no user
}

func newGate(s Rules, users []User, checks *Checks) *Gate {
	g := &Gate{rules: s, section: s.Section, checks: checks, accounts: map[string]*account{}, users: map[string]*Caller{}, unknown: &account{}, serves: s.Serves}
	most := s.Access
	if most == NoRole {
		most = Full
	}
	known := slices.ContainsFunc(users, func(u User) bool { return u.isKnownOn(s.Section) })
	ruled := known || s.ClientCA || s.IsSet()
	add := func(u User) {
		as := func(by Way) *Caller {
			c := &Caller{User: u.Name, By: by, Role: min(u.Role, most), Server: s.Section, programs: u.Programs, ruled: ruled,
				secrets: append([]string{u.Password, u.CertName}, u.Tokens...)}
			g.users[u.Name] = c
			return c
		}
		if u.Password != "" {
			g.accounts[u.Name] = &account{u.Password, as(ByPassword)}
			if isSlow(u.Password) {
				g.unknown = &account{password: u.Password}
			}
		}
		if u.CertName != "" && s.ClientCA {
			if g.certified == nil {
				g.certified = map[string]*Caller{}
			}
			g.certified[u.CertName] = as(ByCertificate)
		}
		for _, text := range u.Tokens {
			if sum, err := parseSHA256(text); err == nil {
				if g.tokens == nil {
					g.tokens = map[[sha256.Size]byte]*Caller{}
				}
				g.tokens[sum] = as(ByToken)
			}
		}
	}
	for _, u := range users {
		if u.isKnownOn(s.Section) {
			add(u)
		}
	}
	if s.Username != "" {
		add(User{Name: s.Username, Password: s.Password, Role: most})
	}
	if s.ClientCA && s.Username == "" && !known {
		g.anyCert = &Caller{By: ByCertificate, Role: most, Server: s.Section, ruled: true, rules: &g.rules}
	}
	g.peers = newPeers(s, most, len(g.accounts) > 0)
	anonymous := s.Anonymous
	closed := s.Username != "" || known && !s.Unix || s.ClientCA || s.Peers != nil
	switch {
	case anonymous == NoRole && closed:
		anonymous = None
	case anonymous == NoRole:
		anonymous, g.lenient = most, true
	}
	if role := min(anonymous, most); role > None {
		g.anonymous = &Caller{Role: role, Server: s.Section, ruled: ruled, logsIn: len(g.accounts) > 0 && !g.lenient}
	}
	return g
}

func (u *User) isKnownOn(section string) bool {
	return u.Servers == nil || slices.Contains(u.Servers, section)
}

// Credentials are what a request has to show who its caller is.
type Credentials struct {
	Authorization string // the value of the field
	Fields        int    // how many fields of this name there are
	Peer          *Peer  // nil: the connection says nothing
}

// Verdict is what becomes of a request.
type Verdict struct {
	Caller *Caller       // nil: the request is refused
	Status int           // of HTTP, for a request that is refused
	Retry  time.Duration // for 429: when
	Failed bool          // there are credentials, and they are wrong
	User   string        // the name in them
	Named  bool          // they have one
}

// Judge finds the caller of a request. Several Authorization fields are no credentials, because readers could disagree which one counts.
func (g *Gate) Judge(c Credentials) Verdict {
	var wrong Verdict
	if c.Peer != nil && c.Peer.Cert != nil {
		if caller := g.byCertificate(c.Peer.Cert); caller != nil {
			return admitted(caller)
		}
	}
	if c.Fields > 0 {
		name, password, ok := basic(c.Authorization)
		wrong = Verdict{Failed: true, User: name, Named: ok}
		var caller *Caller
		busy := false
		switch token := bearer(c.Authorization); {
		case c.Fields > 1:
		case ok:
			caller, busy = g.login(name, password)
		case token != "":
			caller = g.tokens[sha256.Sum256([]byte(token))]
		}
		switch {
		case busy:
			return Verdict{Status: http.StatusServiceUnavailable}
		case caller != nil:
			return admitted(caller)
		}
	}
	if g.peers != nil && !wrong.Failed && c.Peer != nil && c.Peer.Process {
		if caller := g.peers.caller(c.Peer); caller != nil {
			return admitted(caller)
		}
	}
	if g.anonymous != nil && (g.lenient || !wrong.Failed) {
		return admitted(g.anonymous)
	}
	wrong.Status = http.StatusUnauthorized
	return wrong
}

// AsksProcess reports whether it matters which process connects.
func (g *Gate) AsksProcess() bool { return g.peers != nil }

// byCertificate returns the user whom a certificate names.
func (g *Gate) byCertificate(names []string) *Caller {
	for _, name := range names {
		if caller := g.certified[name]; caller != nil {
			return caller
		}
	}
	return g.anyCert
}

func admitted(c *Caller) Verdict {
	if c.Role <= None {
		return Verdict{Status: http.StatusUnauthorized}
	}
	return Verdict{Caller: c}
}

// login returns the user of that name, if the password is right; else nil. It is busy if too many checks wait.
func (g *Gate) login(name, password string) (user *Caller, busy bool) {
	a := g.accounts[name]
	switch {
	case a == nil && len(g.accounts) == 0:
		return nil, false
	case a == nil:
		a = g.unknown
	}
	right := false
	if isSlow(a.password) {
		right, busy = g.checks.matches(a, g.section, name, password)
	} else {
		right = matches(a.password, password)
	}
	if !right {
		return nil, busy
	}
	return a.caller, false
}

// Keeps reports whether a caller of the policy before may go on: it is still known, with the same passwords, tokens and programs, and may do
// what it might before.
func (g *Gate) Keeps(c *Caller) bool {
	if c.rules != nil { // it is no user: the server itself says what it may
		return reflect.DeepEqual(*c.rules, g.rules)
	}
	now := g.anonymous
	if c.User != "" {
		now = g.users[c.User]
	}
	return now != nil && now.Role >= c.Role && slices.Equal(now.secrets, c.secrets) && slices.Equal(now.programs, c.programs)
}

// IgnoresWrong reports whether wrong credentials are none.
func (g *Gate) IgnoresWrong() bool { return g.lenient }

// HasTokens reports whether a client can show a token.
func (g *Gate) HasTokens() bool { return g.tokens != nil }

// Serves reports whether the server has the part.
func (g *Gate) Serves(p Parts) bool { return g.serves == 0 || g.serves&p != 0 }

// IsProtected reports whether a client without credentials may not do everything.
func (g *Gate) IsProtected() bool { return !g.IsOpen(Full) }

// IsOpen reports whether a client without credentials has the role.
func (g *Gate) IsOpen(role Role) bool { return g.anonymous != nil && g.anonymous.May(role) }

// Parts are the parts of a server, 0: all.
type Parts uint8

// The parts.
const (
	RPC Parts = 1 << iota
	Web
	API
	Measurements
)

var partNames = [...]string{"rpc", "web", "api", "metrics"}

// ParsePart returns the part of that name.
func ParsePart(name string) (p Parts, ok bool) {
	i := slices.Index(partNames[:], name)
	return 1 << max(i, 0), i >= 0
}

// Names returns the names of the parts.
func (p Parts) Names() (list []string) {
	for i, name := range partNames {
		if p&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}
