package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"
)

// writers is the number of children that write at once, cPiece the size of the writes of a child whose output the C library buffers.
const (
	writers = 100
	cPiece  = 4096
)

func bufferedWriters(ctx context.Context, t *turn) error {
	return t.hundredWriters(ctx, "writers", cPiece)
}

func lineWriters(ctx context.Context, t *turn) error {
	return t.hundredWriters(ctx, "writers/lines", lineLength)
}

// hundredWriters measures a hundred children that write lines to their logs as fast as they can, a piece with each write, from the
// first write until all data is in the files, and the latency of requests meanwhile.
func (t *turn) hundredWriters(ctx context.Context, name string, piece int) (err error) {
	each := t.settings.logBytes / writers / cPiece * cPiece
	args := []string{strconv.Itoa(each), strconv.Itoa(piece)}
	d, err := t.launch(ctx, load{programs: writers, args: args, extra: []string{"stdout_logfile_maxbytes=0"}})
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
	asking, stop := context.WithCancel(ctx)
	defer stop()
	answered := t.ask(asking, d)
	for _, child := range d.alive {
		if err := syscall.Kill(child.pid, syscall.SIGUSR1); err != nil {
			return err
		}
	}
	reports, err := d.await(ctx, 2*writers) // of the first and the last write of each
	if err != nil {
		return err
	}
	written, complete, err := d.awaitLog(ctx, writers*each)
	if err != nil {
		return err
	}
	after, err := total(self, onCPU)
	if err != nil {
		return err
	}
	stop()
	took := <-answered
	begin := reports[0].at
	for _, r := range reports {
		begin = min(begin, r.at)
	}
	t.add(name+"/rate", float64(written)/1e6/(complete-begin).Seconds())
	t.add(name+"/cpu", (after-before).Seconds()/(float64(writers*each)/1e9))
	t.add(name+"/lost", float64(writers*each-written))
	if len(took) > 0 {
		t.add(name+"/getState/p99", milliseconds(percentile(took, 99)))
	}
	return nil
}

// askFor measures the latency of getState for a time, as the figures NAME/p50 and NAME/p99.
func (t *turn) askFor(ctx context.Context, d *daemon, name string, during time.Duration) error {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	answered := t.ask(asking, d)
	if err := wait(ctx, during); err != nil {
		return err
	}
	stop()
	took := <-answered
	if len(took) == 0 {
		return d.explain(errors.New("no call was answered"))
	}
	t.add(name+"/p50", milliseconds(percentile(took, 50)))
	t.add(name+"/p99", milliseconds(percentile(took, 99)))
	return nil
}

// ask calls getState a hundred times a second until ctx is done, and then sends the latencies.
func (t *turn) ask(ctx context.Context, d *daemon) <-chan []time.Duration {
	answered := make(chan []time.Duration, 1)
	go func() {
		var took []time.Duration
		defer func() { answered <- took }()
		if !d.isSupervisord() {
			return
		}
		c, err := d.dial(context.WithoutCancel(ctx), "supervisor.getState")
		if err != nil {
			return
		}
		defer c.conn.Close()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			from := time.Now()
			if _, err := c.call(); err != nil {
				return
			}
			took = append(took, time.Since(from))
		}
	}()
	return answered
}

// sizes measures idle daemons with other numbers of programs than a thousand.
func sizes(ctx context.Context, t *turn) error {
	for _, programs := range []int{100, 4000} {
		name := fmt.Sprintf("idle/%d", programs)
		if !t.wants(name+"/memory", name+"/switches") {
			continue
		}
		if err := t.idleOf(ctx, name, programs); err != nil {
			return err
		}
	}
	return nil
}

// untilTheLimit measures as many programs as the limit of open files allows: three descriptors for each, and some for the daemon.
func untilTheLimit(ctx context.Context, t *turn) (err error) {
	programs := (openFiles() - 300) / 3
	d, err := t.launch(ctx, load{programs: programs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	t.add("limit/programs", float64(len(d.alive)))
	t.add("limit/start", milliseconds(last(d.alive)-d.started))
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	r, err := t.observe(ctx, d)
	if err != nil {
		return err
	}
	t.add("limit/memory", r.memory)
	took, _, err := d.callRepeatedly(ctx, or(t.settings.quick, 300*time.Millisecond, 2*time.Second), 1, programs, "supervisor.getAllProcessInfo")
	if err != nil {
		return d.explain(err)
	}
	t.add("limit/getAllProcessInfo/p50", milliseconds(percentile(took, 50)))
	asked := now()
	exited, err := d.end(ctx)
	if err != nil {
		return err
	}
	t.add("limit/stop", milliseconds(exited-asked))
	return nil
}

// openFiles returns the hard limit of open files, but at most twenty thousand.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(limit.Max, 20_000))
}
