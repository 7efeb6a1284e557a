package web_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/freeport"
)

var shots = flag.String("shots", "", "write screenshots of the main states of the pages to this `directory`")

// limit is how long a test waits for anything, so that a hanging test ends.
const limit = 90 * time.Second

// built is the path of our supervisord, built for the tests of this package.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "web-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "supervisord")
	out, err := exec.Command("go", "build", "-o", path, "../../supervisord").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// browser is the browser of all tests, nil if none is installed.
var browser = sync.OnceValue(func() context.Context {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
			chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
		ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, endBrowser = chromedp.NewContext(ctx)
		if err := chromedp.Do(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s does not start: %v\n", path, err)
			return nil
		}
		return ctx
	}
	return nil
})

var endBrowser = func() {}

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	endBrowser()
	if path, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// daemon is a running supervisord with a TCP server on this host.
type daemon struct {
	t    *testing.T
	dir  string
	port int
	cmd  *exec.Cmd
	url  string
}

// supervise runs supervisord with the sections of programs until the end of the test.
func supervise(t *testing.T, programs string) *daemon {
	t.Helper()
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, dir: t.TempDir(), port: port}
	d.url = fmt.Sprintf("http://127.0.0.1:%d/", d.port)
	conf := fmt.Sprintf(`[inet_http_server]
port=127.0.0.1:%d
[supervisord]
logfile=%%(here)s/main.log
pidfile=%%(here)s/sd.pid
childlogdir=%%(here)s
identifier=production
minfds=5000
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
`, d.port) + programs
	if err := os.WriteFile(filepath.Join(d.dir, "sd.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	d.start()
	return d
}

func (d *daemon) start() {
	d.t.Helper()
	path, err := built()
	if err != nil {
		d.t.Fatal(err)
	}
	d.cmd = exec.Command(path, "-n", "-s", "-c", filepath.Join(d.dir, "sd.conf"))
	d.cmd.Stderr = os.Stderr
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.until("supervisord answers", func() bool {
		r, err := http.Get(d.url + "ok.html")
		if err == nil {
			r.Body.Close()
		}
		return err == nil
	})
}

func (d *daemon) stop() {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	_ = d.cmd.Wait()
	d.cmd = nil
}

// until waits until a condition holds.
func (d *daemon) until(what string, condition func() bool) {
	d.t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for end := time.Now().Add(limit); !condition(); <-poll.C {
		if time.Now().After(end) {
			d.t.Fatalf("timed out: %s", what)
		}
	}
}

// call calls a method of the daemon.
func (d *daemon) call(method string, result any, params ...any) error {
	c, err := kolo.NewClient(d.url+"RPC2", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Call("supervisor."+method, params, result)
}

func (d *daemon) info(name string) (info api.ProcessInfo) {
	d.t.Helper()
	if err := d.call("getProcessInfo", &info, name); err != nil {
		d.t.Fatal(err)
	}
	return info
}

// state waits until a process is in a state, and returns its info.
func (d *daemon) state(name, state string) (info api.ProcessInfo) {
	d.t.Helper()
	d.until(name+" "+state, func() bool { info = d.info(name); return info.StateName == state })
	return info
}

// alive reports whether the process exists. supervisord has reaped those that have exited.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// tab is a tab of the browser, with its own cookies and storage.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// newTab opens a tab, or skips the test if no browser is installed.
func newTab(t *testing.T) *tab {
	t.Helper()
	if browser() == nil {
		t.Skip("no browser is installed: scripts/setup browser installs one, as root")
	}
	ctx, cancel := chromedp.NewContext(browser(), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the tab is closed with the first context it is used with
		t.Fatal(err)
	}
	b := &tab{t, ctx}
	b.do(chromedp.EmulateViewport(1280, 800))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\nthe page:\n%s", err, b.text("body"))
	}
}

// open goes to an address and waits until the page is loaded.
func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// live opens the status page or the page of a log, and waits until it is connected.
func (b *tab) live(url string) {
	b.t.Helper()
	b.open(url)
	b.wait(`document.querySelector("#live.on") !== null`)
}

// eval returns the value of an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// text returns the text of an element.
func (b *tab) text(selector string) string {
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	v, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(`+quoted(selector)+`)?.innerText ?? ""`))
	return v
}

// quoted returns a text in quotes, for JavaScript and selectors.
func quoted(s string) string {
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false) // selectors do not have \u003c
	_ = out.Encode(s)
	return strings.TrimSpace(b.String())
}

// wait waits until an expression is true, in the page or in the one that is loaded next.
func (b *tab) wait(expression string) {
	b.t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for end := time.Now().Add(limit); ; <-poll.C {
		ctx, cancel := context.WithTimeout(b.ctx, limit)
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
		cancel()
		if err == nil && holds {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("timed out: %s (%v)\nthe page:\n%s", expression, err, b.text("body"))
		}
	}
}

// shows waits until an element contains a text.
func (b *tab) shows(selector, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.querySelector(%s)?.innerText.includes(%s)`, quoted(selector), quoted(text)))
}

// row is the selector of the row of a process.
func row(name string) string { return fmt.Sprintf(`tr[data-name=%s]`, quoted(name)) }

// click clicks on an element, once it is visible.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// clickAndConfirm clicks a button that opens a confirmation dialog, and confirms.
func (b *tab) clickAndConfirm(selector string) {
	b.t.Helper()
	b.click(selector)
	b.click("dialog[open] .confirm")
}

// press presses keys one after the other.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(k))
	}
}

// pressShortcut presses a key that the page handles. press would also type it, which a browser does not do then.
func (b *tab) pressShortcut(key string) {
	b.t.Helper()
	for _, what := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		set(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: what, Key: key})
	}
}

// set calls a command of the browser for the tab.
func set[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, command, params)
		return err
	}))
}

// dark sets the color scheme of the page.
func (b *tab) dark(on bool) {
	b.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	set(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// scripts turns scripts off or on, beginning with the next page.
func (b *tab) scripts(on bool) {
	b.t.Helper()
	set(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// shot writes a screenshot.
func (b *tab) shot(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// add adds sections to the configuration.
func (d *daemon) add(sections string) {
	d.t.Helper()
	f, err := os.OpenFile(filepath.Join(d.dir, "sd.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(sections)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// write has a process, a cat, write a text to its log. The process is started if necessary.
func (d *daemon) write(t *testing.T, name, text string) {
	t.Helper()
	var done bool
	if d.info(name).StateName != "RUNNING" {
		// autostart may start it meanwhile
		if err := d.call("startProcess", &done, name); err != nil && !strings.Contains(err.Error(), "ALREADY_STARTED") {
			t.Fatal(err)
		}
	}
	if err := d.call("sendProcessStdin", &done, name, kolo.Base64(base64.StdEncoding.EncodeToString([]byte(text)))); err != nil {
		t.Fatal(err)
	}
	d.until("the log of "+name, func() bool {
		log, err := os.ReadFile(d.info(name).StdoutLogfile)
		return err == nil && strings.Contains(string(log), text)
	})
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
