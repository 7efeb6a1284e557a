package process

import (
	"bytes"
	"path/filepath"
	"testing"
)

// BenchmarkChannel measures what a channel adds to the reading of its pipe, for chunks of a line and of a full pipe.
func BenchmarkChannel(b *testing.B) {
	for _, c := range []struct {
		name     string
		settings settings
	}{
		{"none", settings{}},
		{"file", settings{file: true}},
		{"strip", settings{strip: true}},
		{"capture", settings{capture: true}},
	} {
		for _, size := range []struct {
			name  string
			bytes int
		}{{"line", 100}, {"pipe", 64 << 10}} {
			b.Run(c.name+"/"+size.name, func(b *testing.B) {
				p, _ := c.settings.process("", filepath.Join(b.TempDir(), "log"))
				p.Config.Out.Log.MaxBytes = 64 << 20
				if err := p.out.open(); err != nil {
					b.Fatal(err)
				}
				sink, chunk := p.out.sink(), bytes.Repeat([]byte{'x'}, size.bytes)
				b.SetBytes(int64(size.bytes))
				b.ReportAllocs()
				for b.Loop() {
					sink.Write(chunk)
					if sink.Backpressure() != nil {
						b.Fatal("backpressure")
					}
				}
				p.out.setPID(7)
				p.out.close()
			})
		}
	}
}
