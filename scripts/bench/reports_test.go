package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func openTestReports(t *testing.T) (*reports, *os.File) {
	t.Helper()
	dir := t.TempDir()
	r, err := openReports(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.fifo.Close() })
	w, err := os.OpenFile(filepath.Join(dir, fifoName), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return r, w
}

func TestReports(t *testing.T) {
	r, w := openTestReports(t)
	for _, piece := range []string{"12 1000\n13 30", "00\n14 2000\n"} {
		if _, err := w.WriteString(piece); err != nil {
			t.Fatal(err)
		}
	}
	first, err := r.await(t.Context(), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"12 1µs", "13 3µs"}, texts(first)); diff != "" {
		t.Errorf("first two (-want +got)\n%s", diff)
	}
	if at := last(first); at != 3*time.Microsecond {
		t.Errorf("the latest is of %v", at)
	}
	rest, err := r.await(t.Context(), 1, nil)
	if diff := cmp.Diff([]string{"14 2µs"}, texts(rest)); diff != "" || err != nil {
		t.Errorf("the third: %v (-want +got)\n%s", err, diff)
	}
}

func TestReportsEndEarly(t *testing.T) {
	r, w := openTestReports(t)
	exited := make(chan struct{})
	close(exited)
	if _, err := r.await(t.Context(), 1, exited); !errors.Is(err, errDaemonExited) {
		t.Errorf("the daemon has exited: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.await(ctx, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := w.WriteString("nonsense\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.await(t.Context(), 1, nil); err == nil {
		t.Error("nonsense was taken for a report")
	}
}

func texts(all []report) []string {
	var lines []string
	for _, r := range all {
		lines = append(lines, strconv.Itoa(r.pid)+" "+r.at.String())
	}
	return lines
}
