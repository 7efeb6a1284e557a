package output

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"
)

// discard is a target that counts.
type discard struct{ n int }

func (d *discard) Write(chunk []byte)          { d.n += len(chunk) }
func (d *discard) WriteRecords(records []byte) { d.n += len(records) }
func (d *discard) Room() int                   { return math.MaxInt }

// BenchmarkLines measures formats without reading and writing, for reads of a line and of a full pipe, with lines of 100 bytes.
func BenchmarkLines(b *testing.B) {
	names := &Names{Namespec: "workers:worker_01", Group: "workers", Process: "worker_01", Program: "worker", Channel: "stdout", PID: func() int { return 4711 }}
	text, err := NewTemplate(TextTemplate, names)
	if err != nil {
		b.Fatal(err)
	}
	line := append(bytes.Repeat([]byte("0123456789 "), 9), '\n')
	for _, format := range []struct {
		name string
		Format
	}{{"text", text}, {"json", &JSON{Names: names}}, {"whole", nil}} {
		for _, lines := range []int{1, 640} {
			b.Run(fmt.Sprintf("%s/%d", format.name, lines), func(b *testing.B) {
				target := &discard{}
				l := &Lines{Stamps: &Stamps{Now: time.Now}, Outputs: []*Output{{Target: target, Format: format.Format, Whole: true}}}
				chunk := bytes.Repeat(line, lines)
				b.SetBytes(int64(len(chunk)))
				b.ReportAllocs()
				for b.Loop() {
					l.Write(chunk)
				}
				if target.n < len(chunk) {
					b.Fatal("nothing was written")
				}
			})
		}
	}
}
