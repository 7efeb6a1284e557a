package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// rotateAt is the size at which the rotated log rotates.
const rotateAt = 50 << 20

// logTimeout is the time without growth after which the rest of a log counts as lost.
const logTimeout = 5 * time.Second

func plainLog(ctx context.Context, t *turn) error {
	return t.log(ctx, "log", []string{"stdout_logfile_maxbytes=0"})
}

func rotatedLog(ctx context.Context, t *turn) error {
	return t.log(ctx, "log/rotated", t.rotation())
}

// rotation are the keys of a log that is rotated and of which nothing is removed.
func (t *turn) rotation() []string {
	return []string{"stdout_logfile_maxbytes=50MB", fmt.Sprintf("stdout_logfile_backups=%d", t.settings.logBytes/rotateAt+2)}
}

// compressedLog measures a log whose rotated files are compressed meanwhile. The processor time includes the compression.
func compressedLog(ctx context.Context, t *turn) error {
	return t.logUntil(ctx, "log/rotated/gzip", append(t.rotation(), "stdout_logfile_compress=gzip"), (*daemon).awaitCompressed)
}

// writtenLine is the length of a line that the child writes.
const writtenLine = 128

// formattedLog measures a log whose lines have a format. Rates are in bytes that the child has written.
func formattedLog(format string) func(context.Context, *turn) error {
	return func(ctx context.Context, t *turn) error {
		return t.log(ctx, "log/"+format, []string{"stdout_logfile_maxbytes=0", "stdout_logfile_format=" + format})
	}
}

// log measures a child that writes to its log as fast as it can, from its first write until all data is in the files.
func (t *turn) log(ctx context.Context, name string, extra []string) (err error) {
	return t.logUntil(ctx, name, extra, func(d *daemon, ctx context.Context, size int, _ time.Duration) (int, time.Duration, error) {
		written, complete, err := d.awaitLog(ctx, size)
		if err != nil {
			return 0, 0, err
		}
		long, err := d.lineLength()
		if err == nil && long > writtenLine { // awaitLog has waited until it did not grow
			written = written / long * writtenLine
		}
		return written, complete, err
	})
}

// logUntil is log with another way to find out how many bytes were written and when they were complete; end is when the child had written
// all.
func (t *turn) logUntil(ctx context.Context, name string, extra []string,
	await func(d *daemon, ctx context.Context, size int, end time.Duration) (written int, complete time.Duration, err error)) (err error) {
	size := t.settings.logBytes
	d, err := t.launch(ctx, load{programs: 1, args: []string{strconv.Itoa(size)}, extra: extra})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	self, err := d.processes()
	if err != nil {
		return err
	}
	before, err := total(self, onCPU)
	if err != nil {
		return err
	}
	if err := syscall.Kill(d.alive[0].pid, syscall.SIGUSR1); err != nil {
		return err
	}
	ends, err := d.await(ctx, 2)
	if err != nil {
		return err
	}
	written, complete, err := await(d, ctx, size, ends[1].at)
	if err != nil {
		return err
	}
	after, err := total(self, onCPU)
	if err != nil {
		return err
	}
	t.add(name+"/rate", float64(written)/1e6/(complete-ends[0].at).Seconds())
	t.add(name+"/cpu", (after-before).Seconds()/(float64(size)/(1<<30)))
	t.add(name+"/lost", float64(size-written))
	return nil
}

// awaitLog waits until the log and its backups have size bytes, or have not grown for logTimeout. It returns their size and when
// they grew last. It waits for the exact size, since during a rotation a file may be counted twice.
func (d *daemon) awaitLog(ctx context.Context, size int) (written int, grown time.Duration, err error) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for grown = now(); ; {
		sum, err := filesSize(filepath.Join(d.dir, logFolder))
		if err != nil {
			return 0, 0, err
		}
		if sum != written {
			written, grown = sum, now()
		}
		if sum == size || now()-grown > logTimeout {
			return written, grown, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return 0, 0, fmt.Errorf("the log holds %d of %d bytes: %w", sum, size, context.Cause(ctx))
		}
	}
}

// awaitCompressed waits until the rotated files are compressed, and have size bytes with the log, or have not changed for logTimeout. All is
// written when the child ends, but for what is in its pipe.
func (d *daemon) awaitCompressed(ctx context.Context, size int, end time.Duration) (written int, complete time.Duration, err error) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for sum, changed := 0, now(); ; {
		n, err := filesSize(filepath.Join(d.dir, logFolder))
		if err != nil {
			return 0, 0, err
		}
		if n != sum {
			sum, changed = n, now()
		}
		names, err := filepath.Glob(filepath.Join(d.dir, logFolder, "*"))
		if err != nil {
			return 0, 0, err
		}
		plain := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.HasSuffix(name, ".gz") })
		if len(plain) == 1 && now()-end > time.Second/2 || now()-changed > logTimeout {
			if written, err = uncompressedSize(names); err != nil || written == size || now()-changed > logTimeout {
				return written, end, err
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return 0, 0, fmt.Errorf("files are not compressed: %w", context.Cause(ctx))
		}
	}
}

// uncompressedSize is the sum of the sizes of files, as they are without compression.
func uncompressedSize(names []string) (sum int, err error) {
	for _, name := range names {
		n, err := func() (int64, error) {
			f, err := os.Open(name)
			if err != nil {
				return 0, err
			}
			defer f.Close()
			if !strings.HasSuffix(name, ".gz") {
				return io.Copy(io.Discard, f)
			}
			r, err := gzip.NewReader(f)
			if err != nil {
				return 0, err
			}
			return io.Copy(io.Discard, r)
		}()
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		sum += int(n)
	}
	return sum, nil
}

// lineLength is the length of the first line of the log.
func (d *daemon) lineLength() (int, error) {
	names, err := filepath.Glob(filepath.Join(d.dir, logFolder, "*"))
	if err != nil || len(names) == 0 {
		return 0, errors.Join(err, errors.New("there is no log"))
	}
	file, err := os.Open(names[0])
	if err != nil {
		return 0, err
	}
	defer file.Close()
	line, err := bufio.NewReader(file).ReadString('\n')
	return len(line), err
}

// notLogs are the names of other files that loggers of peers keep beside their logs.
var notLogs = []string{"config", "lock", "state"}

// filesSize returns the sum of the sizes of the logs below dir, without files that are renamed meanwhile.
func filesSize(dir string) (int, error) {
	sum := int64(0)
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || slices.Contains(notLogs, entry.Name()) {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return int(sum), err
}
