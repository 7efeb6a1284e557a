package httpd

import (
	"bufio"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/origin"
)

// misdirected is the error page for a name that is not the server's.
const misdirected = "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n" +
	"<p>Error code 421.\r\n<p>Message: Misdirected Request.\r\n" +
	"<p>This server is not known by the name in the address. To allow the name, add it to allowed_hosts= in the server's " +
	"section of supervisord's configuration, or set a password.\r\n</body>\r\n"

// answersTo reports whether a request is for a name of the server. A page of another site can have its own name resolve to
// this host (DNS rebinding); then the browser takes the server for a part of that site, and only the name in Host shows it.
// Without allowed_hosts= a server that asks for a password answers to all names, because the browser has no password for the
// other site, and one that is open to clients without one still does for clients that are no browsers.
func answersTo(c config.Server, open bool, r *http.Request) bool {
	switch {
	case allowsHost(c, r.Host):
		return true
	case c.AllowedHosts != nil:
		return false
	case c.Unix || !open || !origin.IsBrowser(r):
		return true
	}
	return isOwnName(bareName(r.Host))
}

// allowsHost reports whether the value of a Host field is a name that always is the server's, or in allowed_hosts=.
// HTTP/1.0 has none.
func allowsHost(c config.Server, host string) bool {
	name := bareName(host)
	if name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return slices.Contains(c.AllowedHosts, name) || slices.Contains(c.AllowedHosts, "*")
}

// hostFunc is allowsHost for the simple requests of a server, or nil if they need no check: they come from no browser.
func hostFunc(c config.Server) func(host string) bool {
	if c.AllowedHosts == nil {
		return nil
	}
	return func(host string) bool { return allowsHost(c, host) }
}

// bareName is the name in a Host field: in lower case, without port, brackets and a final dot.
func bareName(host string) string {
	return strings.TrimSuffix(strings.ToLower(origin.Hostname(host)), ".")
}

// isOwnName reports whether a name is one of this host: what hostname prints, also with .local or a domain that
// resolv.conf searches, or a name that /etc/hosts gives to an address of this host. It asks no name server.
func isOwnName(name string) bool {
	own, err := os.Hostname()
	own = strings.TrimSuffix(strings.ToLower(own), ".")
	if err == nil && own != "" {
		short, _, _ := strings.Cut(own, ".")
		rest, ours := strings.CutPrefix(name, short)
		domain := strings.TrimPrefix(rest, ".")
		if name == own || ours && (rest == "" || rest == ".local" || rest != domain && searches("/etc/resolv.conf", domain)) {
			return true
		}
	}
	return namesUs("/etc/hosts", name)
}

// searches reports whether a file in the format of resolv.conf has the domain in a search or domain line.
func searches(path, domain string) bool {
	return anyLine(path, func(words []string) bool {
		return (words[0] == "search" || words[0] == "domain") && slices.ContainsFunc(words[1:], func(word string) bool {
			return strings.TrimSuffix(strings.ToLower(word), ".") == domain
		})
	})
}

// namesUs reports whether a file in the format of /etc/hosts gives the name to an address of this host.
func namesUs(path, name string) bool {
	return anyLine(path, func(words []string) bool {
		named := slices.ContainsFunc(words[1:], func(word string) bool { return strings.EqualFold(word, name) })
		return named && isOwnAddress(words[0])
	})
}

// isOwnAddress reports whether an address is one of this host.
func isOwnAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	if err != nil || address.IsLoopback() {
		return err == nil
	}
	own, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(own, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr() == address
	})
}

// anyLine reports whether match is true for the words of a line, which are never empty. Comments are left out. A file that
// cannot be read has no lines.
func anyLine(path string, match func(words []string) bool) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if words := strings.Fields(line); len(words) > 0 && match(words) {
			return true
		}
	}
	return false
}
