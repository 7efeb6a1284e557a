package httpd

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// samplePaths has an address for each route.
var samplePaths = map[string]string{
	"/RPC2": "/RPC2", "/logtail/NAME": "/logtail/t", "/mainlogtail": "/mainlogtail", "/logfile/NAME": "/logfile/t",
	"/mainlogfile": "/mainlogfile", "/ok.html": "/ok.html", "/": "/index.html",
	"/metrics": "/metrics", "/api": "/api/v1/",
}

// anyAPI answers each request.
type anyAPI struct{}

func (anyAPI) Serve(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "api") }

func (anyAPI) Problem(int) (contentType string, body []byte) {
	return "application/problem+json", []byte("{}")
}

// covers: ACC-1
// TestEveryRouteAndRole asks for each route as each kind of caller: a user of each role, by password and by token, one with programs of its
// own, and a client without credentials on a server that gives it the role.
func TestEveryRouteAndRole(t *testing.T) {
	const token = "s3cret"
	sum := "{SHA256}1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0"
	log := filepath.Join(t.TempDir(), "log")
	write(t, log, "text\n", 0)
	var users []access.User
	type caller struct {
		name, header string
		role         access.Role
		own          bool
	}
	var callers []caller
	basic := func(name string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(name+":p")) + "\r\n"
	}
	for role := access.None; role <= access.Full; role++ {
		users = append(users, access.User{Name: role.String(), Password: "p", Role: role})
		callers = append(callers, caller{role.String(), basic(role.String()), role, false})
	}
	users = append(users, access.User{Name: "own", Password: "p", Role: access.Full, Programs: []string{"t"}},
		access.User{Name: "bearer", Tokens: []string{sum}, Role: access.Read})
	callers = append(callers, caller{"own", basic("own"), access.Full, true}, caller{"bearer", "Authorization: Bearer " + token + "\r\n", access.Read, false})
	for anonymous := access.None; anonymous <= access.Full; anonymous++ {
		_, socket := start(t, func(c *config.Server) { c.Anonymous = anonymous }, Services{
			Users:      users,
			LoginLimit: access.Limit{Failures: -1},
			Call: func(_ context.Context, _, out []byte) ([]byte, func(), int) {
				return append(out, "called"...), nil, http.StatusOK
			},
			Pages:      func(w http.ResponseWriter, _ *http.Request) int { _, _ = io.WriteString(w, "page"); return 0 },
			Metrics:    func(w http.ResponseWriter, _ *http.Request) int { _, _ = io.WriteString(w, "metrics"); return 0 },
			API:        anyAPI{},
			ProcessLog: func(context.Context, string, api.Channel) (logs.Source, bool) { return logs.Source{Path: log}, true },
			MainLog:    func() (logs.Source, bool) { return logs.Source{Path: log}, true },
		})
		for _, to := range routes {
			path := samplePaths[to.name]
			if path == "" {
				t.Errorf("samplePaths lacks %s", to.name)
				continue
			}
			for _, c := range append(callers, caller{"a client without credentials", "", anonymous, false}) {
				want := http.StatusOK
				switch {
				case c.role == access.None:
					want = http.StatusUnauthorized
				case c.role < to.role, to.daemon && c.own:
					want = http.StatusForbidden
				}
				if got := statusOf(t, socket, path, c.header); got != want {
					t.Errorf("%s as %s, anonymous=%s: %d, want %d", path, c.name, anonymous, got, want)
				}
			}
		}
	}
}

// statusOf returns the status of an answer, whose body may not end.
func statusOf(t *testing.T, socket, path, header string) int {
	t.Helper()
	conn := dial(t, socket)
	defer conn.Close()
	method := http.MethodGet
	if path == "/RPC2" {
		method, header = http.MethodPost, header+"Content-Length: 1\r\n"
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path, header)
	if method == http.MethodPost {
		fmt.Fprint(conn, "x")
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}
