package config

import (
	"os"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// fastCGIGroup reads an [fcgi-program:x] section that is not in a [group:x].
func (r *reader) fastCGIGroup(s *ini.Section, name string) (*Group, error) {
	name, err := parseName(name)
	if err != nil {
		return nil, sectionError(s, err)
	}
	k := r.section(s)
	k.program = name
	g := &Group{Name: name, Kind: FastCGIGroup}
	programPriority.read(k, g)
	socket := readSocket(k)
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
		p.Socket = socket // of the program that they share
	}
}

// memberSocket sets the socket of a FastCGI program in a [group:x]. The original does not read the socket there, so an invalid one
// is a warning.
func (r *reader) memberSocket(s *ini.Section, processes []*Process) {
	name, ok := strings.CutPrefix(s.Name, "fcgi-program:")
	if !ok {
		return
	}
	k := r.section(s)
	k.program, k.separate = pyrepr.TrimSpace(name), true
	socket := readSocket(k)
	if k.err != nil {
		r.warn("[%s] gets no socket: %v", s.Name, k.err)
		return
	}
	setSocket(processes, socket)
}

// readSocket reads the keys of the socket.
func readSocket(k *sectionReader) *Socket {
	socket := &Socket{}
	socketUser.read(k, socket)
	readAll(k, socketKeys, socket)
	return socket
}

func checkBacklog(k *sectionReader, socket *Socket) {
	if k.has("socket_backlog") && (socket.Backlog < 1 || socket.Backlog > 65535) {
		k.failf("socket_backlog", "Invalid socket_backlog value %d", socket.Backlog)
	}
}

// checkSocket parses the URL.
func checkSocket(k *sectionReader, socket *Socket) {
	address := socket.URL
	if address == "" {
		k.failf("socket", `[%s] section requires a "socket" line`, k.s.Name)
		return
	}
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		if user := k.socketUser; !k.has("socket_owner") && user != nil && user.UID != os.Getuid() {
			socket.UID, socket.GID = user.UID, user.GID
		}
		socket.unix(k, path)
		return
	}
	socket.Mode, socket.UID, socket.GID = 0, -1, -1
	if k.has("socket_owner") || k.has("socket_mode") {
		k.failf("socket", "socket_owner and socket_mode params should only be used with a Unix domain socket in [%s] "+
			"socket", k.s.Name)
	}
	socket.tcp(k, address)
}

func (s *Socket) unix(k *sectionReader, path string) {
	if !strings.HasPrefix(path, "/") {
		k.failf("socket", "Unix socket path %s is not an absolute path in [%s] socket", path, k.s.Name)
	}
	s.Unix = true
	s.Path = k.r.host.normalize(path)
	s.URL = "unix://" + s.Path
}

// tcp reads tcp://host:port.
func (s *Socket) tcp(k *sectionReader, address string) {
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
