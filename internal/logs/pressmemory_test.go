package logs

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	gc "runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/rotation"
)

// mostMemory is what a compression may take, in bytes.
const mostMemory = 8 << 20

// held returns how much memory the program holds of the system, in bytes.
func held() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// writeLogOf writes a log of a size, of lines as programs write them.
func writeLogOf(tb testing.TB, path string, size int) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for n, i := 0, 0; n < size; i++ {
		k, _ := fmt.Fprintf(w, "2026-11-27 14:%02d:%02d,%03d web stdout | GET /page/%d?session=%x HTTP/1.1 status %d in %d ms\n", i/60%60, i%60, i%1000,
			i%977, i*2654435761, 200+i%5*100, i*7919%500)
		n += k
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// compressionMemory compresses a file and returns how much memory the program has held meanwhile, in addition, in bytes.
func compressionMemory(tb testing.TB, size int, c rotation.Compression) int64 {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "l")
	writeLogOf(tb, path+".1", size)
	gc.FreeOSMemory()
	before, most := held(), int64(0)
	over, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		sample := time.NewTicker(time.Millisecond)
		defer sample.Stop()
		for {
			most = max(most, held())
			select {
			case <-sample.C:
			case <-over:
				return
			}
		}
	}()
	r, err := openRow(Source{Path: path}, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.close()
	var p press
	err = p.compress(r, rotation.Name{Number: 1}, c, new(atomic.Bool))
	close(over)
	<-watched
	most = max(most, held()) // nothing of it is garbage yet
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := os.Stat(path + ".1" + rotation.Endings[c]); err != nil {
		tb.Fatal(err)
	}
	runtime.KeepAlive(&p)
	return most - before
}

// TestCompressionMemory compresses a file that is twenty times as long as the window.
func TestCompressionMemory(t *testing.T) {
	for _, c := range []rotation.Compression{rotation.Gzip, rotation.Zstd} {
		if n := compressionMemory(t, 20*zstdWindow, c); n > mostMemory {
			t.Errorf("%s takes %d bytes of memory", rotation.Endings[c], n)
		}
	}
}

// BenchmarkCompressionMemory reports the memory that the compression of 100 MB takes.
func BenchmarkCompressionMemory(b *testing.B) {
	for _, c := range []rotation.Compression{rotation.Gzip, rotation.Zstd} {
		b.Run(rotation.Endings[c][1:], func(b *testing.B) {
			most := int64(0)
			for b.Loop() {
				most = max(most, compressionMemory(b, 100_000_000, c))
			}
			b.ReportMetric(float64(most)/1e6, "MB")
		})
	}
}
