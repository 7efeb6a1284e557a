package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// checked is a configuration with a program that is healthy while a file exists, one that reports about itself, one that waits, one
// that has ended with a next start, and one without any of it. %s is the directory of the file.
const checked = `
[program:web]
command=/bin/cat
startsecs=0
readiness_check_script=/usr/bin/test -e %[1]s/well
readiness_check_period=0.1
readiness_check_failure_threshold=1
[program:held]
command=/bin/cat
depends_on=web:ready
[program:job]
command=/bin/true
startsecs=0
autorestart=true
restartpause=1h
[program:plain]
command=/bin/cat
startsecs=0
`

// page returns the status page.
func (d *daemon) page() string {
	d.t.Helper()
	r, err := http.Get(d.url)
	if err != nil {
		d.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

// health waits until the health of a process is known to clients.
func (d *daemon) health(name, health string) {
	d.t.Helper()
	d.until(name+" "+health, func() bool {
		var info struct {
			Health string `xmlrpc:"health"`
		}
		return d.call("getProcessInfo", &info, name) == nil && info.Health == health
	})
}

// covers: LC-web
//
// TestBadgesInStream follows the stream of a page: changes of health are sent, also those between the page and its stream, and no
// state has changed.
func TestBadgesInStream(t *testing.T) {
	well := filepath.Join(t.TempDir(), "well")
	d := supervise(t, fmt.Sprintf(checked, filepath.Dir(well)))
	d.state("job", "EXITED")
	d.health("web", "unhealthy")
	page := d.page()
	for _, want := range []string{
		`<span class="statusrunning">running</span><td>`,
		`<td><ul class="badges" aria-label="More about web"><li class="bad">unhealthy: exit status 1</li><li class="busy">not ready</li></ul><td>`,
		`<td>waits for web:ready<td>`,
		`<ul class="badges" aria-label="More about job"><li>next start `,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if regexp.MustCompile(`data-name="(plain|held)".*badges`).MatchString(page) {
		t.Errorf("a program without badges has some:\n%s", page)
	}
	if err := os.WriteFile(well, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.health("web", "healthy")
	of := regexp.MustCompile(`data-instance="(\w+)" data-layout="(\d+)" data-since="(\d+)"`).FindStringSubmatch(page)
	if of == nil {
		t.Fatal(page)
	}
	client := http.Client{Timeout: limit}
	stream, err := client.Get(fmt.Sprintf("%sevents?instance=%s&layout=%s&since=%s", d.url, of[1], of[2], of[3]))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	next := func(text string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Fatalf("no %s in the stream: %v", text, lines.Err())
	}
	next(`<li class="good">healthy</li><li class="good">ready</li></ul>`)
	if err := os.Remove(well); err != nil {
		t.Fatal(err)
	}
	next(`<li class="bad">unhealthy: exit status 1</li>`)
}

// TestBadges shows badges in a browser: they have contrast, a name, and follow changes; the state remains what the script reads first.
func TestBadges(t *testing.T) {
	well := filepath.Join(t.TempDir(), "well")
	d := supervise(t, fmt.Sprintf(checked, filepath.Dir(well)))
	d.state("job", "EXITED")
	d.health("web", "unhealthy")
	b := newTab(t)
	b.live(d.url)
	b.shows(row("web"), "unhealthy: exit status 1")
	b.shows("#states", "running 2") // web and plain
	for _, dark := range []bool{false, true} {
		b.dark(dark)
		if low := eval[string](b, contrast); low != "" {
			t.Errorf("dark %v:\n%s", dark, low)
		}
	}
	if !eval[bool](b, `document.querySelector('tr[data-name="web"] ul').ariaLabel === "More about web" &&
		document.querySelector('tr[data-name="web"]').cells[1].firstChild.textContent === "running" &&
		!document.querySelector('tr[data-name="plain"] ul')`) {
		t.Error("the row of web or plain is wrong")
	}
	if err := os.WriteFile(well, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.wait(`document.querySelector('tr[data-name="web"] .badges .good')?.textContent === "healthy"`)
	d.state("held", "RUNNING")
	b.shows("#states", "running 3")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.wait(`document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
}
