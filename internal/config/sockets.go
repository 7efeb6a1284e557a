package config

import (
	"fmt"
	"io/fs"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// socketPrefix begins the names of the sections of sockets.
const socketPrefix = "socket:"

// Listening has the sockets on which a program listens.
type Listening struct {
	Sockets Sockets
}

// Sockets are [socket:x] sections, in the order of the descriptors of the program.
type Sockets []*Socket

// maxSockets is less than the number of descriptors that one message can have, by which a start may get them.
const maxSockets = 200

// Sockets are those of the [socket:x] sections on which the process listens.
func (p *Process) Sockets() Sockets {
	if p.Extra == nil {
		return nil
	}
	return p.Extra.Listening.Sockets
}

// NamesHost reports whether the host of the socket has to be looked up.
func (s *Socket) NamesHost() bool {
	_, err := netip.ParseAddr(s.Host)
	return s.Host != "" && err != nil
}

// AllSockets yields the sockets of the process, also that of FastCGI.
func (p *Process) AllSockets() iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		if p.Socket != nil && !yield(p.Socket) {
			return
		}
		for _, s := range p.Sockets() {
			if !yield(s) {
				return
			}
		}
	}
}

// AutoStarts reports whether the process is started with supervisord. One that a connection starts is not.
func (p *Process) AutoStarts() bool { return p.Start.Auto && p.activatedBy() == "" }

// activatedBy is the name of a socket whose first connection starts the process, empty if there is none.
func (p *Process) activatedBy() string {
	for _, s := range p.Sockets() {
		if s.Activate {
			return s.Name
		}
	}
	return ""
}

// socketSectionKeys are the keys of [socket:x].
var socketSectionKeys = table(Key{Sections: InSocket, Scope: ofFile | ofHost, Update: restarts, Since: Ours},
	&socketKey[int]{Key: Key{Name: "backlog", Default: "the system's maximum", Other: "7", Help: "connections that wait to be accepted"},
		Type: backlogType, Field: func(s *Socket) *int { return &s.Backlog }, Then: checkSocketBacklog},
	&socketKey[fs.FileMode]{Key: Key{Name: "mode", Other: "0770", Wrong: "Invalid mode value ", Help: "of a Unix socket"},
		Type: modeType, Absent: 0o700, Field: func(s *Socket) *fs.FileMode { return &s.Mode }},
	&socketKey[owner]{Key: Key{Name: "owner", Default: asSupervisord, Other: "0:0", Wrong: "Invalid owner value ",
		Help: "of a Unix socket"},
		Type: ownerType, Absent: unchanged, Store: func(_ *sectionReader, s *Socket, o owner) { s.UID, s.GID = o.uid, o.gid }},
	&socketKey[bool]{Key: Key{Name: "reuseport", Other: "true",
		Help: "each process has a socket of its own at the address, and the kernel spreads connections"},
		Type: boolType, Field: func(s *Socket) *bool { return &s.ReusePort }},
	&socketKey[bool]{Key: Key{Name: "activate", Other: "true",
		Help: "its programs are started by the first connection or datagram, not with supervisord"},
		Type: boolType, Field: func(s *Socket) *bool { return &s.Activate }},
	&socketKey[string]{Key: Key{Name: "listen", Required: true, Other: "tcp://h:1",
		Help: "`tcp://host:port`, `tcp://[::1]:port`, `udp://host:port`, `unix:///path`, `unixgram:///path`, or `inherit:NAME`: " +
			"a socket that supervisord got"},
		Type: socketURLType, Field: func(s *Socket) *string { return &s.URL }, Then: checkListen},
)

// socketsPart is where the value of sockets= is.
var socketsPart partAt[Listening] = func(e *Extra) **Listening { return &e.Listening }

// socketsKeys is the key of programs about sockets.
var socketsKeys = inPart(socketsPart, table[Process](
	Key{Sections: InProgram | InInterface | InDefault, Topic: commandTopic, Scope: inProcess, Update: restarts, Since: Ours},
	&extraKey[Sockets]{Key: Key{Name: "sockets", Default: none, Other: "s",
		Help: "names of sections `socket:x` on which it listens, as descriptors from 3 on, see [sockets](howto-sockets.md)"},
		Type: socketsType, Field: func(e *Extra) *Sockets { return &e.Listening.Sockets }, Then: findSockets},
))

var socketsType = &Type[Sockets]{name: "list", parse: parseSockets, text: Sockets.String,
	same: Sockets.Equal}

// Equal reports whether the sections and their values are the same, in the same order.
func (s Sockets) Equal(other Sockets) bool { return slices.EqualFunc(s, other, (*Socket).equal) }

// String returns the names as a file has them.
func (s Sockets) String() string {
	var names []string
	for _, socket := range s {
		names = append(names, socket.Name)
	}
	return strings.Join(names, ",")
}

// parseSockets returns sockets that have nothing but their names.
func parseSockets(text string) (list Sockets, err error) {
	names, err := parseList(text)
	for _, name := range names {
		list = append(list, &Socket{Name: name})
	}
	return list, err
}

// findSockets replaces names by the sockets. A name without one is reported and left out, so that it is not tried as a socket, too.
func findSockets(k *sectionReader, p *Process) {
	list := p.Extra.Listening.Sockets
	if len(list) > maxSockets {
		k.failf("sockets", "[%s] names more than %d sockets", k.s.Name, maxSockets)
	}
	var found []*Socket
	for _, s := range list {
		switch socket := k.r.sockets[s.Name]; {
		case socket == nil:
			k.failf("sockets", "[%s] names unknown socket %s", k.s.Name, s.Name)
		case slices.Contains(found, socket):
			k.failf("sockets", "[%s] names socket %s twice", k.s.Name, s.Name)
		default:
			found = append(found, socket)
		}
	}
	p.Extra.Listening.Sockets = found
}

// requireReadyBehindSockets refuses ready=fd:N if that is the descriptor of a socket.
func requireReadyBehindSockets(k *sectionReader, p *Process) {
	if n := len(p.Sockets()); n > 0 && p.Extra.Notify.Ready.How == ReadyFD && p.Extra.Notify.Ready.FD < minReadyFD+n {
		k.failf("ready", "ready=fd:%d is the descriptor of a socket, the first one behind them is %d", p.Extra.Notify.Ready.FD, minReadyFD+n)
	}
}

// readSockets reads the [socket:x] sections. Programs refer to them, so they come first.
func (r *reader) readSockets() error {
	for _, s := range r.doc.Sections {
		if kindOf(s.Name) != InSocket {
			continue
		}
		_, name, _ := strings.Cut(s.Name, ":")
		name, err := parseName(name)
		if err != nil {
			if err := r.refuse(sectionError(s, err)); err != nil {
				return err
			}
			continue
		}
		k := r.section(s)
		socket := &Socket{Name: name}
		if readAll(k, socketSectionKeys, socket); k.err != nil {
			return k.err
		}
		if r.sockets == nil {
			r.sockets = map[string]*Socket{}
		}
		r.sockets[name] = socket
	}
	return nil
}

func checkSocketBacklog(k *sectionReader, s *Socket) {
	if k.has("backlog") && (s.Backlog < 1 || s.Backlog > 65535) {
		k.failf("backlog", "Invalid backlog value %d", s.Backlog)
	}
}

// checkListen parses listen= and looks at the other keys, whose meaning depends on it.
func checkListen(k *sectionReader, s *Socket) {
	address := pyrepr.TrimSpace(s.URL)
	kind, rest, _ := strings.Cut(address, ":")
	place, isURL := strings.CutPrefix(rest, "//")
	switch {
	case address == "":
		k.failf("listen", `[%s] section requires a "listen" line`, k.s.Name)
		return
	case kind == "inherit" && rest != "" && !isURL:
		s.Inherit, s.URL = rest, address
	case (kind == "unix" || kind == "unixgram") && strings.HasPrefix(place, "/"):
		s.Unix, s.Datagram, s.Path = true, kind == "unixgram", k.r.host.normalize(place)
		s.URL = kind + "://" + s.Path
	case (kind == "tcp" || kind == "udp") && isURL && s.inet(k, kind, place):
	default:
		k.failf("listen", "Bad socket format %s in [%s] listen", address, k.s.Name)
		return
	}
	switch {
	case s.Unix:
	case k.has("owner") || k.has("mode"):
		k.failf("listen", "owner and mode params should only be used with a Unix domain socket in [%s]", k.s.Name)
	default:
		s.Mode = 0
	}
	switch {
	case !s.ReusePort:
	case s.Host == "":
		k.failf("reuseport", "reuseport should only be used with a TCP or UDP socket in [%s]", k.s.Name)
	case s.Activate:
		k.failf("activate", "activate and reuseport cannot both be set in [%s]", k.s.Name)
	}
}

// inet reads host:port, where an IPv6 address is in brackets. It returns false if that is not the form.
func (s *Socket) inet(k *sectionReader, kind, place string) bool {
	host, number, ok := cutLast(place, ":")
	bare, v6 := strings.CutPrefix(host, "[")
	if v6 {
		bare, v6 = strings.CutSuffix(bare, "]")
		ok = ok && v6
	}
	ok = ok && bare != "" && number != "" && v6 == strings.Contains(bare, ":") && strings.IndexFunc(bare, pyrepr.IsSpace) < 0 &&
		strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }) < 0
	if !ok {
		return false
	}
	port, err := parsePort(number)
	if err != nil {
		k.failf("listen", "%v in [%s] listen", err, k.s.Name)
	}
	s.Datagram, s.Host, s.Port = kind == "udp", strings.ToLower(bare), port
	s.URL = fmt.Sprintf("%s://%s:%s", kind, strings.ToLower(host), strconv.Itoa(port))
	return true
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// sockets looks for sockets that no program uses, and keys that have no effect.
func (d *doubts) sockets(groups []*Group) {
	used := map[string]bool{}
	for _, g := range groups {
		for _, p := range g.Processes {
			for _, s := range p.Sockets() {
				used[s.Name] = true
			}
			if p.activatedBy() != "" && !p.Start.Auto {
				d.add(p.Section, "autostart", "a connection to socket "+p.activatedBy()+" starts it nevertheless")
			}
		}
	}
	for _, s := range d.r.doc.Sections {
		if kindOf(s.Name) != InSocket {
			continue
		}
		_, name, _ := strings.Cut(s.Name, ":")
		socket := d.r.sockets[pyrepr.TrimSpace(name)]
		if socket == nil {
			continue
		}
		if !used[socket.Name] {
			d.add(s.Name, "listen", "no program has it in sockets, so it is not opened")
		}
		if _, ok := s.Values["backlog"]; ok && (socket.Datagram || socket.Inherit != "") {
			d.add(s.Name, "backlog", "it has no effect on this socket")
		}
	}
}
