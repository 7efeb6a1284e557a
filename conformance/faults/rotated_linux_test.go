package faults

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// onlyOurs skips a case about what the original does not have.
func (f *fault) onlyOurs() {
	f.Helper()
	if reference {
		f.skip("the original does not have this")
	}
}

// rotatedPieces returns what a log and its rotated files have, decompressed, the oldest first. Of two forms of one file, the compressed one
// is a copy that was cut off.
func (d *daemon) rotatedPieces(name string) (pieces [][]byte) {
	d.Helper()
	entries, err := os.ReadDir(filepath.Dir(d.path(name)))
	if err != nil {
		d.stop("%v", err)
	}
	forms := map[string]string{} // the ending of the file with a number or date
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), filepath.Base(name)+".")
		if !ok {
			continue
		}
		if strings.HasSuffix(rest, ".part") {
			continue
		}
		bare := strings.TrimSuffix(strings.TrimSuffix(rest, ".gz"), ".zst")
		if form, both := forms[bare]; !both || form != "" {
			forms[bare] = strings.TrimPrefix(rest, bare)
		}
	}
	var order []string
	for bare := range forms {
		order = append(order, bare)
	}
	// Numbers descend. Dates ascend, and the numbers of a date.
	key := func(bare string) (date string, number int) {
		first, second, _ := strings.Cut(bare, ".")
		if n, err := strconv.Atoi(first); err == nil {
			return "", -n
		}
		n, _ := strconv.Atoi(second)
		return first, n
	}
	slices.SortFunc(order, func(a, b string) int {
		dateA, a1 := key(a)
		dateB, b1 := key(b)
		if dateA != dateB {
			return strings.Compare(dateA, dateB)
		}
		return a1 - b1
	})
	for _, bare := range order {
		pieces = append(pieces, d.unpacked(name+"."+bare+forms[bare]))
	}
	return append(pieces, d.unpacked(name))
}

// unpacked returns what a file has, decompressed.
func (d *daemon) unpacked(name string) []byte {
	d.Helper()
	data, err := os.ReadFile(d.path(name))
	if err != nil {
		d.stop("%v", err)
	}
	var r io.Reader = bytes.NewReader(data)
	switch filepath.Ext(name) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(r); err == nil {
			defer z.Close()
			r = z
		}
	}
	if err == nil {
		data, err = io.ReadAll(r)
	}
	if err != nil {
		d.wrong("%s: %v", name, err)
	}
	return data
}

// parts returns the incomplete compressed files.
func (d *daemon) parts() []string {
	names, err := filepath.Glob(d.path("*.part"))
	if err != nil {
		d.stop("%v", err)
	}
	return names
}

// rotationKeys are combinations of the keys about rotation.
var rotationKeys = map[string]string{
	"gzip":      "stdout_logfile_compress=gzip\n",
	"zstd":      "stdout_logfile_compress=zstd\nstdout_logfile_rotate=hourly\n",
	"date":      "stdout_logfile_suffix=date\nstdout_logfile_rotate=daily\n",
	"date-gzip": "stdout_logfile_suffix=date\nstdout_logfile_compress=gzip\nstdout_logfile_maxage=1d\n",
	"maxtotal":  "stdout_logfile_maxtotal=1GB\nstdout_logfile_mode=0600\n",
}

// rotating is a program that writes a sequence at full speed to NAME.log.
func rotating(name, keys string, size int) string {
	return fmt.Sprintf("[program:%s]\ncommand=%s child seq %d\nstartsecs=0\nautorestart=false\nautostart=false\n"+
		"redirect_stderr=true\nstdout_logfile={D}/%s.log\nstdout_logfile_maxbytes=1MB\nstdout_logfile_backups=200\n%s", name, self, size, name, keys)
}

// covers: LOG-40d
func TestRotationKeys(t *testing.T) {
	t.Parallel()
	f := begin(t, "rotation while programs write at full speed loses no data with compression and dates")
	f.onlyOurs()
	const size = 24 << 20
	config := ""
	for name, keys := range rotationKeys {
		config += rotating(name, keys, size)
	}
	d := f.start(setup{config: config})
	d.must("startAllProcesses", false)
	for name := range rotationKeys {
		d.awaitLog("exited: "+name+" (exit status 0; expected)", 1)
	}
	d.must("waitForRotatedLogs")
	for name := range rotationKeys {
		d.checkSequence(size, d.rotatedPieces(name+".log")...)
	}
	if left := d.parts(); left != nil {
		d.wrong("incomplete files are left: %q", left)
	}
	d.terminate()
}

// covers: LOG-46b
func TestKilledWhileRotating(t *testing.T) {
	t.Parallel()
	f := begin(t, "SIGKILL of supervisord during rotation at full speed leaves each byte that a log had, in order, and the next one compresses the rest")
	f.onlyOurs()
	config := ""
	for name, keys := range rotationKeys {
		config += rotating(name, keys, 1<<30) +
			strings.NewReplacer("[program:"+name, "[program:idle-"+name, self+" child seq 1073741824", "/bin/sleep 100000").Replace(rotating(name, keys, 1<<30))
	}
	d := f.start(setup{config: config})
	for name := range rotationKeys {
		d.must("startProcess", name, false)
	}
	for name := range rotationKeys {
		if !poll(func() bool { files, _ := filepath.Glob(d.path(name + ".log.*")); return len(files) > 4 }) {
			d.stop("%s is not rotated: %s", name, d.tail())
		}
	}
	d.kill()
	check := func(when string) {
		for name := range rotationKeys {
			pieces := d.rotatedPieces(name + ".log")
			total := 0
			for _, p := range pieces {
				total += len(p)
			}
			if found, problem := inSequence(pieces...); found != total || problem != "" {
				d.wrong("%s: %s has %d bytes, %d in order: %s", when, name, total, found, problem)
			}
			f.figure("%s: %s has %d bytes in %d files", when, name, total, len(pieces))
		}
	}
	check("after the SIGKILL")
	d.launch(setup{})
	if !poll(d.answers) {
		d.stop("supervisord does not come up again: %s", d.tail())
	}
	for name := range rotationKeys {
		d.must("startProcess", "idle-"+name, false)
	}
	d.must("waitForRotatedLogs")
	check("after the next start")
	if left := d.parts(); left != nil {
		d.wrong("incomplete files are left: %q", left)
	}
	plain, _ := filepath.Glob(d.path("gzip.log.*[0-9]"))
	if plain != nil {
		d.wrong("not compressed: %q", plain)
	}
	d.terminate()
}

// kill ends supervisord and the programs with SIGKILL.
func (d *daemon) kill() {
	d.Helper()
	pids := d.pids()
	d.signal(syscall.SIGKILL)
	<-d.ended
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if !poll(func() bool { return len(d.processes()) == 0 }) {
		d.stop("processes are left")
	}
}

// covers: LOG-46
func TestKilledCompression(t *testing.T) {
	t.Parallel()
	f := begin(t, "SIGKILL of supervisord during the compression of 200 MB leaves the source; the next one compresses it whole")
	f.onlyOurs()
	d := f.prepare(setup{config: "[program:p]\ncommand=/bin/sleep 100000\nstartsecs=0\nredirect_stderr=true\n" +
		"stdout_logfile={D}/p.log\nstdout_logfile_compress=gzip\n"})
	const size = 200 << 20
	source := make([]byte, 0, size+number)
	for i := 0; len(source) < size; i++ {
		source = line(source, i)
	}
	if err := os.WriteFile(d.path("p.log.1"), source, 0o640); err != nil {
		d.stop("%v", err)
	}
	d.launch(setup{})
	part := d.path("p.log.1.gz.part")
	if !poll(func() bool { info, err := os.Stat(part); return err == nil && info.Size() > 0 }) {
		d.stop("the compression does not begin: %s", d.tail())
	}
	d.kill()
	left, err := os.Stat(part)
	if err != nil {
		d.stop("the compression has ended: %v", err)
	}
	if data, err := os.ReadFile(d.path("p.log.1")); err != nil || !bytes.Equal(data, source) {
		d.wrong("the source has changed (%v)", err)
	}
	d.launch(setup{})
	if !poll(d.answers) {
		d.stop("supervisord does not come up again: %s", d.tail())
	}
	d.must("waitForRotatedLogs")
	info, err := os.Stat(d.path("p.log.1.gz"))
	if err != nil {
		d.stop("%v", err)
	}
	if data := d.unpacked("p.log.1.gz"); !bytes.Equal(data, source) || info.Mode() != 0o640 {
		d.wrong("%d bytes of %d, mode %v", len(data), len(source), info.Mode())
	}
	if _, err := os.Stat(d.path("p.log.1")); err == nil || d.parts() != nil {
		d.wrong("the source is there, or a part: %q", d.parts())
	}
	f.figure("%d bytes of the compressed file were written before the SIGKILL, %d in the end", left.Size(), info.Size())
	d.terminate()
}

// covers: LOG-47
func TestFullDiskWhileCompressing(t *testing.T) {
	t.Parallel()
	f := begin(t, "on a full disk a rotated log stays as it is, which is logged once, and it is compressed after the next rotation with space")
	f.onlyOurs()
	f.needRoot()
	d := f.prepare(setup{config: fmt.Sprintf("[program:p]\ncommand=%s child steady {D}/total\nstartsecs=0\nautostart=false\nredirect_stderr=true\n"+
		"stdout_logfile={D}/small/p.log\nstdout_logfile_compress=gzip\n", self)})
	if err := os.Mkdir(d.path("small"), 0o777); err != nil {
		t.Fatal(err)
	}
	d.launch(setup{before: []string{"unshare", "-m", "/bin/sh", "-c", "mount -t tmpfs -o size=64m none " + d.path("small") + "; exec \"$@\"", "sh"}})
	if !poll(d.answers) {
		d.stop("supervisord does not come up: %s", d.tail())
	}
	inside := fmt.Sprintf("/proc/%d/root%s/small/", d.pid, d.dir) // the tmpfs exists only in the daemon's mount namespace
	source := make([]byte, 20<<20)
	_, _ = rand.Read(source)
	for name, data := range map[string][]byte{"p.log.1": source, "filler": make([]byte, 30<<20)} {
		if err := os.WriteFile(inside+name, data, 0o600); err != nil {
			d.stop("%v", err)
		}
	}
	d.must("startProcess", "p", false)
	child := d.pidOf("p")
	d.must("waitForRotatedLogs")
	const said = "could not compress "
	if n := d.count("WARN " + said); n != 1 || !strings.Contains(string(d.log()), "p.log.1: no space left on device, it stays as it is") {
		d.wrong("it is logged %d times: %s", n, d.tail())
	}
	before := written(child)
	if !poll(func() bool { return written(child) > before }) {
		d.wrong("the program is blocked")
	}
	d.must("rotateProcessLogs", "p")
	d.must("waitForRotatedLogs")
	if n := d.count("WARN " + said); n != 1 {
		d.wrong("it is logged %d times: %s", n, d.tail())
	}
	if data, err := os.ReadFile(inside + "p.log.2"); err != nil || !bytes.Equal(data, source) {
		d.wrong("the source has changed (%v)", err)
	}
	if err := os.Remove(inside + "filler"); err != nil {
		d.stop("%v", err)
	}
	if before := written(child); !poll(func() bool { return written(child) > before }) {
		d.wrong("the program is blocked")
	}
	d.must("rotateProcessLogs", "p")
	d.must("waitForRotatedLogs")
	packed, err := os.ReadFile(inside + "p.log.3.gz")
	if err != nil {
		d.stop("%v", err)
	}
	if r, err := gzip.NewReader(bytes.NewReader(packed)); err != nil {
		d.wrong("%v", err)
	} else if data, err := io.ReadAll(r); err != nil || !bytes.Equal(data, source) {
		d.wrong("the compressed file has %d bytes of %d: %v", len(data), len(source), err)
	}
	if parts, _ := filepath.Glob(inside + "*.part"); parts != nil {
		d.wrong("incomplete files are left: %q", parts)
	}
	f.figure("logged once; %d bytes were kept and compressed later", len(source))
	d.terminate()
}

// covers: LOG-46c
func TestUpgradedCompression(t *testing.T) {
	t.Parallel()
	f := begin(t, "upgrades during the compression of 200 MB, and rotation at full speed meanwhile, lose no byte and leave no part")
	f.onlyOurs()
	const size, writes = 200 << 20, 24 << 20
	d := f.prepare(setup{config: "[program:p]\ncommand=/bin/sleep 100000\nstartsecs=0\nredirect_stderr=true\n" +
		"stdout_logfile={D}/p.log\nstdout_logfile_compress=gzip\n" + rotating("w", rotationKeys["date-gzip"], writes)})
	source := make([]byte, 0, size+number)
	for i := 0; len(source) < size; i++ {
		source = line(source, i)
	}
	if err := os.WriteFile(d.path("p.log.1"), source, 0o640); err != nil {
		d.stop("%v", err)
	}
	d.launch(setup{})
	part := d.path("p.log.1.gz.part")
	begun := func() bool { info, err := os.Stat(part); return err == nil && info.Size() > 0 }
	if !poll(begun) || !poll(d.answers) {
		d.stop("the compression does not begin: %s", d.tail())
	}
	d.must("startProcess", "w", false)
	d.upgrade()
	if _, err := os.Stat(d.path("p.log.1")); err != nil || !poll(begun) {
		d.stop("the compression had ended, or does not begin again: %v: %s", err, d.tail())
	}
	d.upgrade()
	d.awaitLog("exited: w (exit status 0; expected)", 1)
	if !pollFor(5*timeout(), func() bool { _, err := os.Stat(d.path("p.log.1")); return err != nil }) {
		d.stop("the compression does not end: %s", d.tail())
	}
	d.must("waitForRotatedLogs")
	info, err := os.Stat(d.path("p.log.1.gz"))
	if err != nil {
		d.stop("%v", err)
	}
	if data := d.unpacked("p.log.1.gz"); !bytes.Equal(data, source) || info.Mode() != 0o640 {
		d.wrong("%d bytes of %d, mode %v", len(data), len(source), info.Mode())
	}
	d.checkSequence(writes, d.rotatedPieces("w.log")...)
	if d.parts() != nil {
		d.wrong("a part is left: %q", d.parts())
	}
	if n := d.count("supervisord was upgraded from"); n != 2 {
		d.wrong("%d upgrades are logged", n)
	}
	d.terminate()
}

// upgrade has supervisord upgrade to itself, again as long as it is busy.
func (d *daemon) upgrade() {
	d.Helper()
	var err error
	pollFor(5*timeout(), func() bool {
		_, err = d.call("upgrade", false)
		return err == nil || !strings.Contains(err.Error(), "refused: busy")
	})
	if err != nil {
		d.stop("%v: %s", err, d.tail())
	}
}
