package web_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	kolo "github.com/kolo/xmlrpc"
)

func TestFollowLog(t *testing.T) {
	d := supervise(t, mixed)
	d.write(t, "t", "before\n")
	b := newTab(t)
	b.live(d.url + "tail.html?processname=t")
	b.shows("#log", "before")
	d.write(t, "t", "plain \x1b[31mred\x1b[0m \x1b[1;38;2;1;2;3mbold\x1b[0m done\n")
	b.shows("#log", "plain red bold done")
	if c := eval[string](b, `[...document.querySelectorAll("#log span")].map((s) => s.className + "|" + s.style.color).join()`); c !=
		"a1|,a-bold|rgb(1, 2, 3)" {
		t.Errorf("spans: %s", c)
	}
	d.write(t, "t", "cut \x1b[3")
	d.write(t, "t", "2mgreen\x1b[0m\n")
	b.shows("#log", "cut green")
	b.wait(`[...document.querySelectorAll("#log .a2")].some((s) => s.innerText === "green")`)
	d.write(t, "t", "10%\r100%\n")
	b.wait(`[...document.querySelectorAll("#log div")].some((s) => s.innerText === "100%")`)

	// Text that arrives while paused is shown later.
	b.click("#pause")
	d.write(t, "t", "while paused\n")
	b.shows("#live", "Paused, 1 new lines")
	if strings.Contains(b.text("#log"), "while paused") {
		t.Error("it is shown while paused")
	}
	b.click("#pause")
	b.shows("#log", "while paused")

	// Search marks matches, counts them and goes from one to the next.
	d.write(t, "t", "a Needle\nhay\nanother needle\n")
	b.shows("#log", "another needle")
	b.click("#q")
	b.press("needle")
	b.shows("#matches", "2 found")
	b.press(kb.Enter)
	b.shows("#matches", "1 of 2")
	b.wait(`document.querySelector(".here").innerText === "a Needle"`)
	b.press(kb.Enter)
	b.wait(`document.querySelector(".here").innerText === "another needle"`)
	b.click("#only")
	b.wait(`!document.querySelector("#log").innerText.includes("hay")`)
	d.write(t, "t", "needle in a new line\n")
	b.shows("#matches", "2 of 3")
	b.click("#only")

	b.click("#wrap")
	b.wait(`getComputedStyle(document.querySelector("#log")).whiteSpace === "pre"`)

	// While following, the page scrolls to the end; otherwise it stays where the user has scrolled.
	var long strings.Builder
	for i := range 300 {
		fmt.Fprintf(&long, "line %d\n", i)
	}
	b.click("#q")
	b.press(kb.Escape)
	b.click("#end")
	d.write(t, "t", long.String())
	atEnd := `((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 4)(document.querySelector("#log"))`
	b.shows("#log", "line 299")
	b.wait(atEnd)
	eval[any](b, `document.querySelector("#log").scrollTop = 0`)
	b.wait(`!document.querySelector("#follow").checked && document.querySelector("#end").checkVisibility()`)
	d.write(t, "t", "the last line\n")
	b.shows("#log", "the last line")
	if eval[bool](b, atEnd) {
		t.Error("the page scrolled to the end")
	}
	b.click("#end")
	b.wait(atEnd)

	// Clear asks for confirmation, and the stream continues with the new file.
	b.clickAndConfirm(".actions a[data-confirm]")
	b.shows("#message", "Log for t cleared")
	b.wait(`!document.querySelector("#log").innerText.includes("line 299")`)
	d.write(t, "t", "after\n")
	b.shows("#log", "after")
}

// TestLogLimits checks that the page keeps a limited number of lines, and limits their length.
// covers: SEC-24c
func TestLogLimits(t *testing.T) {
	d := supervise(t, "[program:much]\ncommand=/bin/sh -c \"i=0; while [ $i -lt 12000 ]; do i=$((i+1)); echo line $i; done; exec cat\"\n"+
		"startsecs=0\nautostart=false\n[program:wide]\ncommand=/bin/sh -c \"head -c 3000000 /dev/zero | tr '\\\\0' x; echo; exec cat\"\n"+
		"startsecs=0\nautostart=false\n")
	b := newTab(t)
	b.live(d.url + "tail.html?processname=much")
	d.write(t, "much", "the end\n")
	b.shows("#log", "the end")
	if n := eval[int](b, `document.querySelector("#log").children.length`); n > 5000 {
		t.Errorf("%d lines", n)
	}
	b.live(d.url + "tail.html?processname=wide")
	d.write(t, "wide", "the end\n")
	b.shows("#log", "the end")
	if n := eval[int](b, `Math.max(...[...document.querySelectorAll("#log div")].map((l) => l.textContent.length))`); n > 16384 {
		t.Errorf("a line of %d characters", n)
	}
	// An escape sequence without an end is held back up to a limit, and is text beyond it.
	for _, unending := range []string{"\x1b[" + strings.Repeat("0", 5000), "\x1b[" + strings.Repeat(" ", 5000),
		"\x1b" + strings.Repeat(" ", 5000), "\x1b]" + strings.Repeat("0", 5000)} {
		shown := eval[int](b, `document.querySelector("#log").textContent.length`)
		d.write(t, "wide", unending)
		b.wait(fmt.Sprintf(`document.querySelector("#log").textContent.length >= %d`, shown+5000))
		d.write(t, "wide", "\n")
	}
	d.write(t, "wide", "the next end\n")
	b.shows("#log", "the next end")
	b.click("#pause")
	d.write(t, "wide", strings.Repeat("y", 100)+"\n")
	b.shows("#live", "Paused, 1 new lines")
}

func TestLogChannelsAndMainLog(t *testing.T) {
	d := supervise(t, `
[program:both]
command=/bin/sh -c "echo to stdout; echo to stderr >&2; exec cat"
startsecs=0
[program:merged]
command=/bin/cat
redirect_stderr=true
startsecs=0
`)
	d.write(t, "both", "up\n")
	b := newTab(t)
	b.live(d.url)
	if eval[bool](b, `document.querySelector('tr[data-name="merged"]').innerText.includes("stderr")`) {
		t.Error("there is a link to a log that does not exist")
	}
	b.click(row("both") + ` a[href$="channel=stderr"]`)
	b.shows("#log", "to stderr")
	b.click(".channels a:first-child")
	b.shows("#log", "to stdout")
	b.open(d.url + "tail.html?processname=merged&channel=stderr")
	b.shows("#live", "No log")
	b.shows("#log", "No file for merged")
	b.live(d.url)
	b.click(`a[href="maintail.html"]`)
	b.shows("#log", "supervisord started with pid")
	// The download is the whole file.
	log := d.info("both").StdoutLogfile
	want, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	b.live(d.url + "tail.html?processname=both")
	got := eval[string](b, `document.querySelector("a[download]").href`)
	r := d.get(got)
	if r.body != string(want) || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment; filename=both-stdout") {
		t.Errorf("download of %s: %q, %q", got, r.Header.Get("Content-Disposition"), r.body)
	}
}

// TestLogRecords shows the page of a log in JSON: as text, also what comes later, with and without the script, and as it is on demand.
// covers: LOG-2a
// differs: DIFF-501 records are text
func TestLogRecords(t *testing.T) {
	d := supervise(t, `
[program:j]
command=/bin/cat
startsecs=0
stdout_logfile_format=json
stdout_logfile_multiline=^\S
`)
	d.state("j", "RUNNING")
	send := func(text string) {
		t.Helper()
		var done bool
		if err := d.call("sendProcessStdin", &done, "j", kolo.Base64(base64.StdEncoding.EncodeToString([]byte(text)))); err != nil {
			t.Fatal(err)
		}
	}
	send("first\n at x\n")
	send("{\"time\":\"own\"}\n")
	send("\x1b[31mred\x1b[0m <b>\n")
	b := newTab(t)
	b.live(d.url + "tail.html?processname=j&limit=65536")
	const stamp = `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} `
	line := func(pattern string) {
		t.Helper()
		b.wait(`[...document.querySelectorAll("#log div")].some((s) => new RegExp("` + pattern + `").test(s.innerText))`)
	}
	line(stamp + "first$")
	line("^ at x$")
	line(stamp + `\\{\"time\":\"own\"\\}$`)
	line(stamp + "red <b>$")
	b.wait(`[...document.querySelectorAll("#log .a1")].some((s) => s.innerText === "red")`)
	send("half of a")
	line(stamp + "\\\\+ half of a$")
	send(" line\n")
	line(stamp + " line$")
	if text := b.text("#log"); strings.Contains(text, `"message"`) {
		t.Errorf("a record is not text:\n%s", text)
	}

	b.open(d.url + "tail.html?processname=j&limit=65536")
	b.click(`a[href$="raw=1"]`)
	line(`^\\{\"time\":.*\"message\":\"first\\\\n at x\"\\}$`)

	b.scripts(false)
	b.open(d.url + "tail.html?processname=j&limit=65536")
	text := b.text("#log")
	if !strings.Contains(text, " first\n at x\n") || !strings.Contains(text, " red <b>\n") || strings.Contains(text, `"message"`) {
		t.Errorf("without the script:\n%s", text)
	}
	b.click(`a[href$="raw=1"]`)
	b.shows("#log", `"message":"first\n at x"`)
	b.click(`a[href$="limit=65536"]:not(.channels a)`)
	b.shows("#log", " first")
}
