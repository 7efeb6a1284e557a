package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// response is a response with its body.
type response struct {
	*http.Response
	body string
}

// request sends a request to the daemon. Redirects are not followed.
func (d *daemon) request(method, at, body string, header ...string) response {
	d.t.Helper()
	if !strings.HasPrefix(at, "http") {
		at = d.url + at
	}
	r, err := http.NewRequest(method, at, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return response{resp, string(data)}
}

func (d *daemon) get(at string, header ...string) response {
	d.t.Helper()
	return d.request(http.MethodGet, at, "", header...)
}

// token returns the token of the forms.
func (d *daemon) token() string {
	d.t.Helper()
	_, after, _ := strings.Cut(d.get("").body, `name="token" value="`)
	token, _, found := strings.Cut(after, `"`)
	if !found {
		d.t.Fatal("there is no token in the page")
	}
	return token
}

const (
	evil     = `<img src=x onerror=window.hacked=1>`
	evilName = `<b>&amp;<script>window.hacked=1` // without blanks and slashes, which names cannot have
)

// TestMarkupIsText has HTML and scripts in names, messages, descriptions and logs.
func TestMarkupIsText(t *testing.T) {
	d := supervise(t, fmt.Sprintf(`
[program:%[2]s]
command=/bin/sh -c "echo '%[1]s<script>window.hacked=1</script>'; exec cat"
startsecs=0
[program:bad]
command=/no/<img/src=x/onerror=window.hacked=1>
startretries=0
[program:"quoted"&amp]
command=/bin/cat
numprocs=2
process_name='"><b>%%(process_num)d
startsecs=0
`, evil, evilName))
	d.write(t, evilName, "written\n")
	b := newTab(t)
	harmless := func(what string) {
		t.Helper()
		if eval[bool](b, `window.hacked === 1 || document.querySelector("main img, main script, main b:not(#states b):not(.counts b)") !== null`) {
			t.Errorf("%s: text became part of the page", what)
		}
	}
	message := "?message=" + url.QueryEscape(evil+"<script>window.hacked=1</script>")
	b.live(d.url + message)
	b.shows("#message", evil)
	b.shows("#programs", evilName)
	b.shows("#programs", "/no/<img/src=x/onerror=window.hacked=1>")
	b.shows("#programs", `"quoted"&amp`)
	harmless("status")
	b.click(row(evilName) + ` [name="stop"]`)
	b.shows("#message", "Process "+evilName+" stopped")
	d.state(evilName, "STOPPED")
	b.shows(row(evilName), "stopped")
	harmless("after an update")
	b.live(d.url + "tail.html?processname=" + url.QueryEscape(evilName))
	b.shows("#log", evil+"<script>window.hacked=1</script>")
	harmless("log")
	b.open(d.url + "confirm.html?action=stopgroup&processname=" + url.QueryEscape(evilName))
	harmless("confirmation")
	b.open(d.url + "tail.html?processname=" + url.QueryEscape(evil+"none"))
	b.shows("#log", "BAD_NAME: "+evil+"none")
	harmless("log of an unknown process")
	b.scripts(false)
	b.open(d.url + "tail.html?processname=" + url.QueryEscape(evilName))
	b.shows("#log", evil)
	harmless("log without scripts")
	stream, err := http.Get(d.url + "logtail/" + url.PathEscape(evilName))
	if err != nil {
		t.Fatal(err)
	}
	stream.Body.Close()
	if h := stream.Header; h.Get("Content-Type") != "text/plain;charset=utf-8" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a log as a stream: %v", h)
	}
}

// TestCrossSiteRequests sends forms, links and images from pages of another site and of another port of this host. They
// change nothing, and cannot frame the pages.
func TestCrossSiteRequests(t *testing.T) {
	d := supervise(t, mixed)
	pid := d.state("t", "RUNNING").PID
	token := d.token()
	form := func(extra string) string {
		return fmt.Sprintf(`<form id="f" method="post" action="%sindex.html"><input name="action" value="stop">
			<input name="processname" value="t">%s</form><script>onload = () => setTimeout(() => f.submit())</script>`, d.url, extra)
	}
	pages := map[string]string{
		"/form":   form(""),
		"/stolen": form(`<input name="token" value="` + token + `">`),
		"/link":   fmt.Sprintf(`<a id="l" href="%sindex.html?action=stop&processname=t">x</a><script>onload = () => setTimeout(() => l.click())</script>`, d.url),
		"/image": fmt.Sprintf(`<img src="%sindex.html?action=stop&processname=t" onerror="document.title='done'"
			onload="document.title='done'">`, d.url),
		"/script": fmt.Sprintf(`<script src="%sindex.html?action=stop&processname=t" onerror="document.title='done'"
			onload="document.title='done'"></script>`, d.url),
		"/prefetch": fmt.Sprintf(`<script>fetch("%sindex.html?action=stop&processname=t", {mode: "no-cors", credentials: "include"})
			.finally(() => { document.title = "done" })</script>`, d.url),
		"/acting-frame": fmt.Sprintf(`<iframe src="%sindex.html?action=stop&processname=t" onload="document.title='done'"></iframe>`, d.url),
		"/frame":        fmt.Sprintf(`<iframe src="%s" onload="document.title='done'"></iframe>`, d.url),
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!DOCTYPE html>"+pages[r.URL.Path])
	}))
	defer other.Close()
	foreign := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) // another site to a browser
	b := newTab(t)
	unchanged := func(what string) {
		t.Helper()
		if info := d.info("t"); info.StateName != "RUNNING" || info.PID != pid {
			t.Errorf("%s: %s, pid %d", what, info.StateName, info.PID)
		}
	}
	for _, c := range []struct{ at, page string }{
		{other.URL, "/form"}, {other.URL, "/stolen"}, {foreign, "/form"}, {foreign, "/stolen"}, {foreign, "/link"},
	} {
		b.open(c.at + c.page)
		b.shows("h2", "No action was taken")
		unchanged(c.at + c.page)
	}
	for _, at := range []string{other.URL, foreign} {
		for _, page := range []string{"/image", "/script", "/prefetch", "/acting-frame"} {
			b.open(at + page)
			b.wait(`document.title === "done"`)
			unchanged(at + page)
		}
	}
	for _, at := range []string{other.URL, foreign} {
		b.open(at + "/frame")
		b.wait(`document.title === "done"`)
		if eval[bool](b, `(() => { try { return document.querySelector("iframe").contentDocument !== null } catch { return false } })()`) {
			t.Error("a frame shows the page")
		}
	}
	if r := d.get(""); !strings.Contains(r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the policy allows frames")
	}
	// A link on another port of the host asks first.
	b.open(other.URL + "/link")
	b.shows("h2", "Stop t?")
	unchanged("a link of the same site")
	b.click("button.confirm")
	b.shows("#message", "Process t stopped")
	d.state("t", "STOPPED")
}

// TestAuthorize sends requests that differ in method, token and headers.
// covers: SEC-13
func TestAuthorize(t *testing.T) {
	d := supervise(t, mixed)
	token := d.token()
	d.state("t", "RUNNING")
	const stop = "action=stop&processname=t"
	const agent = "Mozilla/5.0 (X11; Linux x86_64) Gecko"
	for _, c := range []struct {
		name   string
		method string
		body   string // of a POST
		header []string
		status int
		want   string // part of the body or of Location
		acts   bool
	}{
		{"a script's GET", "GET", "", nil, 301, "./?message=Process%20t%20stopped", true},
		{"a script's POST", "POST", stop, nil, 301, "./?message=Process%20t%20stopped", true},
		{"our form", "POST", "stop=t&token=" + token, []string{"Origin", strings.TrimSuffix(d.url, "/"), "User-Agent", agent}, 303,
			"./?message=Process%20t%20stopped", true},
		{"our form with a filter", "POST", "stop=t&q=a%26b&state=running&token=" + token, []string{"Sec-Fetch-Site", "same-origin"}, 303,
			"./?q=a%26b&state=running&message=Process%20t%20stopped", true},
		{"our form behind a proxy that changes the host", "POST", "stop=t&token=" + token, []string{"Origin", "https://ops.example"}, 303,
			"./?message=Process%20t%20stopped", true},
		{"our page's script", "POST", "stop=t&token=" + token, []string{"Sec-Fetch-Site", "same-origin", "Accept", "application/json"}, 200,
			`{"message":"Process t stopped","failed":false}`, true},
		{"a form without the token", "POST", stop, []string{"Sec-Fetch-Site", "same-origin"}, 403, "Stop t?", false},
		{"a form with another token", "POST", stop + "&token=x", []string{"Origin", strings.TrimSuffix(d.url, "/")}, 403, "Stop t?", false},
		{"the token in the address", "POST", "x=y", []string{"Sec-Fetch-Site", "same-origin"}, 403, "Stop t?", false},
		{"a browser's form that hides its origin", "POST", stop, []string{"Origin", "null"}, 403, "No action was taken", false},
		{"a browser's GET from another site", "GET", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, "No action was taken", false},
		{"the same by Referer", "GET", "", []string{"User-Agent", agent, "Referer", "http://evil.example/"}, 403, "No action was taken", false},
		{"the same without Referer", "GET", "", []string{"User-Agent", agent}, 200, "Stop t?", false},
		{"a browser's GET from our page", "GET", "", []string{"User-Agent", agent, "Referer", d.url}, 301,
			"./?message=Process%20t%20stopped", true},
		{"typed", "GET", "", []string{"Sec-Fetch-Site", "none"}, 301, "./?message=Process%20t%20stopped", true},
		{"a bookmark", "GET", "", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 301,
			"./?message=Process%20t%20stopped", true},
		{"a link on another port", "GET", "", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate",
			"Sec-Fetch-Dest", "document"}, 200, "Stop t?", false},
		{"the same by Referer", "GET", "", []string{"User-Agent", agent, "Referer", "http://127.0.0.1:1/"}, 200, "Stop t?", false},
		{"an image on another port", "GET", "", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors",
			"Sec-Fetch-Dest", "image"}, 403, "No action was taken", false},
		{"an image at the same address", "GET", "", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "no-cors",
			"Sec-Fetch-Dest", "image"}, 403, "No action was taken", false},
		{"a frame", "GET", "", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403,
			"No action was taken", false},
		{"a script's fetch in a browser", "GET", "", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors",
			"Sec-Fetch-Dest", "empty"}, 403, "No action was taken", false},
		{"a page loaded in advance", "GET", "", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest",
			"document", "Sec-Purpose", "prefetch;prerender"}, 403, "No action was taken", false},
	} {
		at := "index.html?" + stop
		if c.name == "the token in the address" {
			at += "&token=" + token
		} else if c.method == "POST" {
			at = "index.html"
		}
		r := d.request(c.method, at, c.body, c.header...)
		if r.StatusCode != c.status || !strings.Contains(r.body+r.Header.Get("Location"), c.want) {
			t.Errorf("%s: %d, Location %q, %s", c.name, r.StatusCode, r.Header.Get("Location"), r.body)
		}
		stopped := d.info("t").StateName == "STOPPED"
		if stopped != c.acts {
			t.Errorf("%s: stopped is %v", c.name, stopped)
		}
		if stopped {
			d.get("?action=start&processname=t")
		}
	}
}

// TestHeaders checks that browsers run no other scripts and store no pages.
func TestHeaders(t *testing.T) {
	d := supervise(t, mixed)
	for _, page := range []string{"", "index.html?message=x", "tail.html?processname=t", "maintail.html", "confirm.html?action=stopall",
		"?action=refresh"} {
		h := d.get(page).Header
		for name, want := range map[string]string{
			"Content-Security-Policy": "script-src 'self'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%q: %s: %s", page, name, h.Get(name))
			}
		}
		if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%q: %s", page, csp)
		}
	}
	for _, file := range []string{"logtail-", "logfile/t"} {
		if h := d.get(file).Header; file == "logfile/t" && (h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store") {
			t.Errorf("%s: %v", file, h)
		}
	}
	first := d.get("scripts/supervisor.js")
	again := d.get("scripts/supervisor.js", "If-None-Match", first.Header.Get("Etag"))
	if first.StatusCode != 200 || again.StatusCode != 304 || first.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("the script: %d, then %d, %v", first.StatusCode, again.StatusCode, first.Header)
	}
}
