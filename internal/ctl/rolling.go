package ctl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// rolling is a restart of several processes, batch after batch. The next batch begins when all processes of this one are up.
type rolling struct {
	*Controller
	batch        string // as given
	size         int    // of a batch
	pause        time.Duration
	waitReady    bool
	readyTimeout time.Duration

	processes []rollingProcess
	begun     int // processes of the batches that have begun
	restarted int
	failed    int
	skipped   int // they were removed meanwhile
}

// rollingProcess is a process that is restarted.
type rollingProcess struct {
	spec string // with its group
	name string // as it is shown
}

// defaultReadyTimeout is the time that a batch has to become ready.
const defaultReadyTimeout = 5 * time.Minute

// takeRolling removes the options of a rolling restart from the arguments. It is nil if there is none of them.
func (c *Controller) takeRolling(args []string) (rest []string, r *rolling, err error) {
	r = &rolling{Controller: c, batch: "1", readyTimeout: defaultReadyTimeout}
	isRolling := false
	rest, err = parseFlags(args, map[string]func(string) error{
		"--batch": func(text string) (err error) { r.batch = text; _, err = batchSize(text, 1); return err },
		"--pause": func(text string) (err error) {
			if text != "0" {
				r.pause, err = parseTimeout(text)
			}
			return err
		},
		"--ready-timeout": func(text string) (err error) { r.readyTimeout, err = parseTimeout(text); return err },
	}, map[string]*bool{"--rolling": &isRolling, "--wait-ready": &r.waitReady})
	if err == nil && len(rest) == len(args) {
		return rest, nil, nil
	}
	return rest, r, err
}

// batchSize is the size of a batch of so many processes: a number, a percentage, which is rounded up, or all.
func batchSize(text string, processes int) (int, error) {
	if text == "all" {
		return processes, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil || n == 0 || percent && n > 100 {
		return 0, errors.New("bad batch " + text)
	}
	if percent {
		return max(1, (processes*int(n)+99)/100), nil
	}
	return int(n), nil
}

// run restarts the processes of the names that run.
func (r *rolling) run(names []string) error {
	ok, err := r.find(names)
	if !ok || err != nil {
		return err
	}
	r.size, _ = batchSize(r.batch, len(r.processes)) // it was parsed before
	interrupted, stop := r.notifyInterrupt()
	defer stop()
	for r.begun < len(r.processes) && r.failed == 0 && r.status == 0 {
		if r.begun > 0 && !r.rest(interrupted) {
			break
		}
		first := r.begun
		r.begun = min(len(r.processes), first+r.size)
		if err := r.restartBatch(first); err != nil {
			return err
		}
		r.out.Flush()
		if isClosed(interrupted) {
			break
		}
	}
	if r.restarted+r.skipped < len(r.processes) {
		r.println(fmt.Sprintf("rolling restart ended: %d of %d restarted, %d failed, %d not touched", r.restarted, len(r.processes),
			r.failed, len(r.processes)-r.begun))
		if r.status == 0 {
			r.status = exitGeneric // an interrupt
		}
	}
	return nil
}

// find finds the processes that run, in the order in which they start. It is not ok if a name is unknown.
func (r *rolling) find(names []string) (ok bool, err error) {
	all, err := r.server.AllProcessInfo(r.ctx)
	if err != nil {
		return false, err
	}
	wanted := map[string]bool{}
	for _, name := range names {
		found := all
		if name != "all" {
			if found, err = r.named(all, name); err != nil {
				return false, err
			}
		}
		for _, info := range found {
			wanted[info.Group+":"+info.Name] = true
		}
		if len(found) > 0 {
			continue
		}
		specs, known, err := r.expand(name)
		if err != nil {
			return false, err
		}
		if !known {
			r.reportNoMatch(name, r.out)
		}
		for _, spec := range specs {
			wanted[spec] = true
		}
	}
	if r.status != 0 {
		return false, nil
	}
	order, err := r.startOrder()
	if err != nil {
		return false, err
	}
	slices.SortStableFunc(all, func(a, b api.ProcessInfo) int { return order[a.Group+":"+a.Name] - order[b.Group+":"+b.Name] })
	for _, info := range all {
		name := api.Namespec(info.Group, info.Name)
		switch {
		case !wanted[info.Group+":"+info.Name]:
		case info.State.IsRunning():
			r.processes = append(r.processes, rollingProcess{info.Group + ":" + info.Name, name})
		default:
			r.println(name + ": not running")
		}
	}
	r.out.Flush()
	return true, nil
}

// startOrder returns the places of all processes in the order in which they start.
func (c *Controller) startOrder() (map[string]int, error) {
	infos, err := c.server.AllConfigInfo(c.ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(infos, func(a, b client.ConfigInfo) int {
		if d := a.GroupPriority - b.GroupPriority; d != 0 {
			return d
		}
		if d := strings.Compare(a.Group, b.Group); d != 0 {
			return d
		}
		if d := a.ProcessPriority - b.ProcessPriority; d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	order := map[string]int{}
	for i, info := range infos {
		order[info.Group+":"+info.Name] = i - len(infos) // others come last
	}
	return order, nil
}

// notifyInterrupt returns a channel that closes at the first interrupt, after which the present batch is the last. In the shell, and the
// second time, an interrupt ends the command.
func (r *rolling) notifyInterrupt() (interrupted <-chan struct{}, stop func()) {
	if r.shell {
		return r.ctx.Done(), func() {}
	}
	signals, closed, over := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, os.Interrupt)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			close(closed)
		case <-over:
		}
	}()
	return closed, func() {
		signal.Stop(signals)
		close(over)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// rest waits for the pause between two batches. It returns false if an interrupt ends it.
func (r *rolling) rest(interrupted <-chan struct{}) bool {
	if r.pause == 0 {
		return !isClosed(interrupted)
	}
	timer := time.NewTimer(r.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-interrupted:
	case <-r.ctx.Done():
	}
	return false
}

// batchState is a batch in progress.
type batchState struct {
	left  map[int]bool // processes that are being restarted
	ready map[int]bool // of the others: whether they are ready, as far as that is waited for
}

// restartBatch restarts the processes of a batch, all at once, and prints what becomes of them as it happens.
func (r *rolling) restartBatch(first int) error {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	results := make(chan restarted, r.begun-first)
	b := batchState{left: map[int]bool{}, ready: map[int]bool{}}
	for i := first; i < r.begun; i++ {
		b.left[i] = true
		go func() { results <- restarted{i, r.restartOne(ctx, r.processes[i].spec)} }()
	}
	var tick, late <-chan time.Time
	if r.waitReady {
		ticker, timer := time.NewTicker(pollInterval), time.NewTimer(r.readyTimeout)
		defer ticker.Stop()
		defer timer.Stop()
		tick, late = ticker.C, timer.C
	}
	for len(b.left) > 0 || slices.Contains(slices.Collect(maps.Values(b.ready)), false) {
		var err error
		select {
		case result := <-results:
			err = r.note(&b, result)
		case <-tick:
			err = r.poll(&b)
		case <-late:
			r.tooLate(&b)
			return nil
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
		if err != nil {
			return err
		}
		r.out.Flush()
	}
	for _, ready := range b.ready {
		if ready {
			r.restarted++
		}
	}
	return nil
}

// restarted is the end of the restart of a process.
type restarted struct {
	index int
	err   error
}

// restartOne restarts a process and returns when it is RUNNING. A server without that method has it stopped and started.
func (r *rolling) restartOne(ctx context.Context, spec string) error {
	_, err := r.server.RestartProcess(ctx, spec, true)
	if faultCode(err) != api.UnknownMethod {
		return err
	}
	if _, err := r.server.StopProcess(ctx, spec, true); err != nil && faultCode(err) != api.NotRunning {
		return err
	}
	_, err = r.server.StartProcess(ctx, spec, true)
	return err
}

// note prints what has become of a process. What is no failure of the process is returned.
func (r *rolling) note(b *batchState, result restarted) error {
	delete(b.left, result.index)
	name := r.processes[result.index].name
	switch code := faultCode(result.err); {
	case result.err == nil:
		r.println(name + ": stopped")
		r.println(name + ": started")
		b.ready[result.index] = !r.waitReady
		return nil
	case code == api.BadName: // it was removed meanwhile
		r.skipped++
		return nil
	case code == 0 || code == api.ShutdownState:
		return result.err
	case code == api.SpawnError || code == api.AbnormalTermination:
		r.println(name + ": stopped")
		fallthrough
	default:
		r.failed++
		if err := r.printResult(r.failureOperation(), name, code, faultText(result.err)); err != nil {
			return err
		}
		r.status = exitNotRunning
		return nil
	}
}

// failureOperation has the texts for faults of restarts.
func (r *rolling) failureOperation() operation {
	op := r.startOperation(true)
	op.detailed = true
	return op
}

func faultText(err error) string {
	var fault *client.Fault
	if errors.As(err, &fault) {
		return fault.Text
	}
	return ""
}

// poll finds out which processes are ready by now, and which have failed since they were RUNNING.
func (r *rolling) poll(b *batchState) error {
	if len(b.ready) == 0 {
		return nil
	}
	infos, err := r.server.AllProcessInfo(r.ctx)
	if err != nil {
		return err
	}
	bySpec := map[string]*api.ProcessInfo{}
	for i := range infos {
		bySpec[infos[i].Group+":"+infos[i].Name] = &infos[i]
	}
	for _, i := range slices.Sorted(maps.Keys(b.ready)) {
		p := r.processes[i]
		info := bySpec[p.spec]
		switch problem := rollingProblem(info); {
		case info == nil:
			r.skipped++
			delete(b.ready, i)
		case problem != "":
			r.println(p.name + ": ERROR (" + problem + ")")
			r.failed++
			r.status = exitNotRunning
			delete(b.ready, i)
		case !b.ready[i] && meets(info, ready) && meets(info, healthy):
			r.println(p.name + ": ready")
			b.ready[i] = true
		}
	}
	return nil
}

// rollingProblem is why a process that was RUNNING is not going to be ready, empty if it may be.
func rollingProblem(info *api.ProcessInfo) string {
	switch {
	case info == nil || info.State == api.Starting:
		return ""
	case info.State != api.Running:
		return "abnormal termination"
	case info.More != nil && info.More.Health == "unhealthy":
		return strings.TrimSuffix("unhealthy: "+info.More.HealthText, ": ")
	}
	return ""
}

// tooLate ends a batch that is not ready in time.
func (r *rolling) tooLate(b *batchState) {
	maps.Copy(b.ready, b.left)
	for _, i := range slices.Sorted(maps.Keys(b.ready)) {
		switch {
		case b.ready[i] && !b.left[i]:
			r.restarted++
		default:
			r.println(r.processes[i].name + ": ERROR (not ready after " + r.readyTimeout.String() + ")")
			r.failed++
		}
	}
	r.status = exitTimedOut
}
