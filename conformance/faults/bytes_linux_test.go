package faults

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hangTime returns how long to wait for something that does not happen if the daemon hangs, as the original does.
func hangTime() time.Duration {
	if reference {
		return timeout() / 9
	}
	return timeout()
}

// backups returns the contents of a log and its backups, the oldest first.
func (d *daemon) backups(name string) (pieces [][]byte) {
	d.Helper()
	names, err := filepath.Glob(d.path(name) + ".*")
	if err != nil {
		d.stop("%v", err)
	}
	age := func(path string) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Ext(path), "."))
		return n
	}
	slices.SortFunc(names, func(a, b string) int { return age(b) - age(a) })
	for _, path := range append(names, d.path(name)) {
		data, err := os.ReadFile(path)
		if err != nil {
			d.stop("%v", err)
		}
		pieces = append(pieces, data)
	}
	return pieces
}

// checkSequence compares the data in the pieces with what was written.
func (d *daemon) checkSequence(written int, pieces ...[]byte) {
	d.Helper()
	found, problem := inSequence(pieces...)
	d.figure("%d bytes written, %d found in order, in %d files", written, found, len(pieces))
	if found != written || problem != "" {
		d.wrong("%d bytes written, %d found in order: %s", written, found, problem)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	f := begin(t, "rotation while a program writes at full speed loses no data")
	const size = 128 << 20
	d := f.start(setup{config: fmt.Sprintf("[program:p]\ncommand=%s child seq %d\nstartsecs=0\nautorestart=false\n"+
		"redirect_stderr=true\nstdout_logfile={D}/p.log\nstdout_logfile_maxbytes=1MB\nstdout_logfile_backups=200\n", self, size)})
	d.awaitLog("exited: p (exit status 0; expected)", 1)
	d.checkSequence(size, d.backups("p.log")...)
	d.terminate()
}

func TestReopen(t *testing.T) {
	t.Parallel()
	f := begin(t, "SIGUSR2 after each of 50 renames, as by logrotate, loses no data")
	const renames = 50
	d := f.start(setup{config: fmt.Sprintf("[program:p]\ncommand=%s child steady {D}/total\nstartsecs=0\n"+
		"redirect_stderr=true\nstdout_logfile={D}/p.log\nstdout_logfile_maxbytes=0\n", self)})
	d.await("RUNNING", 1)
	for i := renames; i > 0; i-- {
		if !poll(func() bool { info, err := os.Stat(d.path("p.log")); return err == nil && info.Size() > 2000 }) {
			d.stop("the log was not opened again: %s", d.tail())
		}
		if err := os.Rename(d.path("p.log"), d.path(fmt.Sprintf("p.log.%d", i))); err != nil {
			d.stop("%v", err)
		}
		d.signal(syscall.SIGUSR2)
	}
	d.checkSequence(d.total("p"), d.backups("p.log")...)
	d.terminate()
}

// total ends the output of a steady child, stops the child and returns the number of bytes that it wrote.
func (d *daemon) total(name string) int {
	d.Helper()
	d.must("signalProcess", name, "USR1")
	var total []byte
	if !poll(func() (there bool) { var err error; total, err = os.ReadFile(d.path("total")); return err == nil }) {
		d.stop("the child does not report")
	}
	d.must("stopProcess", name)
	n, _ := strconv.Atoi(string(total))
	return n
}

func TestLongLine(t *testing.T) {
	t.Parallel()
	f := begin(t, "a line of 100 MB is logged whole without using memory")
	const size = 100 << 20
	d := f.start(setup{config: fmt.Sprintf("[program:p]\ncommand=%s child long %d\nstartsecs=0\nautostart=false\n"+
		"autorestart=false\nredirect_stderr=true\nstdout_logfile={D}/p.log\nstdout_logfile_maxbytes=0\n", self, size)})
	before := d.peak()
	d.must("startProcess", "p")
	d.awaitLog("exited: p (exit status 0; expected)", 1)
	info, err := os.Stat(d.path("p.log"))
	if err != nil {
		d.stop("%v", err)
	}
	grown := d.peak() - before
	d.figure("%d bytes written, %d found; the daemon grew by %.1f MB", size, info.Size(), float64(grown)/1000)
	if info.Size() != size || grown > 30_000 {
		d.wrong("%d bytes found, grown by %d kB", info.Size(), grown)
	}
	d.terminate()
}

func TestSpewing(t *testing.T) {
	f := begin(t, "requests are answered while 200 children write at full speed, and no data is lost")
	const programs, each = 200, 1 << 20
	d := f.start(setup{config: fmt.Sprintf("[program:p]\ncommand=%s child spew %d {D}/go\nnumprocs=200\n"+
		"process_name=p%%(process_num)d\nstartsecs=0\nredirect_stderr=true\n"+
		"stdout_logfile={D}/p%%(process_num)d.log\nstdout_logfile_maxbytes=0\n", self, each)})
	d.await("RUNNING", programs)
	// Children that wait for a writer continue now, and later ones do not wait.
	held, err := os.OpenFile(d.path("go"), os.O_WRONLY, 0)
	if err != nil {
		d.stop("%v", err)
	}
	defer held.Close()
	began := time.Now()
	var waits []time.Duration
	complete := func() bool {
		asked := time.Now()
		if !d.answers() {
			d.stop("no answer: %s", d.tail())
		}
		waits = append(waits, time.Since(asked))
		for i := range programs {
			if info, err := os.Stat(d.path(fmt.Sprintf("p%d.log", i))); err != nil || info.Size() < each {
				return false
			}
		}
		return true
	}
	for !complete() {
		if time.Since(began) > timeout() {
			d.stop("the output does not arrive")
		}
	}
	took := time.Since(began)
	slices.Sort(waits)
	lost, wrong := 0, 0
	for i := range programs {
		n, problem := inSequence(d.read(fmt.Sprintf("p%d.log", i)))
		lost += each - n
		if problem != "" {
			wrong++
		}
	}
	d.figure("%d MB at %.0f MB/s; %d bytes lost; getState p50 %.1f ms, p99 %.1f ms", programs*each>>20,
		programs*each/1e6/took.Seconds(), lost, ms(waits[len(waits)/2]), ms(waits[len(waits)*99/100]))
	if lost > 0 || wrong > 0 {
		d.wrong("%d bytes are lost, %d logs out of order", lost, wrong)
	}
	d.terminate()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// ended matches the lines that report the end of a failure, with the number of lost bytes.
var ended = regexp.MustCompile(`p\.log of process 'p' (?:is written again|could not be written), (\d+) bytes were lost`)

func TestFullDisk(t *testing.T) {
	t.Parallel()
	f := begin(t, "on a full disk a program continues, the failure is logged once, writing resumes when there is "+
		"space, and the lost bytes are counted exactly")
	f.needRoot()
	d := f.prepare(setup{config: fmt.Sprintf("[program:p]\ncommand=%s child steady {D}/total\nstartsecs=0\n"+
		"redirect_stderr=true\nstdout_logfile={D}/small/p.log\nstdout_logfile_maxbytes=0\n", self)})
	if err := os.Mkdir(d.path("small"), 0o777); err != nil {
		t.Fatal(err)
	}
	d.launch(setup{before: []string{"unshare", "-m", "/bin/sh", "-c", "mount -t tmpfs -o size=4m none " + d.path("small") +
		" && head -c 3900k /dev/zero > " + d.path("small/filler") + "; exec \"$@\"", "sh"}})
	if !poll(d.answers) {
		d.stop("supervisord does not come up: %s", d.tail())
	}
	inside := fmt.Sprintf("/proc/%d/root%s/small/", d.pid, d.dir) // the tmpfs exists only in the daemon's mount namespace
	size := func() int64 {
		info, err := os.Stat(inside + "p.log")
		if err != nil {
			return 0
		}
		return info.Size()
	}
	var last int64
	child := d.pidOf("p")
	if !poll(func() bool { now := size(); full := now > 30_000 && now == last; last = now; return full }) {
		d.stop("the disk does not fill: %d bytes", last)
	}
	const piped = 300_000 // more than the capacity of a pipe
	if before := written(child); !poll(func() bool { return written(child) > before+piped }) {
		d.wrong("the program is blocked: %s", d.tail())
	}
	if err := os.Remove(inside + "filler"); err != nil {
		d.stop("%v", err)
	}
	if !pollFor(hangTime(), func() bool { return size() > last }) {
		d.wrong("writing does not resume")
	}
	said := poll(func() bool { return reference || ended.Match(d.log()) })
	total := d.total("p")
	data, err := os.ReadFile(inside + "p.log")
	if err != nil {
		d.stop("%v", err)
	}
	complaints := d.count("could not write log file") + d.count("No space left on device")
	counted, ends := 0, ended.FindAllSubmatch(d.log(), -1) // two if the disk was full again before the end
	for _, m := range ends {
		n, _ := strconv.Atoi(string(m[1]))
		counted += n
	}
	d.figure("%d bytes written, %d found, %d reported as lost; %d failures, reported %d times", total, len(data), counted, len(ends),
		complaints)
	if !said || total != len(data)+counted || complaints != len(ends) {
		d.wrong("%d bytes written, %d found, %d counted as lost, reported %d times", total, len(data), counted, complaints)
	}
	d.terminate()
}

// written returns the number of bytes that a process has written so far.
func written(pid int) int {
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0
	}
	return field(io, "wchar:")
}

func TestStuckReader(t *testing.T) {
	t.Parallel()
	f := begin(t, "a log that is a pipe without a reader blocks only the program that writes to it; nothing is lost")
	const size = 4 << 20
	d := f.prepare(setup{config: fmt.Sprintf("[program:stuck]\ncommand=%s child seq %d\nstartsecs=0\nautorestart=false\n"+
		"redirect_stderr=true\nstdout_logfile={D}/fifo\nstdout_logfile_maxbytes=0\n[program:free]\ncommand=%s child seq %d\n"+
		"startsecs=0\nautorestart=false\nredirect_stderr=true\nstdout_logfile={D}/p.log\nstdout_logfile_maxbytes=0\n",
		self, size, self, size)})
	if err := syscall.Mkfifo(d.path("fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(d.path("fifo"), syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	fifo := os.NewFile(uintptr(fd), "fifo")
	defer fifo.Close()
	d.launch(setup{})
	if !pollFor(hangTime(), func() bool { return d.count("exited: free (exit status 0; expected)") == 1 && d.answers() }) {
		d.wrong("the other program or the daemon is blocked: %s", d.tail())
	}
	free, problem := inSequence(d.backups("p.log")...)
	if free != size {
		d.wrong("of the other program %d of %d bytes are in its log: %s", free, size, problem)
	}
	heard := make(chan []byte)
	go func() {
		var all bytes.Buffer
		chunk := make([]byte, 64<<10)
		for all.Len() < size {
			n, err := fifo.Read(chunk)
			all.Write(chunk[:n])
			if err != nil {
				break
			}
		}
		heard <- all.Bytes()
	}()
	select {
	case data := <-heard:
		n, problem := inSequence(data)
		d.figure("the other program: %d of %d bytes; read from the pipe afterwards: %d of %d", free, size, n, size)
		if n != size {
			d.wrong("%d bytes arrive: %s", n, problem)
		}
	case <-time.After(timeout()):
		d.wrong("the pipe ends early")
	}
	d.terminate()
}

func TestStuckStdout(t *testing.T) {
	t.Parallel()
	f := begin(t, "a standard output that is not read does not block the daemon; lost lines are counted")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d := f.prepare(setup{own: "loglevel=debug", config: fmt.Sprintf("[program:p]\ncommand=%s child seq %d\nstartsecs=0\n"+
		"autorestart=false\nredirect_stderr=true\nstdout_logfile=NONE\n", self, 16<<20)})
	d.launch(setup{stdout: w})
	w.Close()
	finished := pollFor(hangTime(), func() bool { return d.count("exited: p (exit status 0; expected)") == 1 })
	answers := finished && d.answers()
	d.figure("program finished: %v, requests are answered: %v, reported once: %v", finished, answers,
		d.count("standard output does not keep up") == 1)
	if !finished || !answers {
		d.stop("the daemon is blocked")
	}
	if d.count("standard output does not keep up") != 1 {
		d.wrong("it is reported %d times: %s", d.count("standard output does not keep up"), d.tail())
	}
	d.terminate()
}
