package check

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/freeport"
)

// script reads a check as a section would have it.
func script(t *testing.T, text string) *config.CheckScript {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sd.conf")
	file := "[supervisord]\n[program:p]\ncommand=/bin/true\nliveness_check_script=" + text + "\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := config.ParseArgs("supervisord", []string{"-c", path})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &c.Groups[0].Processes[0].Extra.Checks.Liveness.Script
}

// TestProbe makes requests to a server that answers as the path of the request says.
func TestProbe(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }))
	defer other.Close()
	hung := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/503":
			w.WriteHeader(503)
		case "/here":
			http.Redirect(w, r, "/503", http.StatusFound)
		case "/there":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/endless":
			for n := 0; n < 1<<30; n += 4096 {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		case "/hangs":
			<-hung
		case "/echo":
			if got := strings.Join([]string{r.Method, r.Host, r.Header.Get("A"), string(body)}, "|"); got != r.Header.Get("Want") {
				w.Header().Set("Got", got)
				w.WriteHeader(400)
			}
		}
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	defer close(hung)
	secure := httptest.NewTLSServer(handler)
	defer secure.Close()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	data := file("data", "from a file")
	socket := filepath.Join(dir, "s.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	local := httptest.NewUnstartedServer(handler)
	local.Listener.Close()
	local.Listener = l
	local.Start()
	defer local.Close()
	closed, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	refused := net.JoinHostPort("127.0.0.1", strconv.Itoa(closed))
	host := strings.TrimPrefix(server.URL, "http://")
	t.Setenv("HTTP_PROXY", "http://"+refused)
	t.Setenv("http_proxy", "http://"+refused)
	for _, c := range []struct{ check, want string }{
		{server.URL, ""},
		{server.URL + "/204 --status 204", ""},
		{server.URL + "/204 --status=200,300-399", "HTTP 204"},
		{server.URL + "/503", "HTTP 503"},
		{server.URL + "/503 --status 500-599", ""},
		{server.URL + "/here", "HTTP 503"},
		{server.URL + "/there", ""},
		{server.URL + "/there --status 200", "HTTP 302"},
		{server.URL + "/round", "too many redirects"},
		{server.URL + "/endless", ""},
		{server.URL + "/hangs", "timed out after 0.5 seconds"},
		{server.URL + `/echo -H "A: b  c" -H "Want: GET|` + host + `|b  c|"`, ""},
		{server.URL + `/echo -H "Host: example.com" -X PUT -H "Want: PUT|example.com||"`, ""},
		{server.URL + `/echo -d "a=b c" -H "Want: POST|` + host + `||a=b c"`, ""},
		{server.URL + `/echo -d @` + data + ` -H "Want: POST|` + host + `||from a file"`, ""},
		{server.URL + `/echo -d @` + dir + `/none`, "cannot read " + dir + "/none: no such file or directory"},
		{server.URL + `/echo -d @` + dir, dir + " is not a plain file"},
		{`http://local/echo --unix-socket ` + socket + ` -H "Want: GET|local||"`, ""},
		{`http://local/503 --unix-socket ` + socket, "HTTP 503"},
		{`http://local --unix-socket ` + dir + `/none`, "no such file or directory"},
		{secure.URL, "x509: certificate signed by unknown authority"},
		{secure.URL + "/503 --ca-file " + ca, "HTTP 503"},
		{secure.URL + " --ca-file " + data, "no certificate in " + data},
		{"http://" + refused, "connection refused"},
		{"tcp://" + host, ""},
		{"tcp://" + refused, "connection refused"},
		{"unix://" + socket, ""},
		{"unix://" + dir + "/none", "no such file or directory"},
	} {
		limit := 10 * time.Second
		if strings.Contains(c.check, "hangs") {
			limit = time.Second / 2
		}
		if got := probe(context.Background(), script(t, c.check), limit, os.Getuid()); got != c.want {
			t.Errorf("%s: %q, not %q", c.check, got, c.want)
		}
	}
}

// TestProbeFollowsNoForeignLink shows that a link that the user of the program made leads the probe of root nowhere.
func TestProbeFollowsNoForeignLink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: files of two users")
	}
	const user = 65534
	private, dir := t.TempDir(), t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir, filepath.Dir(private)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	secret, socket := filepath.Join(private, "secret"), filepath.Join(private, "s.sock")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, target := range []string{secret, socket} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.Base(target))); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(filepath.Join(dir, filepath.Base(target)), user, user); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, user, user); err != nil {
		t.Fatal(err)
	}
	for _, check := range []string{"unix://" + dir + "/s.sock", "http://h --unix-socket " + dir + "/s.sock",
		"http://127.0.0.1:9 -d @" + dir + "/secret", "https://127.0.0.1:9 --ca-file " + dir + "/secret"} {
		got := probe(context.Background(), script(t, check), time.Second, user)
		if got != errLink.Error() && !strings.HasPrefix(got, fmt.Sprintf("cannot read %s/secret", dir)) {
			t.Errorf("%s: %q", check, got)
		}
	}
	if got := probe(context.Background(), script(t, "unix://"+socket), time.Second, user); got != "" {
		t.Errorf("the socket itself: %q", got)
	}
}
