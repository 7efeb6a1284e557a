package faults

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	hungEach = 250 // programs of each kind
	hungAll  = 4 * hungEach
	// hungStop is what the plan of the slowest program takes: two hooks of two seconds. A machine with other work needs more.
	hungStop = 4*time.Second + 20*time.Second
	// hungLeast is the shortest time that anything hangs, stopwaitsecs. An answer that takes as long may have waited for a child.
	hungLeast = time.Second
)

// hungConfig returns the sections of programs that hang: in hooks before their start, in checks, in notifications that never say that
// they are ready, and in all other hooks. Port is of a server that never answers.
func hungConfig(port int) string {
	const (
		sleep  = "/bin/sleep 1000"
		ignore = `/bin/sh -c 'trap "" TERM; sleep 1000; sleep 1000'`
	)
	var b strings.Builder
	section := func(name string, lines ...string) {
		fmt.Fprintf(&b, "[program:%s]\nprocess_name=%%(program_name)s%%(process_num)d\nnumprocs=%d\ncommand=%s\nautostart=false\n"+
			"startsecs=0\nstopwaitsecs=1\nredirect_stderr=true\nstdout_logfile=NONE\n%s\n", name, hungEach, sleep, strings.Join(lines, "\n"))
	}
	section("prepares", "hook_timeout=1h", "pre_start_hook="+ignore)
	section("checked", fmt.Sprintf("liveness_check_script=http://127.0.0.1:%d/", port), "liveness_check_initial_delay=0.1",
		"liveness_check_period=0.1", "liveness_check_timeout=1h", "readiness_check_script="+sleep, "readiness_check_timeout=1h")
	section("notifies", "ready=notify", "ready_timeout=0")
	section("hooked", "hook_timeout=2", "post_start_hook="+sleep, "pre_stop_hook="+sleep, "stop_command="+ignore,
		"post_stop_hook="+ignore, "notify_socket=true", "watchdog=1h")
	return b.String()
}

// mute listens at a port, accepts connections, and never answers.
func (f *fault) mute() (port int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	go func() {
		var all []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			all = append(all, c)
		}
		for _, c := range all {
			c.Close()
		}
	}()
	f.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// notifySockets returns the addresses of the sockets that children of the daemon have for their notifications.
func (d *daemon) notifySockets() (addresses []string) {
	for _, pid := range d.processes() {
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) // fails if it has ended
		for kv := range bytes.SplitSeq(environ, []byte{0}) {
			if address, ok := bytes.CutPrefix(kv, []byte("NOTIFY_SOCKET=")); ok {
				addresses = append(addresses, string(address))
			}
		}
	}
	return addresses
}

// flood sends notifications to all sockets, as many as they take, until end is called, which returns their number.
func (d *daemon) flood(addresses []string) (end func() int) {
	d.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		d.stop("%v", err)
	}
	var over atomic.Bool
	total := make(chan int)
	go func() {
		sent := 0
		for i := 0; !over.Load() && len(addresses) > 0; i++ {
			at := i % len(addresses)
			err := unix.Sendto(fd, fmt.Appendf(nil, "STATUS=%d\nWATCHDOG=1\n", i), unix.MSG_DONTWAIT, &unix.SockaddrUnix{Name: addresses[at]})
			switch {
			case err == nil:
				sent++
			case errors.Is(err, unix.ECONNREFUSED): // its child has ended
				addresses = slices.Delete(addresses, at, at+1)
			}
		}
		unix.Close(fd)
		total <- sent
	}()
	return func() int {
		over.Store(true)
		return <-total
	}
}

// ask measures the times of requests, at least so many, until over is closed. getState needs nothing from the loop of the daemon,
// getProcessInfo does.
func (d *daemon) ask(what string, times int, over <-chan struct{}) {
	d.Helper()
	var state, info []time.Duration
	timed := func(waits []time.Duration, method string, args ...any) []time.Duration {
		asked := time.Now()
		d.must(method, args...)
		return append(waits, time.Since(asked))
	}
	for open := true; open || len(state) < times; {
		state = timed(state, "getState")
		info = timed(info, "getProcessInfo", "hooked:hooked0")
		select {
		case <-over:
			open = false
		default:
		}
	}
	for method, waits := range map[string][]time.Duration{"getState": state, "getProcessInfo": info} {
		slices.Sort(waits)
		p99 := waits[len(waits)*99/100]
		d.figure("%s: %d answers to %s, 99 of 100 within %.1f ms, all within %.1f ms", what, len(waits), method, ms(p99),
			ms(waits[len(waits)-1]))
		if p99 >= hungLeast {
			d.wrong("%s: 99 of 100 answers to %s within %v: they wait for what hangs", what, method, p99)
		}
	}
}

// beginHung starts all programs, and returns when all hang and the flood has begun.
func (d *daemon) beginHung() (endFlood func() int) {
	d.Helper()
	d.must("startAllProcesses", false)
	var counts map[string]int
	const hooks, commands = hungEach, 16
	if !poll(func() bool {
		counts = d.states()
		return counts["STARTING"] == 2*hungEach && counts["RUNNING"] == 2*hungEach &&
			len(d.processes()) > 3*hungEach+hooks+commands
	}) {
		d.stop("the processes are %v, %d run: %s", counts, len(d.processes()), d.tail())
	}
	addresses := d.notifySockets()
	if len(addresses) != 2*hungEach {
		d.stop("%d notify sockets", len(addresses))
	}
	return d.flood(addresses)
}

// hungOnce has all programs hang, and stops them.
func (d *daemon) hungOnce() vitals {
	d.Helper()
	endFlood := d.beginHung()
	closed := make(chan struct{})
	close(closed)
	d.ask("all hang", 3000, closed)
	stopped := make(chan struct{})
	began := time.Now()
	var took time.Duration
	go func() {
		defer close(stopped)
		_, _ = d.call("stopAllProcesses") // the states show whether it has succeeded
		took = time.Since(began)
	}()
	d.ask("all stop", 0, stopped)
	d.figure("stopped within %.1f s; %d notifications", took.Seconds(), endFlood())
	if took > hungStop {
		d.wrong("stopped within %v, at most %v is wanted", took, hungStop)
	}
	d.await("STOPPED", hungAll)
	if !poll(func() bool { return len(d.processes()) == 1 }) {
		d.stop("%d processes are left", len(d.processes())-1)
	}
	d.http.CloseIdleConnections()
	v := d.measure()
	poll(func() bool {
		next := d.measure()
		same := next.descriptors == v.descriptors
		v = next
		return same
	})
	return v
}

func TestHung(t *testing.T) {
	t.Parallel()
	f := begin(t, "1,000 programs whose hooks, checks and notifications hang or flood: requests are answered, all programs stop within the "+
		"time that their plans take, and nothing is left")
	if reference {
		f.skip("it has no hooks, checks and notifications")
	}
	const descriptors = 10_000
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Max < descriptors {
		f.skip(fmt.Sprintf("needs %d descriptors", descriptors))
	}
	d := f.start(setup{own: fmt.Sprintf("minfds=%d", descriptors), config: hungConfig(f.mute())})
	before := d.hungOnce()
	after := d.hungOnce()
	d.compare("stopped twice", before, after, 8000)
	endFlood := d.beginHung()
	began := time.Now()
	d.terminate()
	d.figure("ended within %.1f s; %d notifications", time.Since(began).Seconds(), endFlood())
	if left := d.processes(); len(left) > 0 {
		d.wrong("%d processes are left", len(left))
	}
}
