package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/freeport"
)

// webServers is the number of servers behind nginx.
const webServers = 10

// webServer answers requests with its process id. On SIGTERM it closes its socket, and ends when it has answered what it has accepted.
func webServer(port string) error {
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(5 * time.Millisecond): // requests are in progress at any moment
		case <-r.Context().Done():
		}
		fmt.Fprint(w, os.Getpid())
	})}
	ended := make(chan error, 1)
	go func() {
		<-stop.Done()
		ended <- server.Shutdown(context.Background())
	}()
	fmt.Println("listening")
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return <-ended
}

// nginxConf is a configuration of nginx in front of servers.
func nginxConf(dir string, port int, servers []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "user root;\nworker_processes 2;\npid %[1]s/nginx.pid;\nerror_log %[1]s/nginx.log;\nevents { worker_connections 512; }\n"+
		"http {\naccess_log off;\n", dir)
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&b, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	b.WriteString("upstream workers {\n")
	for _, p := range servers {
		fmt.Fprintf(&b, "server 127.0.0.1:%d max_fails=0;\n", p)
	}
	fmt.Fprintf(&b, "}\nserver {\nlisten 127.0.0.1:%d;\nlocation / {\nproxy_pass http://workers;\nproxy_next_upstream error timeout;\n}\n}\n}\n", port)
	return b.String()
}

// covers: L9-nginx
func TestRollingRestartBehindNginx(t *testing.T) {
	f := begin(t, "a rolling restart of 10 web servers behind nginx loses no request of clients")
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx"
	}
	ctl := filepath.Join(filepath.Dir(supervisord), "supervisorctl")
	for _, program := range []string{nginx, ctl} {
		if _, err := os.Stat(program); err != nil {
			f.skip(err.Error() + " (scripts/setup site installs nginx)")
		}
	}
	ports := make([]int, webServers+1)
	for i := range ports {
		if ports[i], err = freeport.Get(); err != nil {
			f.Fatal(err)
		}
	}
	config := "[supervisorctl]\nserverurl=unix://{D}/s.sock\n[program:nginx]\ncommand=" + nginx + " -p {D} -c {D}/nginx.conf -g 'daemon off;'\n"
	for i, port := range ports[1:] {
		config += fmt.Sprintf("[program:web_%02d]\ncommand=%s child web %d\nready=log:/^listening$/\nstartsecs=0\nstopwaitsecs=60\n", i, self, port)
	}
	config += "[group:web]\nprograms=web_00,web_01,web_02,web_03,web_04,web_05,web_06,web_07,web_08,web_09\n"
	dir, err := os.MkdirTemp("/tmp", "fl")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(nginxConf(dir, ports[0], ports[1:])), 0o600); err != nil {
		f.Fatal(err)
	}
	d := f.start(setup{config: config, dir: dir})
	d.await("RUNNING", webServers+1)
	load := startLoad(fmt.Sprintf("http://127.0.0.1:%d/", ports[0]))
	if !poll(func() bool { return len(load.servers()) == webServers }) {
		d.stop("%d of %d servers answer: %s", len(load.servers()), webServers, d.tail())
	}
	before := load.servers()
	began := time.Now()
	out, err := exec.Command(ctl, "-c", d.path("sd.conf"), "restart", "--rolling", "--wait-ready", "--pause", "200ms", "web:*").CombinedOutput()
	if err != nil {
		d.wrong("%v\n%s", err, out)
	}
	took := time.Since(began)
	fresh := func() (n int) {
		for server := range load.servers() {
			if !before[server] {
				n++
			}
		}
		return n
	}
	if !poll(func() bool { return fresh() == webServers }) {
		d.wrong("%d of %d servers were restarted:\n%s", fresh(), webServers, out)
	}
	load.end()
	d.figure("%d requests, %d failed; %d servers restarted in %.1f s", load.requests.Load(), load.failed.Load(), fresh(), took.Seconds())
	if load.failed.Load() != 0 {
		d.wrong("%d requests failed: %s", load.failed.Load(), load.first)
	}
	d.terminate()
}

// load is clients that make requests, each after the answer to the one before.
type load struct {
	requests, failed atomic.Int64
	stop             context.CancelFunc
	clients          sync.WaitGroup

	mu    sync.Mutex
	seen  map[string]bool // the bodies of answers
	first string          // failure
}

func startLoad(url string) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{stop: cancel, seen: map[string]bool{}}
	for range 8 {
		client := &http.Client{Transport: &http.Transport{}}
		l.clients.Go(func() {
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				l.request(client, url)
			}
		})
	}
	return l
}

// request makes one request to its end, also while the load ends.
func (l *load) request(client *http.Client, url string) {
	l.requests.Add(1)
	body, err := get(client, url)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.seen[body] = true
		return
	}
	if l.failed.Add(1) == 1 {
		l.first = err.Error()
	}
}

func get(client *http.Client, url string) (string, error) {
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.100s", resp.Status, body)
	}
	return string(body), err
}

// servers are the process ids that have answered.
func (l *load) servers() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string]bool, len(l.seen))
	for s := range l.seen {
		all[s] = true
	}
	return all
}

func (l *load) end() {
	l.stop()
	l.clients.Wait()
}
