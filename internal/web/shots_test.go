package web_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// variety is a configuration with a program in each state that can last.
const variety = `
[program:clock]
command=/bin/sh -c "while :; do printf '\033[2m%%s\033[0m \033[32mINFO\033[0m  tick\n' \"$(date +%%T)\"; printf '\033[2m%%s\033[0m \033[1;33mWARN\033[0m  disk \033[4m/var\033[0m is 91%%%% full\n' \"$(date +%%T)\"; sleep 1; done"
startsecs=0
[program:mailer]
command=/bin/sh -c "trap 'exit 3' TERM; while :; do sleep 1; done"
startsecs=0
[program:hopeless]
command=/bin/sh -c "echo I cannot >&2; exit 1"
startretries=0
[program:missing]
command=/usr/local/bin/importer --all
startretries=0
[program:trying]
command=/bin/sh -c "exit 3"
startretries=500
[program:off]
command=/bin/cat
autostart=false
[program:once]
command=/bin/true
startsecs=0
autorestart=false
[program:report-generator-for-the-quarterly-statements-of-all-subsidiaries-8f3a9c41]
command=/bin/cat
startsecs=0
[program:worker]
command=/bin/cat
numprocs=6
process_name=%(program_name)s_%(process_num)02d
startsecs=0
[group:api]
programs=gateway,billing
[program:gateway]
command=/bin/cat
startsecs=0
[program:billing]
command=/bin/sh -c "exit 2"
startretries=0
`

// thousandPrograms is a configuration with 1,000 running processes.
const thousandPrograms = `
[program:p]
command=/bin/sleep 100000
numprocs=1000
process_name=%(program_name)s-%(process_num)d
startsecs=0
autorestart=false
`

// TestShots writes screenshots of the main states, for make web-shots.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("-shots is not set")
	}
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		t.Fatal(err)
	}
	d := supervise(t, variety)
	for name, state := range map[string]string{"clock": "RUNNING", "hopeless": "FATAL", "missing": "FATAL", "once": "EXITED",
		"api:billing": "FATAL", "trying": "BACKOFF", "worker:worker_05": "RUNNING"} {
		d.state(name, state)
	}
	var done bool
	if err := d.call("stopProcess", &done, "worker:worker_03"); err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	for _, dark := range []bool{false, true} {
		suffix := "-light"
		if dark {
			suffix = "-dark"
		}
		b.dark(dark)
		b.do(chromedp.EmulateViewport(1280, 800))
		b.live(d.url)
		b.shot("status" + suffix)
		b.click(row("off") + ` button[name="start"]`)
		b.shows("#message", "started")
		b.shot("started" + suffix)
		b.click(row("off") + ` button[name="stop"]`)
		b.shows("#message", "stopped")
		b.click(row("missing") + ` button[name="start"]`)
		b.shows("#message", "no such file")
		b.shot("failed" + suffix)
		b.click(`[data-group="worker"] .group-actions a:last-child`)
		b.wait(`document.querySelector("dialog[open] .confirm")`)
		b.shot("question" + suffix)
		b.live(d.url + "tail.html?processname=clock")
		b.shows("#log", "tick")
		b.shot("log" + suffix)
		b.live(d.url + "maintail.html")
		b.shows("#log", "INFO")
		b.shot("mainlog" + suffix)
		b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
		b.live(d.url)
		b.shot("phone" + suffix)
		b.live(d.url + "tail.html?processname=clock")
		b.shows("#log", "tick")
		b.shot("phone-log" + suffix)
	}
	b.dark(false)
	b.do(chromedp.EmulateViewport(1280, 800))
	b.live(d.url + "?state=fatal")
	b.shot("filtered")
	b.scripts(false)
	b.open(d.url)
	b.shot("without-script")
	b.open(d.url + "confirm.html?action=stopall")
	b.shot("without-script-question")
	b.open(d.url + "tail.html?processname=clock")
	b.shot("without-script-log")
	b.scripts(true)
	b.live(d.url)
	d.stop()
	b.wait(`document.querySelector("#live.off")`)
	b.shot("lost")
}

// TestShotsOfThousand writes a screenshot of the page with 1,000 programs.
func TestShotsOfThousand(t *testing.T) {
	if *shots == "" {
		t.Skip("-shots is not set")
	}
	d := supervise(t, thousandPrograms)
	d.state("p:p-999", "RUNNING")
	b := newTab(t)
	b.live(d.url)
	b.shot("thousand")
}
