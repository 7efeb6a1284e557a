package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// some is a configuration with what most tests need.
const some = `
[program:t]
command=/bin/cat
startsecs=0
[program:off]
command=/bin/cat
autostart=false
startsecs=0
[program:g]
command=/bin/cat
numprocs=2
process_name=%(program_name)s_%(process_num)d
startsecs=0
[program:bad]
command=/no/such/command
startretries=0
`

func TestActionsChangeProcesses(t *testing.T) {
	d := supervise(t, some)
	b := newTab(t)
	b.live(d.url)
	first := d.state("t", "RUNNING").PID
	b.click(row("t") + ` [name="restart"]`)
	b.shows("#message", "Process t restarted")
	second := d.state("t", "RUNNING").PID
	if alive(first) || second == first || !alive(second) {
		t.Errorf("restart: %d, then %d", first, second)
	}
	b.shows(row("t"), fmt.Sprint(second))
	b.click(row("t") + ` [name="stop"]`)
	b.shows("#message", "Process t stopped")
	b.shows(row("t"), "stopped")
	b.shows(row("t"), "terminated by SIGTERM")
	if alive(second) {
		t.Error("it was not stopped")
	}
	b.click(row("t") + ` [name="start"]`)
	b.shows("#message", "Process t started")
	d.state("t", "RUNNING")
	b.click(row("bad") + ` [name="start"]`)
	b.shows("#message.failed", "ERROR: Process bad: no such file")

	group := `[data-group="g"] .of a:nth-child(%d)`
	g0, g1 := d.state("g:g_0", "RUNNING").PID, d.state("g:g_1", "RUNNING").PID
	b.agree(fmt.Sprintf(group, 2))
	b.shows("#message", "Group g restarted")
	if alive(g0) || alive(g1) || !alive(d.state("g:g_0", "RUNNING").PID) || !alive(d.state("g:g_1", "RUNNING").PID) {
		t.Error("the group was not restarted")
	}
	b.agree(fmt.Sprintf(group, 3))
	b.shows("#message", "Group g stopped")
	d.state("g:g_0", "STOPPED")
	d.state("g:g_1", "STOPPED")
	b.agree(fmt.Sprintf(group, 1))
	b.shows("#message", "Group g started")
	d.state("g:g_0", "RUNNING")
	d.state("g:g_1", "RUNNING")

	b.agree(`.all a:nth-of-type(2)`) // the first can be seen without scripts only
	b.shows("#message", "ERROR: All programs started, but for bad")
	d.state("off", "RUNNING")
	before := d.info("t").PID
	b.agree(`.all a:nth-of-type(3)`)
	b.shows("#message", "All restarted at")
	if alive(before) || !alive(d.state("t", "RUNNING").PID) {
		t.Error("not all were restarted")
	}
	b.agree(`.all a:nth-of-type(4)`)
	b.shows("#message", "All stopped at")
	for _, name := range []string{"t", "off", "g:g_0", "g:g_1"} {
		d.state(name, "STOPPED")
		b.shows(row(name), "stopped")
	}
	// And a question that is answered with no.
	b.click(`.all a:nth-of-type(2)`)
	b.click("dialog[open] .answers a")
	b.wait(`!document.querySelector("dialog[open]")`)
	if state := d.info("t").StateName; state != "STOPPED" {
		t.Errorf("after no: %s", state)
	}
}

// A child's death is on the page within a second. One of a few deaths has to be: a machine may be busy for a moment.
func TestDeathIsShownAtOnce(t *testing.T) {
	d := supervise(t, "[program:t]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\n")
	b := newTab(t)
	b.live(d.url)
	var quickest time.Duration
	for try := range 5 {
		pid := d.state("t", "RUNNING").PID
		b.shows(row("t"), fmt.Sprint(pid))
		from := time.Now()
		kill(t, pid)
		b.wait(fmt.Sprintf(`!document.querySelector('tr[data-name="t"]').innerText.includes("%d")`, pid))
		took := time.Since(from)
		if try == 0 || took < quickest {
			quickest = took
		}
		b.shows(row("t"), "terminated by SIGKILL")
	}
	t.Logf("the quickest of five: %v", quickest)
	if quickest > time.Second {
		t.Errorf("the quickest of five deaths was shown after %v", quickest)
	}
	if n := eval[int](b, `performance.getEntriesByType("resource").filter((e) => /events/.test(e.name)).length`); n > 1 {
		t.Errorf("%d streams", n)
	}
}

// The page says when it is on its own, and takes up a new life of supervisord, with other groups and another token.
func TestConnectionLostAndFound(t *testing.T) {
	d := supervise(t, some)
	b := newTab(t)
	b.live(d.url + "?q=t")
	d.stop()
	b.shows("#live.off", "Connection lost")
	d.add("[program:later_t]\ncommand=/bin/cat\nstartsecs=0\n")
	d.start()
	b.wait(`document.querySelector("#live.on") && document.querySelector('tr[data-name="later_t"]')`)
	b.shows(row("t"), "running")
	b.wait(`document.querySelector('tr[data-name="off"]').hidden`) // the filter is still in force
	b.click(row("t") + ` [name="stop"]`)
	b.shows("#message", "Process t stopped")
	d.state("t", "STOPPED")
}

// A group that comes or goes is on the page at once.
func TestGroupsComeAndGo(t *testing.T) {
	d := supervise(t, some)
	b := newTab(t)
	b.live(d.url)
	d.add("[program:new]\ncommand=/bin/cat\nstartsecs=0\n")
	var diff []any
	var done bool
	if err := d.call("reloadConfig", &diff); err != nil {
		t.Fatal(err)
	}
	if err := d.call("addProcessGroup", &done, "new"); err != nil {
		t.Fatal(err)
	}
	b.shows(row("new"), "running")
	b.click(row("new") + ` [name="stop"]`)
	d.state("new", "STOPPED")
	if err := d.call("removeProcessGroup", &done, "new"); err != nil {
		t.Fatal(err)
	}
	b.wait(`!document.querySelector('tr[data-name="new"]')`)
}

func TestFilterIsInTheAddress(t *testing.T) {
	d := supervise(t, some)
	b := newTab(t)
	b.live(d.url)
	shown := func(names ...string) {
		t.Helper()
		b.wait(fmt.Sprintf(`JSON.stringify([...document.querySelectorAll("tr[data-name]")].filter((r) => r.checkVisibility())
			.map((r) => r.dataset.name)) === %s`, quoted(`["`+strings.Join(names, `","`)+`"]`)))
	}
	shown("bad", "off", "t", "g:g_0", "g:g_1")
	b.click("#q")
	b.press("G_")
	shown("g:g_0", "g:g_1")
	b.open(eval[string](b, "location.href"))
	shown("g:g_0", "g:g_1")
	b.click("#q")
	b.press(kb.Escape)
	b.click(`#states a[data-state="fatal"]`)
	shown("bad")
	if at := eval[string](b, "location.search"); at != "?state=fatal" {
		t.Errorf("the address ends in %q", at)
	}
	b.open(eval[string](b, "location.href"))
	shown("bad")
	b.click(`#states a[data-state="running"]`)
	shown("t", "g:g_0", "g:g_1")
	var done bool
	if err := d.call("stopProcess", &done, "t"); err != nil {
		t.Fatal(err)
	}
	shown("g:g_0", "g:g_1") // what changes goes and comes
	b.press("zzz")
	b.click("#q")
	b.press("zzz")
	b.shows("#nothing", "Nothing matches")
	b.click("#nothing a")
	shown("bad", "off", "t", "g:g_0", "g:g_1")

	b.click(`[data-group="g"] summary`)
	shown("bad", "off", "t")
	b.live(d.url)
	shown("bad", "off", "t") // folded in this browser
}

// Nothing but the keyboard: find, move, act, ask, say no, say yes.
func TestKeyboardOnly(t *testing.T) {
	d := supervise(t, some)
	b := newTab(t)
	b.live(d.url)
	focus := func(expression string) {
		t.Helper()
		b.wait(`((e) => ` + expression + `)(document.activeElement)`)
	}
	b.press(kb.Tab)
	focus(`e.className === "skip" && e.getBoundingClientRect().width > 20`)
	b.strike("/")
	focus(`e.id === "q"`)
	b.press("g_1", kb.Tab)
	focus(`e.dataset.state === ""`)
	b.press("j")
	focus(`e.closest("tr")?.dataset.name === "g:g_1"`)
	pid := d.state("g:g_1", "RUNNING").PID
	b.press("x")
	b.shows("#message", "Process g:g_1 stopped")
	d.state("g:g_1", "STOPPED")
	if alive(pid) {
		t.Error("it was not stopped")
	}
	b.shows(row("g:g_1"), "stopped")
	focus(`e.closest("tr")?.dataset.name === "g:g_1"`) // also when the row is another
	b.press(kb.Tab)
	focus(`e.name === "start"`)
	b.press(kb.Enter)
	b.shows("#message", "Process g:g_1 started")
	d.state("g:g_1", "RUNNING")
	b.shows(row("g:g_1"), "running")
	focus(`e.closest("tr")?.dataset.name === "g:g_1"`)

	eval[any](b, `document.querySelector('[data-group="g"] .of a:last-child').focus()`)
	b.press(kb.Enter)
	b.wait(`document.querySelector("dialog[open]")`)
	focus(`e.innerText === "Cancel"`)
	b.press(kb.Escape)
	focus(`e.innerText === "Stop" && e.closest(".of")`)
	b.press(kb.Enter)
	b.wait(`document.querySelector("dialog[open]")`)
	b.press(kb.Tab, kb.Enter)
	b.shows("#message", "Group g stopped")
	d.state("g:g_1", "STOPPED")

	// Everything that can be used is reached by Tab, in the order of the page.
	b.live(d.url)
	total := eval[int](b, `[...document.querySelectorAll("a, button, input, summary")].filter((e) => e.checkVisibility() &&
		e.type !== "hidden").length`)
	reached := 0
	for range total + 5 {
		b.press(kb.Tab)
		if !eval[bool](b, `document.activeElement !== document.body`) {
			break
		}
		if eval[bool](b, `document.activeElement.matches("a, button, input, summary") && !document.activeElement.seen &&
			(document.activeElement.seen = true)`) {
			reached++
		}
	}
	if reached < total {
		t.Errorf("Tab reached %d of %d", reached, total)
	}
}

// Without scripts everything is under control all the same.
func TestWithoutScripts(t *testing.T) {
	d := supervise(t, some)
	b := newTab(t)
	b.scripts(false)
	b.open(d.url + "?q=t")
	b.click(row("t") + ` [name="stop"]`)
	b.shows("#message", "Process t stopped")
	d.state("t", "STOPPED")
	if at := eval[string](b, "location.search"); !strings.HasPrefix(at, "?q=t&message=") {
		t.Errorf("the filter is gone: %s", at)
	}
	b.click(row("t") + ` [name="start"]`)
	b.shows("#message", "Process t started")
	first := d.state("t", "RUNNING").PID
	b.click(row("t") + ` [name="restart"]`)
	b.shows("#message", "Process t restarted")
	if second := d.state("t", "RUNNING").PID; second == first {
		t.Error("not restarted")
	}
	b.open(d.url)
	b.click(`[data-group="g"] .of a:last-child`)
	b.shows("#question", "Stop all programs of the group g?")
	b.click(".yes")
	b.shows("#message", "Group g stopped")
	d.state("g:g_0", "STOPPED")
	b.click(".all a:last-child")
	b.click(".answers a") // no
	b.shows("#programs", "running")
	b.click(".all a:last-child")
	b.click(".yes")
	b.shows("#message", "All stopped at")
	d.state("t", "STOPPED")

	b.click("#q")
	b.press("g_0", kb.Enter)
	b.wait(`location.search === "?q=g_0" && !document.querySelector('tr[data-name="t"]').checkVisibility()`)
	b.click(`#states a[data-state="fatal"]`)
	b.shows("#nothing", "Nothing matches")
	b.open(d.url)
	b.click(`[data-group="g"] summary`)
	b.wait(`!document.querySelector('tr[data-name="g:g_0"]').checkVisibility()`)

	d.write(t, "t", "hello from t\n")
	b.open(d.url)
	b.click(row("t") + " th a")
	b.shows("#log", "hello from t")
	b.click(".all a[data-ask]")
	b.click(".yes")
	b.shows("#message", "Log for t cleared")
	b.wait(`!document.querySelector("#log").innerText.includes("hello")`)
}

// On a phone nothing is cut off, and what is to be touched is large enough.
func TestNarrowScreen(t *testing.T) {
	d := supervise(t, some+"[program:"+strings.Repeat("a-long-name-", 12)+"]\ncommand=/bin/cat\n")
	b := newTab(t)
	b.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	for _, page := range []string{"", "tail.html?processname=t", "maintail.html", "confirm.html?action=stopall"} {
		b.open(d.url + page)
		b.wait(`document.readyState === "complete"`)
		if wide := eval[int](b, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%q is %d pixels wide", page, wide)
		}
		out := eval[string](b, `[...document.querySelectorAll("a, button, input, summary, td, th, h1")].filter((e) => {
			const r = e.getBoundingClientRect();
			return e.checkVisibility() && r.width > 2 && (r.left < -1 || r.right > 361);
		}).map((e) => e.outerHTML).join("\n")`)
		if out != "" {
			t.Errorf("%q, outside of the screen:\n%s", page, out)
		}
		small := eval[string](b, `[...document.querySelectorAll("button, .button, #states a")].filter((e) => {
			const r = e.getBoundingClientRect();
			return e.checkVisibility() && (r.width < 24 || r.height < 24);
		}).map((e) => e.outerHTML).join("\n")`)
		if small != "" {
			t.Errorf("%q, too small to be touched:\n%s", page, small)
		}
	}
	b.live(d.url)
	b.click(row("t") + ` [name="stop"]`)
	b.shows(row("t"), "stopped")
}

// A thousand programs: all there, found, acted on and kept up to date; and less than 400 kB.
func TestThousandPrograms(t *testing.T) {
	d := supervise(t, thousandPrograms)
	pid := d.state("p:p-999", "RUNNING").PID
	b := newTab(t)
	b.live(d.url)
	if n := eval[int](b, `document.querySelectorAll("tr[data-name]").length`); n != 1000 {
		t.Errorf("%d rows", n)
	}
	b.shows(".counts", "1000 running")
	size := eval[int](b, `performance.getEntriesByType("navigation")[0].decodedBodySize`)
	t.Logf("%d bytes", size)
	if size > 400_000 {
		t.Errorf("%d bytes", size)
	}
	b.click("#q")
	b.press("p-99")
	b.wait(`[...document.querySelectorAll("tr[data-name]")].filter((r) => !r.hidden).length === 11`)
	kill(t, pid)
	b.shows(row("p:p-999"), "exited")
	b.shows(".counts", "999 running, 1 exited")
	b.agree(`[data-group="p"] .of a:last-child`)
	b.shows("#message", "Group p stopped")
	b.wait(`document.querySelectorAll("tr[data-name]").length === 1000 && !document.querySelector(".statusrunning")`)
	b.shows(".counts", "1 exited, 999 stopped")
}

// Behind a proxy that puts the pages under a path of another host, all of them work.
func TestBehindProxyWithPrefix(t *testing.T) {
	d := supervise(t, some)
	to, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to) // and the Host header becomes ours, as with many proxies
		r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, "/ops/sup")
	}}
	front := httptest.NewServer(http.StripPrefix("", proxy))
	defer front.Close()
	b := newTab(t)
	at := front.URL + "/ops/sup/"
	b.live(at)
	b.click(row("t") + ` [name="stop"]`)
	b.shows("#message", "Process t stopped")
	b.shows(row("t"), "stopped")
	d.write(t, "off", "")
	b.click(row("t") + " th a")
	b.shows("#live.on", "Following")
	b.scripts(false)
	b.open(at)
	b.click(row("t") + ` [name="start"]`)
	b.shows("#message", "Process t started")
	if path := eval[string](b, "location.pathname"); path != "/ops/sup/" {
		t.Errorf("led to %s", path)
	}
	d.state("t", "RUNNING")
	// The original's links keep to the prefix as well.
	b.open(at + "index.html?action=stop&processname=t")
	b.shows("#message", "Process t stopped")
	if path := eval[string](b, "location.pathname"); path != "/ops/sup/" {
		t.Errorf("led to %s", path)
	}
}
