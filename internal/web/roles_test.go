package web_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// users has one user for each role, and one with a program of its own. The password is the name.
const users = `
[http_user:metrics]
password=metrics
role=metrics
[http_user:read]
password=read
[http_user:control]
password=control
role=control
[http_user:full]
password=full
role=full
[http_user:none]
password=none
role=none
[http_user:owner]
password=owner
role=full
programs=t
[program:t]
command=/bin/cat
startsecs=0
[program:database]
command=/bin/cat
startsecs=0
[group:both]
programs=database
`

func login(name string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+name))}
}

// covers: ACC-1
// TestEveryPageAndRole asks for each page, stream, download and action with each role.
func TestEveryPageAndRole(t *testing.T) {
	d := supervise(t, users)
	roles := []string{"none", "metrics", "read", "control", "full"}
	const metrics, read, control = 1, 2, 3
	for _, c := range []struct {
		at    string
		least int
	}{
		{"ok.html", metrics}, {"", read}, {"index.html", read}, {"tail.html?processname=t", read}, {"maintail.html", read},
		{"confirm.html?action=stopall", control}, {"confirm.html?action=restartgroup&processname=both", control},
		{"events?since=0&instance=other", read}, {"images/icon.png", read}, {"stylesheets/", read}, {"logfile/t", read}, {"mainlogfile", read},
		{"logtail/t", read}, {"mainlogtail", read}, {"?action=refresh", read}, {"?action=start&processname=t", control},
		{"?action=stop&processname=t", control}, {"?action=restart&processname=t", control}, {"?action=clearlog&processname=t", control},
		{"?action=stopall", control}, {"?action=startall", control}, {"?action=restartall", control},
		{"?action=stopgroup&processname=both", control}, {"?action=startgroup&processname=both", control},
		{"?action=restartgroup&processname=both", control}, {"RPC2", metrics},
	} {
		for i, role := range roles {
			method := http.MethodGet
			if c.at == "RPC2" {
				method = http.MethodPost
			}
			status := d.status(method, c.at, login(role)...)
			want := "allowed"
			switch {
			case role == "none":
				want = "401"
			case i < c.least:
				want = "403"
			}
			got := map[int]string{http.StatusUnauthorized: "401", http.StatusForbidden: "403"}[status]
			if got == "" {
				got = "allowed"
			}
			if got != want {
				t.Errorf("%s as %s: %d, want %s", c.at, role, status, want)
			}
		}
	}
}

// status sends a request and returns the status of the answer, without its body, which may not end.
func (d *daemon) status(method, at string, header ...string) int {
	d.t.Helper()
	r, err := http.NewRequest(method, d.url+at, strings.NewReader(""))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// covers: ACC-2
// TestPagesOfOthers looks for a program of another user on all pages and in all streams.
func TestPagesOfOthers(t *testing.T) {
	d := supervise(t, users)
	if body := d.get("", login("full")...).body; !strings.Contains(body, "database") {
		t.Fatal("the page does not show the program at all")
	}
	for _, at := range []string{"", "index.html?q=data", "?state=running"} {
		if r := d.get(at, login("owner")...); r.StatusCode != http.StatusOK || strings.Contains(strings.ReplaceAll(r.body, "q=data", ""), "database") {
			t.Errorf("%s: %d, and it shows the program of another user", at, r.StatusCode)
		}
	}
	for _, at := range []string{"tail.html?processname=", "logfile/", "logtail/", "?action=stop&processname=", "?action=stopgroup&processname=",
		"?action=clearlog&processname=", "?action=restart&processname="} {
		var answers []string
		for _, name := range []string{"both:database", "both:nodaemon"} {
			r := d.get(at+name, login("owner")...)
			answers = append(answers, r.Status+r.Header.Get("Location")+r.body)
			answers[len(answers)-1] = strings.ReplaceAll(strings.ReplaceAll(answers[len(answers)-1], name, "NAME"), strings.ReplaceAll(name, ":", "%3A"), "NAME")
		}
		if answers[0] != answers[1] {
			t.Errorf("%s:\n%s\n%s", at, answers[0], answers[1])
		}
	}
	for _, at := range []string{"maintail.html", "mainlogfile", "mainlogtail"} {
		if status := d.status(http.MethodGet, at, login("owner")...); status != http.StatusForbidden {
			t.Errorf("%s: %d", at, status)
		}
	}
}
