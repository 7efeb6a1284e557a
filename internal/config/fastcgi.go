package config

import (
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// fastCGIGroup reads an [fcgi-program:x] section that is in no group.
func (r *reader) fastCGIGroup(s *ini.Section, name string) (*Group, error) {
	name, err := parseName(name)
	if err != nil {
		return nil, sectionError(s, err)
	}
	k := r.keys(s, expand.Scope{})
	k.here = true
	g := &Group{Name: name, Kind: FastCGIGroup, Priority: r.priority(k, 999)}
	socket := r.socket(k, name)
	if k.err != nil {
		return nil, k.err
	}
	if g.Processes, err = r.processes(s, name); err != nil {
		return nil, err
	}
	setSocket(g.Processes, socket)
	return g, nil
}

func setSocket(processes []*Process, socket *Socket) {
	for _, p := range processes {
		p.Socket = socket // the program is the same for all of them
	}
}

// memberSocket gives the processes of a FastCGI program in a [group:x] their socket. The original never looks at the
// socket there, so a bad one is a warning only.
func (r *reader) memberSocket(s *ini.Section, processes []*Process) {
	name, ok := strings.CutPrefix(s.Name, "fcgi-program:")
	if !ok {
		return
	}
	k := r.keys(s, expand.Scope{})
	k.here, k.benign = true, true
	socket := r.socket(k, pyrepr.TrimSpace(name))
	if k.err != nil {
		r.warn("[%s] gets no socket: %v", s.Name, k.err)
		return
	}
	setSocket(processes, socket)
}

// socket reads socket= and what goes with it, in the order of the original.
func (r *reader) socket(k *keys, program string) *Socket {
	user := read(k, "user", (*account.Account)(nil), r.accountOf)
	socket := &Socket{UID: -1, GID: -1, Backlog: read(k, "socket_backlog", 0, parseInteger)}
	_, hasBacklog := k.raw("socket_backlog")
	if hasBacklog && (socket.Backlog < 1 || socket.Backlog > 65535) {
		k.failf("socket_backlog", "Invalid socket_backlog value %d", socket.Backlog)
	}
	owner := read(k, "socket_owner", [2]int{-1, -1}, r.owner("Invalid socket_owner value "))
	socket.Mode = read(k, "socket_mode", fs.FileMode(0o700), parseMode("Invalid socket_mode value "))
	k.scope.Vars = []expand.Variable{{Name: "program_name", Text: program}}
	address := read(k, "socket", "", parseString)
	if address == "" {
		k.failf("socket", `[%s] section requires a "socket" line`, k.s.Name)
		return nil
	}
	_, hasOwner := k.raw("socket_owner")
	_, hasMode := k.raw("socket_mode")
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		socket.UID, socket.GID = owner[0], owner[1]
		if !hasOwner && user != nil && user.UID != os.Getuid() {
			socket.UID, socket.GID = user.UID, user.GID
		}
		socket.unix(k, path)
		return socket
	}
	socket.Mode = 0
	if hasOwner || hasMode {
		k.failf("socket", "socket_owner and socket_mode params should only be used with a Unix domain socket in [%s] "+
			"socket", k.s.Name)
	}
	socket.tcp(k, address)
	return socket
}

func (s *Socket) unix(k *keys, path string) {
	if !strings.HasPrefix(path, "/") {
		k.failf("socket", "Unix socket path %s is not an absolute path in [%s] socket", path, k.s.Name)
	}
	s.Unix = true
	s.Path = normalize(path)
	s.URL = "unix://" + s.Path
}

// tcp reads tcp://host:port.
func (s *Socket) tcp(k *keys, address string) {
	rest, ok := strings.CutPrefix(address, "tcp://")
	host, number, hasPort := strings.Cut(rest, ":")
	ok = ok && hasPort && host != "" && number != "" && strings.IndexFunc(host, pyrepr.IsSpace) < 0 &&
		strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }) < 0
	if !ok {
		k.failf("socket", "Bad socket format %s in [%s] socket", address, k.s.Name)
		return
	}
	port, err := parsePort(number)
	if err != nil {
		k.failf("socket", "%v in [%s] socket", err, k.s.Name)
	}
	s.Host, s.Port = strings.ToLower(host), port
	s.URL = "tcp://" + s.Host + ":" + strconv.Itoa(port)
}
