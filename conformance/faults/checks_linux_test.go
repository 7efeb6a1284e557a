package faults

import (
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// covers: L3-k
func TestChecks(t *testing.T) {
	t.Parallel()
	f := begin(t, "checks of 1,000 programs every second leak no descriptor, thread or memory")
	if reference {
		f.skip("the original has no checks")
	}
	const programs = 1000
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.stop("%v", err)
	}
	var asked atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) })}
	f.Cleanup(func() { server.Close() })
	go server.Serve(listener)
	d := f.start(setup{own: "minfds=6000", config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=1000\n" +
		"process_name=p%(process_num)d\nstartsecs=0\nstdout_logfile=NONE\nredirect_stderr=true\n" +
		"liveness_check_script=http://" + listener.Addr().String() + "/\n" +
		"liveness_check_initial_delay=0\nliveness_check_period=1\n"})
	run := func(seconds int) {
		from := asked.Load()
		limit := time.Duration(seconds)*time.Second + timeout()
		if !pollFor(limit, func() bool { return asked.Load() >= from+int64(seconds)*programs }) {
			d.stop("%d of %d checks: %s", asked.Load()-from, seconds*programs, d.tail())
		}
	}
	run(5)
	d.stopAll()
	before := d.measure()
	d.must("startAllProcesses", false)
	began, from := time.Now(), asked.Load()
	run(int(checksTime(f).Seconds()))
	d.figure("%d checks in %.0f s", asked.Load()-from, time.Since(began).Seconds())
	d.figure("during the checks: %v, peak %.1f MB", d.measure(), float64(d.peak())/1000)
	d.stopAll()
	d.compare("checks", before, d.measure(), 4000)
	if n := d.count("liveness check of p"); n > 0 {
		d.wrong("%d verdicts: %s", n, d.tail())
	}
	d.terminate()
}

// checksTime is how long the checks go on: CHECKS_DURATION.
func checksTime(f *fault) time.Duration {
	text := os.Getenv("CHECKS_DURATION")
	if text == "" {
		return 15 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		f.Fatal(err)
	}
	return d
}
