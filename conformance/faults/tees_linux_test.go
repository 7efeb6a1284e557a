package faults

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// covers: LOG-21a
func TestTees(t *testing.T) {
	t.Parallel()
	f := begin(t, "further destinations at full speed, with rotation and upgrades: files lose no byte, and what a pipe loses that is not read is counted exactly")
	f.onlyOurs()
	const size = 24 << 20
	d := f.prepare(setup{config: rotating("w", "stdout_logfile_compress=gzip\nstdout_logfile_tee={D}/copy.log, {D}/pipe\n", size)})
	if err := syscall.Mkfifo(d.path("pipe"), 0o600); err != nil {
		d.stop("%v", err)
	}
	pipe, err := os.OpenFile(d.path("pipe"), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		d.stop("%v", err)
	}
	defer pipe.Close()
	d.launch(setup{})
	if !poll(d.answers) {
		d.stop("supervisord does not come up: %s", d.tail())
	}
	d.must("startProcess", "w", false)
	d.upgrade()
	d.upgrade()
	d.awaitLog("exited: w (exit status 0; expected)", 1)
	d.must("waitForRotatedLogs")
	d.checkSequence(size, d.rotatedPieces("w.log")...)
	d.checkSequence(size, d.rotatedPieces("copy.log")...)
	if n := d.count("pipe (tee) of process 'w' takes no more, it is dropped there until it does"); n != 1 {
		d.wrong("that output is dropped is logged %d times: %s", n, d.tail())
	}
	found := regexp.MustCompile(`pipe \(tee\) of process 'w' could not be written, (\d+) bytes were lost`).FindSubmatch(d.log())
	if found == nil {
		d.stop("how much was lost is not logged: %s", d.tail())
	}
	lost, _ := strconv.Atoi(string(found[1]))
	if err := pipe.SetReadDeadline(time.Now().Add(timeout())); err != nil {
		d.stop("%v", err)
	}
	kept := make([]byte, size-lost)
	if n, err := io.ReadFull(pipe, kept); err != nil {
		d.wrong("%d bytes are in the pipe, and %d were lost, of %d: %v", n, lost, size, err)
	}
	d.terminate()
	var more [1]byte
	raw, err := pipe.SyscallConn()
	if err != nil {
		d.stop("%v", err)
	}
	_ = raw.Control(func(fd uintptr) {
		if n, _ := syscall.Read(int(fd), more[:]); n > 0 {
			d.wrong("more than %d bytes were in the pipe, though %d of %d were lost", len(kept), lost, size)
		}
	})
	f.figure("%d of %d bytes waited for the pipe", len(kept), size)
}
