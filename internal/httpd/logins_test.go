package httpd

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// TestFailedLogins counts the lines that many failed logins make.
// covers: SEC-14
func TestFailedLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		f := failedLogins{report: func(line string) { lines = append(lines, line) }}
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			f.mu.Lock() // report is called with it
			defer f.mu.Unlock()
			if !slices.Equal(lines, want) {
				t.Errorf("%q, want %q", lines, want)
			}
			lines = nil
		}
		f.add(" of 'a'")
		expect("failed login of 'a'")
		for i := range 9000 {
			f.add(fmt.Sprintf(" of 'b%d'", i))
		}
		time.Sleep(loginInterval - time.Second)
		expect()
		time.Sleep(time.Second)
		expect("failed logins: 9000 more, the last of 'b8999'")
		f.add(" of 'c'")
		expect()
		time.Sleep(loginInterval)
		expect("failed logins: 1 more, the last of 'c'")
		time.Sleep(loginInterval)
		expect() // nothing to report
		f.add(" of 'd'")
		expect("failed login of 'd'")
		f.add(" of 'e'")
		f.close()
		expect("failed logins: 1 more, the last of 'e'")
		f.add(" of 'f'")
		time.Sleep(loginInterval)
		expect()
	})
}

// TestFailedLoginLines looks at what is reported of requests.
// covers: SEC-14
func TestFailedLoginLines(t *testing.T) {
	basic := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	unixPath := filepath.Join(t.TempDir(), "socket")
	for _, c := range []struct {
		name           string
		authorizations []string
		unix           bool
		status         int
		want           string
	}{
		{"the right password", []string{basic("u:p")}, false, 200, ""},
		{"no credentials", nil, false, 401, ""},
		{"a wrong password", []string{basic("u:s3cret")}, false, 401, "failed login of 'u' from 127.0.0.1"},
		{"a line end", []string{basic("u\nx CRIT y:p")}, false, 401, `failed login of 'u\nx CRIT y' from 127.0.0.1`},
		{"a long name", []string{basic(strings.Repeat("u", 9000) + ":p")}, false, 401,
			"failed login of '" + strings.Repeat("u", 64) + "...' from 127.0.0.1"},
		{"another scheme", []string{"Bearer s3cret"}, false, 401, "failed login from 127.0.0.1"},
		{"no pair", []string{basic("s3cret")}, false, 401, "failed login from 127.0.0.1"},
		{"two fields", []string{basic("u:p"), basic("u:p")}, false, 401, "failed login of 'u' from 127.0.0.1"},
		{"a Unix socket", []string{basic("u:s3cret")}, true, 401, "failed login of 'u' from uid "},
	} {
		server, network := config.Server{Section: "s", Username: "u", Password: "p", Host: "127.0.0.1"}, "tcp"
		address := unixPath
		if c.unix {
			server, network = unixServer(unixPath), "unix"
			server.Username, server.Password = "u", "p"
		} else {
			server.Port = freePort(t)
			address = net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
		}
		s := mustOpen(t, server)
		var lines []string
		s.Serve(Services{Call: echo, FailedLogin: func(line string) { lines = append(lines, line) }})
		conn, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		request := "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n"
		for _, value := range c.authorizations {
			request += "Authorization: " + value + "\r\n"
		}
		if _, err := io.WriteString(conn, request+"\r\nhi"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		s.Close()
		if !strings.HasPrefix(string(answer), fmt.Sprintf("HTTP/1.1 %d %s", c.status, http.StatusText(c.status))) {
			t.Errorf("%s: %s", c.name, answer)
		}
		if got := strings.Join(lines, "|"); got != c.want && !(c.unix && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
