package httpd

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/config"
)

// TestHosts sends requests for names of this and of other hosts, as a browser and as another client.
// covers: SEC-10
// differs: DIFF-204 the original answers to all names
func TestHosts(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	own = strings.ToUpper(own)
	browser := http.Header{"Sec-Fetch-Site": {"same-origin"}}
	listed := config.Server{AllowedHosts: []string{"sup.example"}}
	secured := config.Server{Username: "u", Password: "p"}
	for _, c := range []struct {
		name   string
		server config.Server
		host   string
		header http.Header
		want   bool
	}{
		{"another name after rebinding", config.Server{}, "evil.example:9001", browser, false},
		{"the same by Origin", config.Server{}, "evil.example:9001", http.Header{"Origin": {"http://evil.example:9001"}}, false},
		{"the same by User-Agent", config.Server{}, "evil.example", http.Header{"User-Agent": {"Mozilla/5.0 (X11)"}}, false},
		{"another name that begins with ours", config.Server{}, own + ".evil.example", browser, false},
		{"another name that begins with an address", config.Server{}, "127.0.0.1.evil.example", browser, false},
		{"another name that ends with ours", config.Server{}, "evil" + own, browser, false},
		{"a client that is no browser", config.Server{}, "evil.example", http.Header{"User-Agent": {"curl/8"}}, true},
		{"no name", config.Server{}, "", browser, true},
		{"an address", config.Server{}, "127.0.0.1:9001", browser, true},
		{"an address of version 6", config.Server{}, "[::1]:9001", browser, true},
		{"localhost", config.Server{}, "LocalHost:9001", browser, true},
		{"a name of localhost", config.Server{}, "sup.localhost.", browser, true},
		{"the name of the host", config.Server{}, own + ":9001", browser, true},
		{"its name in the local network", config.Server{}, own + ".local", browser, true},
		{"a Unix socket behind a proxy", config.Server{Unix: true}, "sup.example", browser, true},
		{"a password", secured, "evil.example", browser, true},
		{"a listed name", listed, "Sup.Example:9001", browser, true},
		{"a name that is not listed", listed, "evil.example", browser, false},
		{"the same, from another client", listed, "evil.example", nil, false},
		{"the name of the host, not listed", listed, own, nil, false},
		{"an address beside the list", listed, "127.0.0.1:9001", browser, true},
		{"all names listed", config.Server{AllowedHosts: []string{"*"}}, "evil.example", browser, true},
		{"a list beside a password", config.Server{Username: "u", Password: "p", AllowedHosts: []string{"a"}}, "evil.example", nil, false},
	} {
		if got := answersTo(c.server, c.server.Username == "", &http.Request{Host: c.host, Header: c.header}); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestOwnNames(t *testing.T) {
	dir := t.TempDir()
	other := "192.0.2.1" // for documentation
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	ours, _, _ := strings.Cut(addresses[len(addresses)-1].String(), "/")
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	hosts := file("hosts", "# 127.0.0.1 comment\n127.0.1.1\tweb1.corp.example web1 # alias\n\n"+other+" far.example\n0.0.0.0 blocked.example\n"+
		ours+" near.example\nnonsense bad.example\n")
	for name, want := range map[string]bool{"web1": true, "web1.corp.example": true, "alias": false, "comment": false, "far.example": false,
		"blocked.example": false, "near.example": true, "bad.example": false, "127.0.1.1": false} {
		if got := namesUs(hosts, name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	resolver := file("resolv.conf", "nameserver "+other+"\nsearch Corp.example. other.example\n#domain evil.example\ndomain last.example\n")
	for domain, want := range map[string]bool{"corp.example": true, "other.example": true, "last.example": true, "evil.example": false,
		"search": false, "": false} {
		if got := searches(resolver, domain); got != want {
			t.Errorf("%s: %t", domain, got)
		}
	}
	if searches(dir+"/none", "x") || namesUs(dir+"/none", "x") {
		t.Error("a missing file has names")
	}
}

// TestHostsOfBothReaders sends calls that each of the two readers answers.
func TestHostsOfBothReaders(t *testing.T) {
	server := config.Server{Section: "inet_http_server", Host: "127.0.0.1"}
	server.Port = freePort(t)
	for _, c := range []struct {
		allowed []string
		host    string
		header  string
		want    int
	}{
		{nil, "evil.example", "", 200},
		{nil, "evil.example", "X: y\r\n", 200},
		{nil, "evil.example", "User-Agent: Mozilla/5.0\r\n", 421},
		{nil, "evil.example", "Origin: http://evil.example\r\n", 421},
		{nil, "localhost", "User-Agent: Mozilla/5.0\r\n", 200},
		{[]string{"sup.example"}, "evil.example", "", 421},
		{[]string{"sup.example"}, "evil.example", "X: y\r\n", 421},
		{[]string{"sup.example"}, "sup.example:1", "", 200},
		{[]string{"sup.example"}, "sup.example:1", "X: y\r\n", 200},
		{[]string{"sup.example"}, "127.0.0.1", "", 200},
	} {
		server.AllowedHosts = c.allowed
		s, err := Open([]config.Server{server}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		s.Serve(Services{Call: echo})
		conn, err := net.Dial("tcp", s.listeners[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "POST /RPC2 HTTP/1.1\r\nHost: "+c.host+"\r\nContent-Length: 2\r\n"+c.header+"\r\nhi")
		resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodPost})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != c.want || c.want == 421 && (!strings.Contains(string(body), "allowed_hosts=") || !resp.Close) {
			t.Errorf("%v, %s, %q: %d %s", c.allowed, c.host, c.header, resp.StatusCode, body)
		}
		conn.Close()
		s.Close()
	}
}
