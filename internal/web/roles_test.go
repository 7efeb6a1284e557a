package web_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
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
		{"signin.html", metrics},
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

// signOutLink is the part of a page that is new each time.
var signOutLink = regexp.MustCompile(`signout\.html\?link=[A-Z2-7]{26}`)

// actionNames are all actions; TestActionNames compares.
const actionNames = "refresh start stop restart clearlog stopall restartall startall startgroup stopgroup restartgroup"

// covers: ACC-2
// TestPagesOfOthers looks for a program of another user on all pages and in all streams.
func TestPagesOfOthers(t *testing.T) {
	d := supervise(t, users)
	if body := d.get("", login("full")...).body; !strings.Contains(body, "database") {
		t.Fatal("the page does not show the program at all")
	}
	_, token, _ := strings.Cut(d.get("", login("owner")...).body, `name="token" value="`)
	token, _, _ = strings.Cut(token, `"`)
	for _, at := range []string{"", "index.html?q=data", "?state=running"} {
		if r := d.get(at, login("owner")...); r.StatusCode != http.StatusOK || strings.Contains(strings.ReplaceAll(r.body, "q=data", ""), "database") {
			t.Errorf("%s: %d, and it shows the program of another user", at, r.StatusCode)
		}
	}
	// Addresses are for GET, but those with a blank for POST, with a form.
	addresses := []string{"tail.html?processname=", "tail.html?channel=stderr&processname=", "logfile/", "logtail/", "logfile/%s/stderr", "logtail/%s/stderr"}
	for _, name := range strings.Fields(actionNames) {
		if name == "refresh" || strings.HasSuffix(name, "all") {
			continue // without a name
		}
		addresses = append(addresses, "?action="+name+"&processname=", "confirm.html?action="+name+"&processname=", "index.html "+name+"=",
			"index.html back=%s&"+name+"=")
	}
	for _, at := range addresses {
		for _, accept := range []string{"text/html", "application/json"} {
			ask := func(name string) string {
				where := at + name
				if strings.Contains(at, "%s") && !strings.HasSuffix(at, "=") {
					where = strings.ReplaceAll(at, "%s", name)
				}
				where = strings.ReplaceAll(where, "%s", name)
				header := append(login("owner"), "Accept", accept)
				var r response
				if path, form, isPost := strings.Cut(where, " "); isPost {
					r = d.request(http.MethodPost, path, form+"&token="+token, header...)
				} else {
					r = d.get(where, header...)
				}
				r.Header.Del("Date")
				text := fmt.Sprint(r.Status, r.Header, signOutLink.ReplaceAllString(r.body, "LINK"))
				return strings.ReplaceAll(strings.ReplaceAll(text, name, "NAME"), url.QueryEscape(name), "NAME")
			}
			for _, pair := range [][2]string{{"both:database", "both:nodaemon"}, {"both:database", "nope:database"}, {"both", "nope"}, {"database", "nodaemon"},
				{"both:*", "nope:*"}} {
				if hidden, missing := ask(pair[0]), ask(pair[1]); hidden != missing {
					t.Errorf("%s: %s is not as %s:\n%s\n%s", at, pair[0], pair[1], hidden, missing)
				}
			}
		}
	}
	for _, at := range []string{"maintail.html", "mainlogfile", "mainlogtail"} {
		if status := d.status(http.MethodGet, at, login("owner")...); status != http.StatusForbidden {
			t.Errorf("%s: %d", at, status)
		}
	}
}

// covers: ACC-18
// TestPagesOffer looks for what the pages of each user offer, in the page and in the stream of its changes.
func TestPagesOffer(t *testing.T) {
	d := supervise(t, users+"[program:other]\ncommand=/bin/cat\n[group:mine]\nprograms=other\n[http_user:half]\npassword=half\nrole=control\nprograms=two:one,t\n"+
		"[program:one]\ncommand=/bin/cat\n[program:two_]\ncommand=/bin/cat\n[group:two]\nprograms=one,two_\n")
	for _, c := range []struct {
		user          string
		has, hasNot   []string
		rowHasButtons bool
	}{
		{"read", []string{"<b>read</b>", ">read</span>", "maintail.html", "Sign out"}, []string{"<button name=", "confirm.html", "Sign in", "<kbd>s</kbd>"}, false},
		{"control", []string{">control</span>", "maintail.html", "action=stopall", "action=stopgroup&amp;processname=both", "<button name=", "<kbd>s</kbd>"}, nil, true},
		{"full", []string{">full</span>", "action=stopgroup&amp;processname=two"}, nil, true},
		{"owner", []string{">full</span>", "action=stopall", "<button name="}, []string{"maintail.html", "stopgroup"}, true},
		{"half", []string{">control</span>", "data-group=\"two\"", "<button name="}, []string{"maintail.html", "stopgroup"}, true},
	} {
		body := d.get("", login(c.user)...).body
		for _, text := range c.has {
			if !strings.Contains(body, text) {
				t.Errorf("the page of %s does not have %s", c.user, text)
			}
		}
		for _, text := range c.hasNot {
			if strings.Contains(body, text) {
				t.Errorf("the page of %s has %s", c.user, text)
			}
		}
		instance, layout := d.attribute("instance", c.user), d.attribute("layout", c.user)
		first := d.event("events?since=0&instance="+instance+"&layout="+layout, login(c.user)...)
		if !strings.Contains(first, "<tr data-name=\"t\"") || strings.Contains(first, "<button name=") != c.rowHasButtons {
			t.Errorf("the stream of %s: %s", c.user, first)
		}
		if other := d.event("events?since=0&instance="+instance+"x&layout="+layout, login(c.user)...); other != "event: reload\ndata:\n" {
			t.Errorf("the stream of %s, for a page of another role: %s", c.user, other)
		}
	}
}

// event returns the first event of a stream.
func (d *daemon) event(at string, header ...string) string {
	d.t.Helper()
	r, err := http.NewRequest(http.MethodGet, d.url+at, nil)
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
	defer resp.Body.Close()
	var event strings.Builder
	for lines := bufio.NewScanner(resp.Body); lines.Scan() && lines.Text() != ""; {
		event.WriteString(lines.Text() + "\n")
	}
	return event.String()
}

// covers: ACC-2
// TestStreamOfOthers changes a program of another user, then one of the reader: the stream of the page shows the second only.
func TestStreamOfOthers(t *testing.T) {
	d := supervise(t, users)
	r, err := http.NewRequest(http.MethodGet, d.url+"events?since=0&instance="+d.attribute("instance", "owner")+"&layout="+d.attribute("layout", "owner"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("owner", "owner")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), `data-name="t"`) {
	}
	for _, of := range []string{"both:database", "t"} {
		if r := d.get("?action=stop&processname="+of, login("full")...); !strings.Contains(r.Header.Get("Location"), "stopped") {
			t.Fatal(r.Header)
		}
	}
	for lines.Scan() && !strings.Contains(lines.Text(), ">stopped<") {
		if strings.Contains(lines.Text(), "database") || strings.Contains(lines.Text(), "reload") {
			t.Error(lines.Text())
		}
	}
	if !strings.Contains(lines.Text(), `<tr data-name="t"`) {
		t.Errorf("the stream ends with %q: %v", lines.Text(), lines.Err())
	}
}

// attribute returns what the status page of a user has for the script.
func (d *daemon) attribute(name, user string) string {
	d.t.Helper()
	_, after, _ := strings.Cut(d.get("", login(user)...).body, "data-"+name+"=\"")
	value, _, _ := strings.Cut(after, "\"")
	return value
}

// covers: ACC-18
// TestRefusalSaysWhatItNeeds asks for more than the user may do.
func TestRefusalSaysWhatItNeeds(t *testing.T) {
	d := supervise(t, users)
	needs := func(role string) string { return "needs the role <b>" + role + "</b>" }
	for _, c := range []struct{ at, user, text string }{
		{"?action=stop&processname=t", "read", needs("control") + ". read has the role <b>read</b>. No action"},
		{"?action=stopall", "metrics", needs("control")},
		{"confirm.html?action=startall", "read", needs("control")},
		{"", "metrics", needs("read")},
		{"tail.html?processname=t", "metrics", needs("read")},
		{"maintail.html", "owner", "not for users with programs of their own"},
	} {
		r := d.get(c.at, login(c.user)...)
		if r.StatusCode != http.StatusForbidden || !strings.Contains(r.body, c.text) || !strings.Contains(r.body, "<b>"+c.user+"</b>") {
			t.Errorf("%s as %s: %d\n%s", c.at, c.user, r.StatusCode, r.body)
		}
	}
	r := d.request(http.MethodPost, "index.html", "stop=t", append(login("read"), "Accept", "application/json")...)
	if r.StatusCode != http.StatusForbidden || r.body != `{"message":"No action was taken: it needs the role control, and read has read","failed":true}` {
		t.Errorf("for the script: %d\n%s", r.StatusCode, r.body)
	}
}

// covers: ACC-18
// TestSignOut follows the link by hand: it is 401 once, and leads to the programs with the next password.
func TestSignOut(t *testing.T) {
	d := supervise(t, users)
	link := func(user string) string {
		body := d.get("", login(user)...).body
		link := signOutLink.FindString(body)
		if link == "" {
			t.Fatalf("no link to sign out: %s", body)
		}
		return link
	}
	at := link("read")
	if other := link("read"); other == at {
		t.Error("two pages have the same link")
	}
	first := d.get(at, login("read")...)
	if first.StatusCode != http.StatusUnauthorized || first.Header.Get("Www-Authenticate") != `Basic realm="default"` ||
		strings.Contains(first.body, "stylesheets") || !first.Close {
		t.Errorf("%d %v\n%s", first.StatusCode, first.Header, first.body)
	}
	for _, user := range []string{"read", "control"} {
		if r := d.get(at, login(user)...); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "./" {
			t.Errorf("then as %s: %d %v", user, r.StatusCode, r.Header)
		}
	}
	if r := d.get("signout.html", login("read")...); r.StatusCode != http.StatusSeeOther || !signOutLink.MatchString(r.Header.Get("Location")) {
		t.Errorf("without a link: %d %v", r.StatusCode, r.Header)
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "image"}} {
		at := link("read")
		if r := d.get(at, append(login("read"), header...)...); r.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %d", header, r.StatusCode)
		}
		if r := d.get(at, login("read")...); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("after %v: %d", header, r.StatusCode)
		}
	}
	if status := d.status(http.MethodGet, "signin.html", login("read")...); status != http.StatusSeeOther {
		t.Errorf("signing in twice: %d", status)
	}
}

// covers: ACC-18
// TestSignInAndOutInBrowser does what a user does: looks without a password, signs in, acts, signs out, and signs in as another.
func TestSignInAndOutInBrowser(t *testing.T) {
	b := newTab(t)
	d := supervise(t, strings.ReplaceAll(users, "[http_user:metrics]", "[inet_http_server]\nanonymous=read\n[http_user:metrics]"))
	as := func(user, at string) string { return strings.Replace(d.url, "//", "//"+user+":"+user+"@", 1) + at }
	b.live(d.url)
	b.shows("#caller", "not signed in")
	if eval[int](b, `document.querySelectorAll("[name=stop], [name=start], .actions .button").length`) != 0 {
		t.Error("a page without a user has buttons")
	}
	// The address has the password in place of the dialog, which a test cannot see.
	b.open(as("control", "signin.html"))
	b.wait(`location.pathname === "/"`)
	b.live(d.url)
	b.shows("#caller", "control")
	b.click(row("t") + ` [name="stop"]`)
	b.shows("#message", "Process t stopped")
	b.shows(row("t"), "stopped")
	b.do(chromedp.Click(chromedp.CSS(`#caller + a`), chromedp.NodeVisible))
	b.wait(`location.protocol === "chrome-error:"`) // a browser without a screen has no dialog for the password
	b.live(d.url)
	b.shows("#caller", "not signed in")
	b.open(as("read", "signin.html"))
	b.live(d.url)
	b.shows("#caller", "read")
	// What others change is shown, without buttons.
	d.get("?action=start&processname=t", login("control")...)
	b.shows(row("t"), "running")
	if eval[int](b, `document.querySelectorAll("[name=stop], [name=start], .actions .button").length`) != 0 {
		t.Error("a row that has changed has buttons")
	}
	// A button that an old page still has says why it does nothing.
	eval[bool](b, `(postAction({token: "x", stop: "t"}), true)`)
	b.shows("#message.failed", "it needs the role control, and read has read")
	for _, at := range []string{"?action=stopall", "tail.html?processname=t", "confirm.html?action=stopall"} {
		b.open(d.url + at)
		if low, without := eval[string](b, contrast), eval[string](b, unnamed); low != "" || without != "" {
			t.Errorf("%s: %s %s", at, low, without)
		}
	}
}
