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

// mixed is a configuration for most tests: single programs and a group, one program that cannot start.
const mixed = `
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
	d := supervise(t, mixed)
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

	group := `[data-group="g"] .group-actions a:nth-child(%d)`
	g0, g1 := d.state("g:g_0", "RUNNING").PID, d.state("g:g_1", "RUNNING").PID
	b.clickAndConfirm(fmt.Sprintf(group, 2))
	b.shows("#message", "Group g restarted")
	if alive(g0) || alive(g1) || !alive(d.state("g:g_0", "RUNNING").PID) || !alive(d.state("g:g_1", "RUNNING").PID) {
		t.Error("the group was not restarted")
	}
	b.clickAndConfirm(fmt.Sprintf(group, 3))
	b.shows("#message", "Group g stopped")
	d.state("g:g_0", "STOPPED")
	d.state("g:g_1", "STOPPED")
	b.clickAndConfirm(fmt.Sprintf(group, 1))
	b.shows("#message", "Group g started")
	d.state("g:g_0", "RUNNING")
	d.state("g:g_1", "RUNNING")

	b.clickAndConfirm(`.actions a:nth-of-type(2)`) // the first is hidden by the script
	b.shows("#message", "ERROR: All programs started, except bad")
	d.state("off", "RUNNING")
	before := d.info("t").PID
	b.clickAndConfirm(`.actions a:nth-of-type(3)`)
	b.shows("#message", "All restarted at")
	if alive(before) || !alive(d.state("t", "RUNNING").PID) {
		t.Error("not all were restarted")
	}
	b.clickAndConfirm(`.actions a:nth-of-type(4)`)
	b.shows("#message", "All stopped at")
	for _, name := range []string{"t", "off", "g:g_0", "g:g_1"} {
		d.state(name, "STOPPED")
		b.shows(row(name), "stopped")
	}
	// Cancel the confirmation.
	b.click(`.actions a:nth-of-type(2)`)
	b.click("dialog[open] .answers a")
	b.wait(`!document.querySelector("dialog[open]")`)
	if state := d.info("t").StateName; state != "STOPPED" {
		t.Errorf("after cancel: %s", state)
	}
}

// TestExitIsShownWithinASecond kills a process five times, because the machine may be busy for a moment: the page has to show
// one of the exits within a second.
func TestExitIsShownWithinASecond(t *testing.T) {
	d := supervise(t, "[program:t]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\n")
	b := newTab(t)
	b.live(d.url)
	var fastest time.Duration
	for try := range 5 {
		pid := d.state("t", "RUNNING").PID
		b.shows(row("t"), fmt.Sprint(pid))
		from := time.Now()
		kill(t, pid)
		b.wait(fmt.Sprintf(`!document.querySelector('tr[data-name="t"]').innerText.includes("%d")`, pid))
		took := time.Since(from)
		if try == 0 || took < fastest {
			fastest = took
		}
		b.shows(row("t"), "terminated by SIGKILL")
	}
	t.Logf("fastest of five: %v", fastest)
	if fastest > time.Second {
		t.Errorf("the fastest of five was shown after %v", fastest)
	}
	if n := eval[int](b, `performance.getEntriesByType("resource").filter((e) => /events/.test(e.name)).length`); n > 1 {
		t.Errorf("%d streams", n)
	}
}

// TestReconnect restarts supervisord. The page shows that the connection is lost and then has the new groups and token.
func TestReconnect(t *testing.T) {
	d := supervise(t, mixed)
	b := newTab(t)
	b.live(d.url + "?q=t")
	d.stop()
	b.shows("#live.off", "Connection lost")
	d.add("[program:later_t]\ncommand=/bin/cat\nstartsecs=0\n")
	d.start()
	b.wait(`document.querySelector("#live.on") && document.querySelector('tr[data-name="later_t"]')`)
	b.shows(row("t"), "running")
	b.wait(`document.querySelector('tr[data-name="off"]').hidden`) // the filter is kept
	b.click(row("t") + ` [name="stop"]`)
	b.shows("#message", "Process t stopped")
	d.state("t", "STOPPED")
}

// TestAddAndRemoveGroup checks that an open page shows the change.
func TestAddAndRemoveGroup(t *testing.T) {
	d := supervise(t, mixed)
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
	d := supervise(t, mixed)
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
	shown("g:g_0", "g:g_1") // a row whose state changes is filtered again
	b.press("zzz")
	b.click("#q")
	b.press("zzz")
	b.shows("#nothing", "Nothing matches")
	b.click("#nothing a")
	shown("bad", "off", "t", "g:g_0", "g:g_1")

	b.click(`[data-group="g"] summary`)
	shown("bad", "off", "t")
	b.live(d.url)
	shown("bad", "off", "t") // still folded
}

// TestKeyboardOnly filters, moves, acts, cancels and confirms with the keyboard.
func TestKeyboardOnly(t *testing.T) {
	d := supervise(t, mixed)
	b := newTab(t)
	b.live(d.url)
	focus := func(expression string) {
		t.Helper()
		b.wait(`((e) => ` + expression + `)(document.activeElement)`)
	}
	b.press(kb.Tab)
	focus(`e.className === "skip" && e.getBoundingClientRect().width > 20`)
	b.pressShortcut("/")
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
	focus(`e.closest("tr")?.dataset.name === "g:g_1"`) // also after the row was replaced
	b.press(kb.Tab)
	focus(`e.name === "start"`)
	b.press(kb.Enter)
	b.shows("#message", "Process g:g_1 started")
	d.state("g:g_1", "RUNNING")
	b.shows(row("g:g_1"), "running")
	focus(`e.closest("tr")?.dataset.name === "g:g_1"`)

	eval[any](b, `document.querySelector('[data-group="g"] .group-actions a:last-child').focus()`)
	b.press(kb.Enter)
	b.wait(`document.querySelector("dialog[open]")`)
	focus(`e.innerText === "Cancel"`)
	b.press(kb.Escape)
	focus(`e.innerText === "Stop" && e.closest(".group-actions")`)
	b.press(kb.Enter)
	b.wait(`document.querySelector("dialog[open]")`)
	b.press(kb.Tab, kb.Enter)
	b.shows("#message", "Group g stopped")
	d.state("g:g_1", "STOPPED")

	// Tab reaches every element that can be used.
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

// TestWithoutScripts uses the pages with JavaScript turned off.
func TestWithoutScripts(t *testing.T) {
	d := supervise(t, mixed)
	b := newTab(t)
	b.scripts(false)
	b.open(d.url + "?q=t")
	b.click(row("t") + ` [name="stop"]`)
	b.shows("#message", "Process t stopped")
	d.state("t", "STOPPED")
	if at := eval[string](b, "location.search"); !strings.HasPrefix(at, "?q=t&message=") {
		t.Errorf("the filter was lost: %s", at)
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
	b.click(`[data-group="g"] .group-actions a:last-child`)
	b.shows("#question", "Stop all programs of the group g?")
	b.click(".confirm")
	b.shows("#message", "Group g stopped")
	d.state("g:g_0", "STOPPED")
	b.click(".actions a:last-child")
	b.click(".answers a") // cancel
	b.shows("#programs", "running")
	b.click(".actions a:last-child")
	b.click(".confirm")
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
	b.click(".actions a[data-confirm]")
	b.click(".confirm")
	b.shows("#message", "Log for t cleared")
	b.wait(`!document.querySelector("#log").innerText.includes("hello")`)
}

// TestNarrowScreen checks that nothing is cut off on a phone and that buttons are large enough to touch.
func TestNarrowScreen(t *testing.T) {
	d := supervise(t, mixed+"[program:"+strings.Repeat("a-long-name-", 12)+"]\ncommand=/bin/cat\n")
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
			t.Errorf("%q, off the screen:\n%s", page, out)
		}
		small := eval[string](b, `[...document.querySelectorAll("button, .button, #states a")].filter((e) => {
			const r = e.getBoundingClientRect();
			return e.checkVisibility() && (r.width < 24 || r.height < 24);
		}).map((e) => e.outerHTML).join("\n")`)
		if small != "" {
			t.Errorf("%q, too small to touch:\n%s", page, small)
		}
	}
	b.live(d.url)
	b.click(row("t") + ` [name="stop"]`)
	b.shows(row("t"), "stopped")
}

// TestThousandPrograms filters, updates and stops 1,000 programs. The page is smaller than 400 kB.
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
	b.clickAndConfirm(`[data-group="p"] .group-actions a:last-child`)
	b.shows("#message", "Group p stopped")
	b.wait(`document.querySelectorAll("tr[data-name]").length === 1000 && !document.querySelector(".statusrunning")`)
	b.shows(".counts", "1 exited, 999 stopped")
}

// TestBehindProxyWithPrefix serves the pages under a path of another host.
func TestBehindProxyWithPrefix(t *testing.T) {
	d := supervise(t, mixed)
	to, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to) // which also changes Host, as many proxies do
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
		t.Errorf("redirected to %s", path)
	}
	d.state("t", "RUNNING")
	// The same for the original's links.
	b.open(at + "index.html?action=stop&processname=t")
	b.shows("#message", "Process t stopped")
	if path := eval[string](b, "location.pathname"); path != "/ops/sup/" {
		t.Errorf("redirected to %s", path)
	}
}
